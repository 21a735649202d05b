//! Files given as `--target` that are no target, and targets that misbehave.

use std::fs;
use std::path::{Path, PathBuf};

use bowline_guest_artifacts as guests;
use bowline_tests::command::{Bowline, Home, Ran};
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::sample::Sample;

/// A core module with nothing in it.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// A component with nothing in it.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

struct World {
    home: Home,
    sample: Sample,
    target: PathBuf,
}

impl World {
    fn new(target: &[u8]) -> World {
        let home = Home::new();
        let path = home.path().join("their.wasm");
        fs::write(&path, target).unwrap();
        World {
            home,
            sample: Sample::new(),
            target: path,
        }
    }

    fn deploy(&self) -> Bowline {
        self.home
            .deploy(self.sample.path())
            .approved_target(&self.target)
    }
}

fn run(target: &[u8]) -> Ran {
    World::new(target).deploy().run()
}

#[test]
fn no_such_file() {
    let world = World::new(b"");
    fs::remove_file(&world.target).unwrap();
    world
        .deploy()
        .run()
        .fails(12, &["can't read the target", "their.wasm", "--target"]);
}

#[test]
fn no_wasm() {
    run(b"#!/bin/sh\necho pwned\n").fails(12, &["their.wasm", "it is not WebAssembly"]);
}

#[test]
fn a_core_module() {
    run(MODULE).fails(
        12,
        &["their.wasm", "core WebAssembly module", "wasm32-wasip2"],
    );
}

#[test]
fn another_component() {
    run(COMPONENT).fails(12, &["their.wasm", "bowline:deploy/deploy-target"]);
}

#[test]
fn another_version_of_the_contract() {
    let newer = replaced(
        guests::false_url(),
        "bowline:deploy/deploy-target@0.1.0",
        "bowline:deploy/deploy-target@0.2.0",
    );
    run(&newer).fails(12, &["their.wasm", "0.2", "0.1", "hint: get the target"]);
}

#[test]
fn cut_off_in_the_middle() {
    let whole = guests::false_url();
    run(&whole[..whole.len() / 2]).fails(12, &["their.wasm"]);
}

#[test]
fn a_target_that_traps() {
    let world = World::new(guests::traps());
    let said = [
        "'guest' broke down in deploy",
        "about to fall",
        "tell its author",
    ];
    world.deploy().run().fails(12, &said);
    let verbose = world.deploy().arg("-v").run().exit(12);
    assert!(
        verbose.stderr.contains("wasm backtrace"),
        "{}",
        verbose.stderr
    );
}

#[test]
fn a_target_that_asks_for_an_origin_that_is_not_granted() {
    let world = World::new(guests::asks());
    let server = Meddler::start(None, |_| Act::answer(200, "text/plain", "ok"));
    let other = Meddler::start(None, |_| Act::answer(200, "text/plain", "ok"));
    let ask = |url: String| {
        world
            .deploy()
            .env("GUEST_SERVER_URL", server.origin())
            .arg("--method=GET")
            .arg(format!("--url={url}"))
            .run()
    };
    ask(other.origin()).fails(
        10,
        &["'guest'", "was refused a request to", &other.origin()],
    );
    assert!(other.seen().is_empty());
    ask(server.origin()).success();
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn an_origin_that_the_target_names_itself_has_to_be_approved() {
    let world = World::new(guests::presumes());
    let origin = "https://collector.invalid";
    world
        .home
        .deploy(world.sample.path())
        .arg("--target")
        .arg(&world.target)
        .run()
        .fails(14, &["is not approved", origin, "--approve sha256:"]);
    // Approved, it is asked; there is no such server in any network (RFC 2606).
    world.deploy().run().fails(8, &[origin]);
    world
        .deploy()
        .arg("--allow-private=https://elsewhere.invalid")
        .run()
        .fails(2, &["https://elsewhere.invalid", origin]);
}

#[test]
fn nothing_is_left_but_the_cache_and_the_journal() {
    let world = World::new(guests::traps());
    world.deploy().run().fails(12, &[]);
    let entries = |folder: &Path| -> Vec<_> {
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    let mut left = entries(world.home.path());
    left.sort();
    assert_eq!(left, ["cache", "state", "their.wasm"]);
    assert_eq!(entries(world.sample.path()).len(), 3, "what was there");
}

/// The bytes with every occurrence of a text replaced by another of the same length.
fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let places: Vec<_> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, window)| *window == from.as_bytes())
        .map(|(place, _)| place)
        .collect();
    assert!(!places.is_empty(), "no '{from}'");
    for place in places {
        bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}
