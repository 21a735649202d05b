//! What manifests of both versions mean.

use crate::support::{Folder, one_component};

const V1: &str = r#"
spin_version = "1"
name = "Hello_World"
version = "0.1.0+b"
description = "says hello"
authors = ["A <a@example.com>"]
trigger = { type = "http", base = "/base" }

[variables]
host = { default = "example.com", secret = true }
token = { required = true, description = "for the API" }

[[component]]
id = "hello_1"
source = "hello.wasm"
description = "greets"
files = [{ source = "static", destination = "/" }]
exclude_files = ["static/*.map"]
allowed_http_hosts = ["b.com:8080", "a.com", "self"]
key_value_stores = ["default"]
sqlite_databases = ["db"]
ai_models = ["llama2-chat"]
environment = { B = "2", A = "1" }
config = { url = "https://{{ host }}" }
[component.trigger]
route = "/hello/..."
executor = { type = "wagi" }
[component.build]
command = ["a", "b"]
workdir = "x"
watch = ["src/**"]
"#;

#[test]
fn version_one_is_read_whole() {
    let folder = Folder::with(V1);
    folder.write("static/index.html", b"");
    folder.write("static/a.map", b"");
    let application = folder.load().unwrap();
    assert_eq!(application.name(), "Hello_World");
    assert_eq!(application.version().to_string(), "0.1.0+b");
    assert_eq!(
        application.revision(),
        format!("0.1.0+b.q{}", &application.digest().to_string()[..16])
    );
    assert_eq!(application.description(), Some("says hello"));
    assert_eq!(application.authors(), ["A <a@example.com>"]);
    let component = &application.components()[0];
    assert_eq!(
        component.id, "hello-1",
        "as Spin makes it an id of version 2"
    );
    assert_eq!(component.files.len(), 1);
    assert_eq!(
        component.allowed_outbound_hosts,
        [
            "http://a.com",
            "http://b.com:8080",
            "http://self",
            "https://a.com",
            "https://b.com:8080",
            "mysql://*:*",
            "postgres://*:*",
            "redis://*:*"
        ]
    );
    assert_eq!(
        application.warnings(),
        [
            "manifest version 1 lets `hello-1` call every Redis, MySQL and PostgreSQL server (`redis://*:*`, `mysql://*:*`, `postgres://*:*`); add `allowed_outbound_hosts`, if only an empty list, to narrow it"
        ]
    );
    assert_eq!(component.environment.len(), 2);
    assert_eq!(component.variables["url"], "https://{{ host }}");
    let trigger = &application.triggers()[0];
    assert_eq!(
        (trigger.kind.as_str(), trigger.route.as_deref()),
        ("http", Some("/hello/..."))
    );
    assert_eq!(
        trigger.config.to_string(),
        r#"{"component":"hello-1","executor":{"type":"wagi"},"route":"/hello/..."}"#
    );
    assert_eq!(application.routes()[0].pattern, "/base/hello/...");
    let secret: Vec<_> = application
        .variables()
        .iter()
        .map(|variable| (variable.secret, variable.required))
        .collect();
    assert_eq!(secret, [(true, false), (false, true)]);
}

#[test]
fn outbound_hosts_in_version_one_are_taken_as_they_are() {
    let folder = Folder::with(&V1.replace(
        "key_value_stores",
        "allowed_outbound_hosts = [\"redis://r:6379\"]\nkey_value_stores",
    ));
    folder.write("static/index.html", b"");
    let application = folder.load().unwrap();
    assert_eq!(
        application.components()[0]
            .allowed_outbound_hosts
            .last()
            .unwrap(),
        "redis://r:6379"
    );
    assert_eq!(application.warnings(), [""; 0]);
}

#[test]
fn version_two_keeps_triggers_of_all_kinds() {
    let manifest = r#"
spin_manifest_version = 2
[application]
name = "many"
version = "1.0.0"
targets = ["spin-up:3.3"]
[application.trigger.redis]
address = "redis://localhost"
[application.tool.bowline]
anything = { at = ["all"] }
[[trigger.redis]]
component = "worker"
channel = "jobs"
[[trigger.http]]
id = "front"
route = "/:user/..."
component = "web"
executor = { type = "http" }
[[trigger.http]]
route = { private = true }
component = "worker"
[[trigger.cron]]
component = "worker"
schedule = { every = 5, at = 1979-05-27 }
[component.worker]
source = "hello.wasm"
[component.web]
source = "hello.wasm"
allowed_outbound_hosts = ["https://a.com", "*://{{ host }}:*"]
[component.idle]
source = "hello.wasm"
tool.x = { y = 1 }
[variables]
host = { default = "" }
"#;
    let application = Folder::with(manifest).load().unwrap();
    let ids: Vec<_> = application
        .components()
        .iter()
        .map(|component| component.id.as_str())
        .collect();
    assert_eq!(ids, ["idle", "web", "worker"]);
    let triggers: Vec<_> = application
        .triggers()
        .iter()
        .map(|trigger| trigger.config.to_string())
        .collect();
    assert_eq!(
        triggers,
        [
            r#"{"component":"worker","schedule":{"at":"1979-05-27","every":5}}"#,
            r#"{"component":"web","executor":{"type":"http"},"id":"front","route":"/:user/..."}"#,
            r#"{"component":"worker","route":{"private":true}}"#,
            r#"{"channel":"jobs","component":"worker"}"#,
        ]
    );
    assert_eq!(application.triggers()[1].id.as_deref(), Some("front"));
    assert_eq!(
        application.routes().len(),
        1,
        "private routes are not public"
    );
    assert_eq!(
        application.trigger_settings()["redis"]["address"],
        "redis://localhost"
    );
    assert_eq!(
        application.warnings(),
        ["component `idle` has no trigger, so nothing runs it"]
    );
    assert_eq!(
        application.contents().len(),
        1,
        "one binary, used three times"
    );
}

#[test]
fn the_manifest_itself_can_be_named() {
    let folder = Folder::with(&one_component(""));
    let other = folder.write(
        "other.toml",
        one_component("description = \"x\"").as_bytes(),
    );
    let application = bowline_app::Application::load(&other).unwrap();
    assert_eq!(
        application.components()[0].description.as_deref(),
        Some("x")
    );
    assert_eq!(application.manifest(), other);
    assert_ne!(application.digest(), folder.load().unwrap().digest());
}

#[test]
fn an_application_without_a_version_has_the_lowest_one() {
    // Spin takes both forms of saying nothing.
    for version in ["", "version = \"\"\n"] {
        let text = one_component("").replace("version = \"1.0.0\"\n", version);
        let application = Folder::with(&text).load().unwrap();
        assert_eq!(application.version().to_string(), "0.0.0");
        assert!(application.revision().starts_with("0.0.0+q"));
    }
    let wrong = Folder::with(&one_component("").replace("1.0.0", "1.0"));
    assert!(wrong.error().contains("expected a semantic version"));
}

#[test]
fn routes_are_those_that_spin_understands() {
    let with = |route: &str| Folder::with(&one_component("").replace("/...", route));
    for route in ["/a/...", "/:user/...", "/a.b", "/a..b", "..."] {
        assert!(with(route).load().is_ok(), "{route}");
    }
    for route in ["/a...", "/...a", "/a/*", "/*", "/a/.../b", "/:"] {
        let said = with(route).error();
        assert!(said.contains("spin.toml:8:9: the route"), "{said}");
    }
}

#[test]
fn windows_line_ends_mean_the_same() {
    let text = one_component(
        "description = \"\"\"one\ntwo\"\"\"\nenvironment = { A = 'x', B = \"\"\"\nthree\nfour\"\"\" }",
    );
    let unix = Folder::with(&text).load().unwrap();
    let windows = Folder::with(&text.replace('\n', "\r\n")).load().unwrap();
    assert_eq!(unix.digest(), windows.digest());
}
