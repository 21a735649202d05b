//! Applications that can't be deployed: found before any server is asked.

use crate::support::{Ended, SERVERS, World};

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
    Reading the application
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
    error: ./spin.toml:9:10: the source of component `front`, `[FOLDER]/front.wasm`, is not a WebAssembly binary
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
    error: the application has a trigger of type 'redis', which the target 'hippo' can't run
    hint: it runs: http
    ");
}
