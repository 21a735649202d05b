//! What an application is as a bindle.

use bowline_app::invoice::Invoice;
use bowline_app::{Application, BindleId, Bundle, PackError, RECORD_MEDIA_TYPE, SPIN_MEDIA_TYPE};

use crate::support::{Folder, WASM, one_component};

fn pack(application: &Application) -> Result<Bundle, PackError> {
    let id = BindleId::new(application.name(), application.revision_version().clone()).unwrap();
    Bundle::pack(application, id)
}

fn manifest(bundle: &Bundle) -> String {
    let content = bundle
        .contents()
        .iter()
        .find(|content| content.media_type() == SPIN_MEDIA_TYPE)
        .unwrap();
    String::from_utf8(content.read().unwrap()).unwrap()
}

const TWO: &str = r#"
spin_manifest_version = 2
[application]
name = "two"
version = "1.0.0"
authors = ["A"]
[variables]
greeting = { default = "hi" }
[[trigger.http]]
route = "/b/..."
component = "b"
[[trigger.http]]
route = "/a"
component = "a"
executor = { type = "http" }
[component.b]
source = "out/hello.wasm"
files = ["static/*"]
allowed_outbound_hosts = ["https://a.com", "http://a.com", "redis://r:6379"]
key_value_stores = ["default"]
[component.a]
source = "out/hello.wasm"
description = "first"
files = ["static/s.css", { source = "static/s.css", destination = "/copy.css" }]
environment = { B = "2", A = "1" }
variables = { text = "{{ greeting }}!" }
[component.idle]
source = "out/idle.wasm"
"#;

fn two() -> Folder {
    let folder = Folder::with(TWO);
    folder.write("out/hello.wasm", WASM);
    folder.write("out/idle.wasm", b"\0asm\x01\0\0\0");
    folder.write("static/s.css", b"css");
    folder.write("static/index.html", b"html");
    folder
}

#[test]
fn the_manifest_is_the_one_that_spin_1_reads() {
    let bundle = pack(&two().load().unwrap()).unwrap();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, { insta::assert_snapshot!("spin-1-manifest", manifest(&bundle)); });
    assert_eq!(bundle.warnings(), [""; 0]);
}

#[test]
fn the_invoice_lists_the_contents_of_each_component_in_order() {
    let folder = two();
    let application = folder.load().unwrap();
    let bundle = pack(&application).unwrap();
    let text = bundle.invoice().to_toml().unwrap();
    assert_eq!(Invoice::from_toml(&text).unwrap(), *bundle.invoice());
    assert!(!text.contains('\r'));
    let names: Vec<_> = bundle
        .invoice()
        .parcel
        .iter()
        .map(|parcel| {
            let groups = parcel
                .conditions
                .as_ref()
                .and_then(|conditions| conditions.member_of.clone());
            format!(
                "{} {} {}",
                parcel.label.name,
                parcel.label.media_type,
                groups.unwrap_or_default().join("+")
            )
        })
        .collect();
    let contents: Vec<_> = bundle
        .contents()
        .iter()
        .map(|content| content.digest().to_string())
        .collect();
    assert_eq!(contents.len(), 6, "two generated, two binaries, two files");
    assert_eq!(
        names,
        [
            format!("spin.{}.toml {SPIN_MEDIA_TYPE} ", contents[0]),
            format!("application.{}.json {RECORD_MEDIA_TYPE} ", contents[1]),
            "a.wasm application/wasm ".to_owned(),
            "b.wasm application/wasm ".to_owned(),
            "idle.wasm application/wasm ".to_owned(),
            "copy.css text/css files-a".to_owned(),
            "static/s.css text/css files-a".to_owned(),
            "static/index.html text/html files-b".to_owned(),
            "static/s.css text/css files-b".to_owned(),
        ]
    );
    let groups: Vec<_> = bundle
        .invoice()
        .group
        .iter()
        .map(|group| group.name.as_str())
        .collect();
    assert_eq!(groups, ["files-a", "files-b", "files-idle"]);
    assert_eq!(bundle.invoice().bindle.version, application.revision());
    for parcel in &bundle.invoice().parcel {
        let content = bundle
            .contents()
            .iter()
            .find(|content| content.digest().to_string() == parcel.label.sha256)
            .unwrap();
        assert_eq!(content.size(), parcel.label.size);
    }
    let again = pack(&two().load().unwrap()).unwrap();
    assert_eq!(
        again.invoice().to_toml().unwrap(),
        text,
        "the same content in another folder"
    );
}

#[test]
fn an_invoice_of_one_component_is_as_small_as_can_be() {
    let application = Folder::with(&one_component("")).load().unwrap();
    let text = pack(&application).unwrap().invoice().to_toml().unwrap();
    let settings = [
        (r"[0-9a-f]{64}", "<sha>"),
        (r"\+q[0-9a-f]{16}", "+q<16>"),
        (r"size = \d{3}", "size = <n>"),
    ];
    insta::with_settings!({ filters => settings, prepend_module_to_snapshot => false, omit_expression => true }, { insta::assert_snapshot!("invoice", text); });
}

#[test]
fn what_spin_1_lacks_is_named_with_its_place() {
    let two_triggers = one_component("").replace(
        "[component.hello]",
        "[[trigger.http]]\nroute = \"/b\"\ncomponent = \"hello\"\n\n[component.hello]",
    );
    let mixed = two_triggers.replacen(
        "[[trigger.http]]\nroute = \"/b\"",
        "[[trigger.redis]]\nchannel = \"c\"",
        1,
    );
    let private = one_component("").replace("\"/...\"", "{ private = true }");
    let hosts = one_component("allowed_outbound_hosts = [\"https://*.a.com\"]");
    let idle = one_component("").replace(
        "[[trigger.http]]\nroute = \"/...\"\ncomponent = \"hello\"\n",
        "",
    );
    for (manifest, line, said) in [
        (
            two_triggers,
            Some(11),
            "components with several triggers (`hello`)",
        ),
        (
            mixed,
            Some(11),
            "applications with triggers of several kinds (`http` and `redis`)",
        ),
        (private, Some(8), "private routes (component `hello`)"),
        (
            hosts,
            Some(13),
            "way to allow the host `https://*.a.com` (component `hello`)",
        ),
        (idle, None, "applications without triggers"),
    ] {
        let error = pack(&Folder::with(&manifest).load().unwrap()).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with(&format!("Spin 1.x, which Hippo runs, has no {said}")),
            "{error}"
        );
        assert_eq!(
            error.location().map(|location| location.line),
            line,
            "{error}"
        );
        assert!(error.hint().is_some());
    }
}

#[test]
fn dots_in_a_file_name_are_refused_for_old_readers() {
    let folder = Folder::with(&one_component("files = [\"s/*\"]"));
    folder.write("s/a..b.txt", b"");
    let error = pack(&folder.load().unwrap()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("files with `..` in their name (`s/a..b.txt`"),
        "{error}"
    );
}

#[test]
fn hosts_that_hippo_widens_are_told() {
    let folder = Folder::with(&one_component(
        "allowed_outbound_hosts = [\"https://a.com\"]",
    ));
    let bundle = pack(&folder.load().unwrap()).unwrap();
    assert_eq!(
        bundle.warnings(),
        [
            "on Hippo, component `hello` may also call `http://a.com`: Spin 1.x allows hosts, not schemes"
        ]
    );
    assert!(manifest(&bundle).contains("allowedHttpHosts = [\"a.com\"]"));
}

#[test]
fn where_a_binary_was_built_is_no_part_of_the_bindle() {
    let here = Folder::with(&one_component(""));
    let there = Folder::with(&one_component("").replace("hello.wasm", "out/wasip2/hello.wasm"));
    there.write("out/wasip2/hello.wasm", WASM);
    let [here, there] = [here, there].map(|folder| folder.load().unwrap());
    assert_eq!(here.revision(), there.revision());
    // A server keeps a revision's first invoice, and refuses another one under its name.
    assert_eq!(
        pack(&here).unwrap().invoice(),
        pack(&there).unwrap().invoice()
    );
}
