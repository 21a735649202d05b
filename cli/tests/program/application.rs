//! Applications that can't be deployed: found before any server is asked.

use crate::support::{EMPTY_MODULE, Ended, HANDLERS, SERVERS, World, component};

fn refused(world: &World, arguments: &[&str]) -> Ended {
    let arguments = [&["deploy"], arguments].concat();
    let ended = world.run(&arguments, SERVERS);
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(3), ""),
        "{}",
        ended.stderr
    );
    ended
}

#[test]
fn there_is_no_manifest() {
    let ended = refused(&World::new(), &[]);
    insta::assert_snapshot!(ended.stderr, @r"
    Reading the application
    error: there is no Spin manifest at `./spin.toml`
    hint: give the folder of the application, or its spin.toml, with `--from`
    ");
}

#[test]
fn the_folder_does_not_exist() {
    let ended = refused(&World::new(), &["-f", "nowhere"]);
    insta::assert_snapshot!(ended.stderr, @r"
    Reading the application
    error: there is no Spin manifest at `nowhere`
    hint: give the folder of the application, or its spin.toml, with `--from`
    ");
}

#[test]
fn the_manifest_is_broken() {
    let world = World::with_application();
    world.write(
        "spin.toml",
        "spin_manifest_version = 2\n[application\nname = \"shop\"\n",
    );
    insta::assert_snapshot!(refused(&world, &[]).stderr, @r"
    error: ./spin.toml:2:13: not valid TOML: unclosed table, expected `]`
      2 | [application
        |             ^
    ");
}

#[test]
fn the_manifest_holds_something_of_another_type() {
    let world = World::with_application();
    let manifest = std::fs::read_to_string(world.path().join("spin.toml")).unwrap();
    world.write(
        "spin.toml",
        manifest.replace("route = \"/...\"", "route = 5"),
    );
    insta::assert_snapshot!(refused(&world, &["-f", "spin.toml"]).stderr, @r#"
    Reading the application
    error: spin.toml:6:9: `route` is an integer: expected a path such as "/...", or { private = true }
      6 | route = 5
        |         ^
    "#);
}

#[test]
fn a_component_was_not_built() {
    let world = World::with_application();
    std::fs::remove_file(world.path().join("front.wasm")).unwrap();
    insta::assert_snapshot!(refused(&world, &[]).stderr, @r#"
    Reading the application
    error: ./spin.toml:9:10: component `front` is not built: there is no file `./front.wasm`
      9 | source = "front.wasm"
        |          ^^^^^^^^^^^^
    hint: run `spin build`, or check the component's `source`
    "#);
}

#[test]
fn a_component_is_not_wasm() {
    let world = World::with_application();
    world.write("front.wasm", "not wasm at all");
    insta::assert_snapshot!(refused(&world, &[]).stderr, @r#"
    Reading the application
    error: ./spin.toml:9:10: the source of component `front`, `./front.wasm`, is not a WebAssembly binary
      9 | source = "front.wasm"
        |          ^^^^^^^^^^^^
    hint: build it again with `spin build`, or check the component's `source`
    "#);
}

#[test]
fn the_platform_can_not_run_its_trigger() {
    let world = World::with_application();
    let manifest = std::fs::read_to_string(world.path().join("spin.toml")).unwrap();
    let manifest = manifest.replace(
        "[[trigger.http]]\nroute = \"/...\"",
        "[[trigger.redis]]\nchannel = \"c\"",
    );
    world.write("spin.toml", manifest);
    insta::assert_snapshot!(refused(&world, &[]).stderr, @r"
    Reading the application
    error: ./spin.toml:5:1: the application has a trigger of type 'redis', which the target 'hippo' can't run
      5 | [[trigger.redis]]
        | ^^^^^^^^^^^^^^^^^
    hint: it runs: http
    ");
}

/// An application with many faults.
fn faulty() -> World {
    let world = World::new();
    world.write(
        "spin.toml",
        r#"spin_manifest_version = 2

[application]
name = "shop"
version = "1.2.0"

[[trigger.http]]
route = "/..."
component = "front"

[[trigger.http]]
route = "/again"
component = "front"

[[trigger.http]]
route = { private = true }
component = "store"

[[trigger.redis]]
channel = "orders"
component = "old"

[[trigger.http]]
route = "/robots.txt"
static_response = { status_code = 404 }

[component.front]
source = "front.wasm"
allowed_outbound_hosts = [
    "https://api.example.com",
    "https://*.example.com",
]

[component.store]
source = "store.wasm"

[component.old]
source = "old.wasm"
"#,
    );
    world.write(
        "front.wasm",
        component(
            &[
                "acme:secrets/vault@1.0.0",
                "wasi:http/types@0.2.6",
                "wasi:io/streams@0.2.6",
            ],
            &["wasi:http/incoming-handler@0.2.6"],
        ),
    );
    world.write(
        "store.wasm",
        component(&["fermyon:spin/key-value@2.0.0"], &["wasi:cli/run@0.2.0"]),
    );
    world.write("old.wasm", EMPTY_MODULE);
    world
}

#[test]
fn all_that_the_platform_can_not_run_is_told_at_once() {
    let world = faulty();
    insta::assert_snapshot!(refused(&world, &[]).stderr);
}

#[test]
fn a_plan_is_refused_the_same_way() {
    let world = faulty();
    let planned = world.run(&["plan"], SERVERS);
    assert_eq!((planned.code, planned.stdout.as_str()), (Some(3), ""));
    assert_eq!(planned.stderr, refused(&world, &[]).stderr);
}

#[test]
fn a_platform_that_is_known_is_not_guessed_at() {
    let world = World::with_application();
    let run = |imports: &[&str], engine: &str| {
        world.write("front.wasm", component(imports, HANDLERS));
        let variables = [SERVERS, &[("HIPPO_ENGINE", engine)]].concat();
        let ended = world.run(&["deploy"], &variables);
        (ended.code, ended.stderr)
    };
    for (import, engine) in [
        ("wasi:http/types@0.2.6", "spin"),
        ("fermyon:spin/key-value@2.0.0", "bowline"),
    ] {
        let (code, said) = run(&[import], engine);
        assert_eq!(code, Some(3));
        let expected = format!(
            "Reading the application\n\
             error: ./spin.toml:9:1: component `front` imports {import}\n\
             \x20 9 | source = \"front.wasm\"\n\
             \x20   | ^^^^^^\n\
             hint: the platform has no such interface: build the component without it, or deploy to one that has it\n"
        );
        assert_eq!(said, expected);
    }
    // There is no login; the application is not what is wrong.
    let (code, said) = run(&["wasi:http/types@0.2.6"], "bowline");
    assert_ne!(code, Some(3), "{said}");
    assert!(!said.contains("warning"), "{said}");
    let (code, said) = run(&["wasi:http/types@0.2.6"], "");
    assert_ne!(code, Some(3), "{said}");
    let warning = said.lines().find(|line| line.starts_with("warning"));
    assert_eq!(
        warning,
        Some(
            "warning: the application runs only on a platform that reads Bowline's record of the application, as `bowline local` \
             does: component `front` imports wasi:http/types@0.2.6 (./spin.toml:9:1)"
        )
    );
}
