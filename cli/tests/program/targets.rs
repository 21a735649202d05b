//! Files given as `--target` that can't be one.

use crate::support::{EMPTY_COMPONENT, EMPTY_MODULE, World};

fn refused(content: &[u8]) -> String {
    let world = World::with_application();
    world.write("t.wasm", content);
    let ended = world.run(&["deploy", "--target", "t.wasm"], &[]);
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(12), ""),
        "{}",
        ended.stderr
    );
    // Its flags can't be known, so the help can't be shown either.
    let help = world.run(&["deploy", "--target=t.wasm", "--help"], &[]);
    assert_eq!((help.code, &help.stderr), (Some(12), &ended.stderr));
    ended.stderr
}

#[test]
fn there_is_no_such_file() {
    let ended = World::with_application().run(&["deploy", "--target", "none.wasm"], &[]);
    assert_eq!(ended.code, Some(12));
    insta::assert_snapshot!(ended.stderr, @r"
    error: can't read the target none.wasm
      caused by: No such file or directory (os error 2)
    hint: give the WebAssembly component of a deploy target with `--target`
    ");
}

#[test]
fn the_file_is_not_wasm() {
    insta::assert_snapshot!(refused(b"#!/bin/sh\n"), @r"
    error: t.wasm can't be used as a target: it is not WebAssembly
    hint: give the WebAssembly component of a deploy target with `--target`
    ");
}

#[test]
fn the_file_is_a_core_module() {
    insta::assert_snapshot!(refused(EMPTY_MODULE), @r"
    error: t.wasm can't be used as a target: it is a core WebAssembly module, not a component; build it for wasm32-wasip2, or wrap it with `wasm-tools component new`
    ");
}

#[test]
fn the_file_is_another_component() {
    insta::assert_snapshot!(refused(EMPTY_COMPONENT), @r"
    error: t.wasm can't be used as a target: it is a component, but not a deploy target: it does not export bowline:deploy/deploy-target
    hint: give the WebAssembly component of a deploy target with `--target`
    ");
}
