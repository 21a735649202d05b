//! Where binaries may come from.

use std::collections::BTreeMap;

use bowline_app::{Application, Digest, Fault, Limits, Manifest, tool_table};

use crate::support::{Folder, WASM, one_component};

/// An application in a folder of its own inside of another, as in a workspace.
fn member(source: &str) -> Folder {
    let folder = Folder::new();
    let manifest = one_component("").replace("\"hello.wasm\"", &format!("{source:?}"));
    folder.write("member/spin.toml", manifest.as_bytes());
    folder.write("target/hello.wasm", WASM);
    folder
}

fn load(folder: &Folder) -> Result<Application, bowline_app::LoadError> {
    Application::load(&folder.path().join("member"))
}

#[test]
fn a_binary_may_lie_above_the_folder() {
    let folder = member("../target/hello.wasm");
    let application = load(&folder).unwrap();
    assert_eq!(
        application.components()[0].source.digest(),
        Digest::of(WASM)
    );
    // Where it lies is no part of what is deployed.
    let inside = Folder::with(&one_component("")).load().unwrap();
    assert_eq!(application.digest(), inside.digest());
    let absolute = member(folder.path().join("target/hello.wasm").to_str().unwrap());
    assert_eq!(load(&absolute).unwrap().digest(), inside.digest());
}

#[test]
fn files_may_not_even_where_a_binary_may() {
    let folder = Folder::new();
    let manifest = one_component("files = [\"../target/*\"]")
        .replace("\"hello.wasm\"", "\"../target/hello.wasm\"");
    folder.write("member/spin.toml", manifest.as_bytes());
    folder.write("target/hello.wasm", WASM);
    let error = load(&folder).unwrap_err();
    assert!(matches!(error.fault(), Fault::Outside { .. }), "{error}");
}

#[test]
fn nothing_but_webassembly_is_taken_from_outside() {
    let folder = member("../target/secret");
    folder.write("target/secret", b"do not tell");
    let error = load(&folder).unwrap_err();
    assert!(matches!(error.fault(), Fault::NotWasm { .. }), "{error}");
    assert!(!folder.render(&error).contains("do not tell"));
    for special in ["/dev/zero", "/proc/self/environ", "/proc/self/maps"] {
        if std::fs::exists(special).unwrap() {
            let error = load(&member(special)).unwrap_err();
            assert!(matches!(error.fault(), Fault::NotWasm { .. }), "{error}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leaves_is_refused_and_one_on_the_way_is_not() {
    let link = |folder: &Folder, to: &str, name: &str| {
        std::os::unix::fs::symlink(to, folder.path().join(name)).unwrap();
    };
    let folder = member("hello.wasm");
    link(&folder, "../target/hello.wasm", "member/hello.wasm");
    let error = load(&folder).unwrap_err();
    assert!(matches!(error.fault(), Fault::Outside { .. }), "{error}");

    // A folder for all builds on another disk is nothing unusual.
    let folder = member("../build/hello.wasm");
    link(&folder, "target", "build");
    load(&folder).unwrap();

    let folder = member("other.wasm");
    folder.write("member/hello.wasm", WASM);
    link(&folder, "hello.wasm", "member/other.wasm");
    load(&folder).unwrap();
}

#[test]
fn finished_binaries_take_the_place_of_what_the_manifest_names() {
    let folder = Folder::with(&one_component("dependencies.\"a:b\" = \"1\""));
    let finished = folder.write("elsewhere/finished.wasm", b"\0asm\x0d\0\x01\0composed");
    let manifest = Manifest::open(folder.path(), None).unwrap();
    let assemble = |id: &str, path: &std::path::Path| {
        let binaries = BTreeMap::from([(id.to_owned(), path.to_owned())]);
        Application::assemble(&manifest, &binaries, &Limits::default())
    };
    let application = assemble("hello", &finished).unwrap();
    let source = &application.components()[0].source;
    assert_eq!(source.read().unwrap(), b"\0asm\x0d\0\x01\0composed");

    let error = assemble("hallo", &finished).unwrap_err();
    assert!(
        matches!(error.fault(), Fault::UnknownComponent { .. }),
        "{error}"
    );
    let error = assemble("hello", &folder.path().join("spin.toml")).unwrap_err();
    assert!(matches!(error.fault(), Fault::NotWasm { .. }), "{error}");
    let error = assemble("hello", &folder.path().join("nothing")).unwrap_err();
    assert!(matches!(error.fault(), Fault::Unreadable { .. }), "{error}");
    let error = folder.load().unwrap_err();
    assert!(matches!(error.fault(), Fault::Unresolved { .. }), "{error}");
}

#[test]
fn a_component_that_only_others_need_is_not_deployed() {
    let text = one_component(
        "dependencies.\"a:b\" = { component = \"part\" }\n[component.part]\nsource = \"part.wasm\"",
    );
    let folder = Folder::with(&text);
    folder.write("part.wasm", WASM);
    let manifest = Manifest::open(folder.path(), None).unwrap();
    assert_eq!(manifest.warnings(), [""; 0]);
    let binaries = BTreeMap::from([("hello".to_owned(), folder.path().join("hello.wasm"))]);
    let application = Application::assemble(&manifest, &binaries, &Limits::default()).unwrap();
    let ids: Vec<_> = application
        .components()
        .iter()
        .map(|component| &component.id)
        .collect();
    assert_eq!(ids, ["hello"]);
}

#[test]
fn places_are_those_of_the_manifest() {
    let text = one_component(
        "sqlite_databases = [\"default\"]\nallowed_outbound_hosts = [\n  \"https://a.com\",\n  \"https://b.com\",\n]",
    );
    let application = Folder::with(&text).load().unwrap();
    let component = &application.components()[0];
    assert_eq!(component.location().line, 11);
    assert_eq!(component.location_of("sqlite_databases").line, 13);
    assert_eq!(
        component.location_of("ai_models").line,
        11,
        "there is no such key"
    );
    assert_eq!(component.host_location("https://b.com").line, 16);
    let trigger = &application.triggers()[0];
    assert_eq!(trigger.location().line, 7);
    assert_eq!(trigger.location_of("component").line, 9);
}

#[test]
fn a_tools_table_is_read_whatever_the_rest_is() {
    let read = |text: &str| tool_table(Folder::with(text).path(), "bowline");
    let text = "nonsense = 1\n[application.tool.bowline]\nenvironment = \"staging\"\nlist = [1, { a = 2 }]\n";
    let table = read(text).unwrap().unwrap();
    assert_eq!(table["environment"].as_str(), Some("staging"));
    assert_eq!(table["list"][1]["a"].as_integer(), Some(2));
    for absent in [
        "",
        "[application]\nname = \"a\"",
        "[application.tool.other]\n[tool.bowline]",
    ] {
        assert!(read(absent).unwrap().is_none(), "{absent}");
    }
    for wrong in [
        "application = 1",
        "application.tool.bowline = \"x\"",
        "application.tool = []",
    ] {
        let error = read(wrong).unwrap_err();
        assert!(matches!(error.fault(), Fault::WrongType { .. }), "{error}");
    }
    assert!(matches!(
        read("a = ").unwrap_err().fault(),
        Fault::Syntax(_)
    ));
    assert!(matches!(
        tool_table(Folder::new().path(), "bowline")
            .unwrap_err()
            .fault(),
        Fault::NoManifest { .. }
    ));
}

#[test]
fn all_faults_of_a_manifest_are_told_in_order() {
    let text = one_component(
        "zzz = 1\nvariables = { A = \"\" }\nallowed_outbound_hosts = [\"a\", \"https://b\", \"c\"]\n[component.other]\nsuorce = \"\"",
    );
    let error = Folder::with(&text).load().unwrap_err();
    let lines: Vec<_> = std::iter::once(&error)
        .chain(error.others())
        .map(|error| error.location().unwrap().line)
        .collect();
    assert_eq!(lines, [13, 14, 15, 15, 16, 17]);
    let many: String = (0..100).map(|number| format!("k{number} = 1\n")).collect();
    let error = Folder::with(&one_component(&many)).load().unwrap_err();
    assert_eq!(error.others().len(), 19, "more would only scroll away");
}
