//! Projects that pin their targets.

use std::fs;
use std::time::Duration;

use bowline_guest_artifacts as guests;
use bowline_tests::command::{Bowline, Home};
use bowline_tests::meddler::{Act, Meddler};

use crate::world::{World, another_build, asking, digest};

/// A project that pins `asks`, a file of its own.
fn pinned() -> World {
    let world = World::new();
    fs::write(world.application().join("asks.wasm"), guests::asks()).unwrap();
    add(&world, "asks.wasm", guests::asks()).run().success();
    world
}

fn add(world: &World, file: &str, target: &[u8]) -> Bowline {
    let path = world.application().join(file);
    world
        .add(path.to_str().unwrap(), target)
        .arg("--lock")
        .arg("--from")
        .arg(world.application())
}

/// A deploy of the same project on a machine that has never seen it.
fn fresh(world: &World, home: &Home, flags: &[&str]) -> Bowline {
    let deploy = home
        .deploy(world.application())
        .arg("--target=guest")
        .env("GUEST_SERVER_URL", world.server.origin());
    flags.iter().fold(asking(deploy, world), Bowline::arg)
}

fn edit(world: &World, from: &str, to: &str) {
    let text = fs::read_to_string(world.lock()).unwrap();
    assert!(text.contains(from), "no '{from}' in\n{text}");
    fs::write(world.lock(), text.replace(from, to)).unwrap();
}

#[test]
fn a_fresh_machine_takes_what_is_pinned() {
    let world = pinned();
    let lock = fs::read_to_string(world.lock()).unwrap();
    assert!(lock.contains("source = \"asks.wasm\""), "{lock}");
    for flags in [&["--locked"][..], &["--yes"]] {
        fresh(&world, &Home::new(), flags).run().success();
    }
    // Without either, what a repository approves is nobody's word.
    fresh(&world, &Home::new(), &[]).run().fails(
        14,
        &["bowline.lock approves it: `--yes` or `--locked` says that this counts"],
    );
    assert_eq!(fs::read_to_string(world.lock()).unwrap(), lock);
}

#[test]
fn the_second_time_nothing_is_fetched() {
    let world = pinned();
    let home = Home::new();
    fresh(&world, &home, &["--locked"]).run().success();
    fs::remove_file(world.application().join("asks.wasm")).unwrap();
    fresh(&world, &home, &["--locked"]).run().success();
    fresh(&world, &Home::new(), &["--locked"])
        .run()
        .fails(12, &["can't read the target", &digest(guests::asks())]);
}

#[test]
fn other_content_than_the_pinned_one_is_refused() {
    let world = pinned();
    let other = another_build(guests::asks());
    fs::write(world.application().join("asks.wasm"), &other).unwrap();
    fresh(&world, &Home::new(), &["--locked"]).run().fails(
        7,
        &[
            "is not what",
            "bowline.lock says",
            &digest(&other),
            &digest(guests::asks()),
        ],
    );
    assert!(world.server.seen().is_empty());
}

#[test]
fn locked_takes_nothing_that_the_file_does_not_hold() {
    let world = World::new();
    world.install(guests::asks());
    let deploy = |target: &str| asking(world.deploy(target), &world).arg("--locked");
    deploy("guest")
        .run()
        .fails(2, &["there is no", "bowline.lock", "--locked"]);

    fs::write(world.lock(), "version = 1\n").unwrap();
    deploy("guest")
        .run()
        .fails(2, &["does not hold the target 'guest'"]);
    let file = world.home.path().join("installed.wasm");
    deploy(file.to_str().unwrap())
        .run()
        .fails(2, &["does not hold the target"]);
    deploy("oci://registry.invalid/acme/target:1.0")
        .run()
        .fails(2, &["does not hold the target"]);

    // The installed one is not the pinned one.
    let other = another_build(guests::asks());
    fs::write(world.application().join("other.wasm"), &other).unwrap();
    fs::remove_file(world.lock()).unwrap();
    let elsewhere = Home::new();
    elsewhere
        .bowline([
            "target",
            "add",
            "--lock",
            "--approve",
            &digest(&other),
            "--from",
        ])
        .arg(world.application())
        .arg(world.application().join("other.wasm"))
        .run()
        .success();
    deploy("guest").run().success();
    deploy(file.to_str().unwrap())
        .run()
        .fails(2, &["does not hold the target"]);
    // An approval that would have to be written is a change, too.
    let set = world.home.bowline(["env", "set", "staging"]);
    set.run().success();
    deploy("guest")
        .arg("-e=staging")
        .run()
        .fails(14, &["--locked counts what bowline.lock approves"]);
    deploy("guest")
        .arg("-e=staging")
        .arg(format!("--approve={}", digest(&other)))
        .run()
        .fails(14, &["--locked counts what bowline.lock approves"]);
}

#[test]
fn a_file_edited_by_hand_gets_clear_answers() {
    let world = pinned();
    let text = fs::read_to_string(world.lock()).unwrap();
    let table = &text[text.find("[[target]]").unwrap()..];
    let zeros = "0".repeat(64);
    for (changed, code, said) in [
        (
            text.replace("version = 1\n", "version = 7\n"),
            2,
            "has the form 7, this bowline knows form 1",
        ),
        (
            text.replace("[[target]]", "[[target]]\ntrust = true"),
            2,
            "unknown field `trust`",
        ),
        (
            format!("{text}\n{table}"),
            2,
            "holds the target 'guest' twice",
        ),
        (
            text.replace(&digest(guests::asks()), &format!("sha256:{zeros}")),
            7,
            "is not what",
        ),
        (
            text.replace(&digest(guests::asks()), "latest"),
            2,
            "it is not `sha256:` and 64",
        ),
        (
            text.replace("opens-network = true", "opens-network = false"),
            14,
            "asks for more than was approved",
        ),
    ] {
        fs::write(world.lock(), &changed).unwrap();
        fresh(&world, &Home::new(), &["--locked"])
            .run()
            .fails(code, &[said]);
    }
}

#[test]
fn approving_more_than_the_target_asks_for_grants_no_more() {
    let world = pinned();
    let other = Meddler::start(None, |_| Act::answer(200, "text/plain", "ok"));
    edit(
        &world,
        "bindle = false",
        &format!("bindle = true\nnetwork = [\"{}\"]", other.origin()),
    );
    fresh(&world, &Home::new(), &["--locked"]).run().success();
    Home::new()
        .deploy(world.application())
        .arg("--target=guest")
        .arg("--locked")
        .env("GUEST_SERVER_URL", world.server.origin())
        .arg("--method=GET")
        .arg(format!("--url={}", other.origin()))
        .run()
        .fails(10, &["was refused a request to", &other.origin()]);
    assert!(other.seen().is_empty());
}

#[test]
fn pins_change_only_when_told() {
    let world = pinned();
    let other = another_build(guests::asks());
    fs::write(world.application().join("asks.wasm"), &other).unwrap();
    let before = fs::read_to_string(world.lock()).unwrap();
    add(&world, "asks.wasm", &other)
        .run()
        .fails(7, &["another target named 'guest'"]);
    let upgrade = || {
        world
            .target(&["upgrade", "guest", "--from"])
            .arg(world.application())
    };
    let upgraded = upgrade().run().success();
    assert!(
        upgraded
            .stderr
            .contains("with `--lock` the project is upgraded, too"),
        "{}",
        upgraded.stderr
    );
    assert_eq!(fs::read_to_string(world.lock()).unwrap(), before);
    upgrade().arg("--lock").run().success();
    assert_eq!(
        fs::read_to_string(world.lock()).unwrap(),
        before.replace(&digest(guests::asks()), &digest(&other))
    );
    fresh(&world, &Home::new(), &["--locked"]).run().success();
}

#[test]
fn two_names_of_one_content_approve_alike() {
    let world = World::new();
    let path = world.application().join("asks.wasm");
    fs::write(&path, guests::asks()).unwrap();
    // The first in the file approves another environment.
    add(&world, "asks.wasm", guests::asks())
        .arg("-e=staging")
        .run()
        .success();
    add(&world, "asks.wasm", guests::asks())
        .arg("--name=other")
        .run()
        .success();
    // Long enough that the run looks whether its approval still stands.
    let slow = Meddler::start(None, |_| {
        std::thread::sleep(Duration::from_millis(1500));
        Act::answer(200, "text/plain", "ok")
    });
    for target in ["guest", "other", path.to_str().unwrap()] {
        Home::new()
            .deploy(world.application())
            .arg("--locked")
            .arg(format!("--target={target}"))
            .arg("--method=GET")
            .arg(format!("--url={}", slow.origin()))
            .env("GUEST_SERVER_URL", slow.origin())
            .run()
            .success();
    }
    Home::new()
        .bowline(["target", "add", "--yes", "--from"])
        .arg(world.application())
        .arg(&path)
        .run()
        .success();
}

#[test]
fn names_are_looked_at_as_they_would_be_deployed() {
    let world = pinned();
    let other = another_build(guests::asks());
    let elsewhere = world.file("other.wasm", &other);
    world
        .target(&["upgrade", "guest", elsewhere.to_str().unwrap()])
        .run()
        .success();
    let in_project = |line: &[&str]| {
        let mut bowline = world.target(line).command();
        let output = bowline.current_dir(world.application()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), said)
    };
    for verb in ["show", "inspect", "vet"] {
        let (code, said) = in_project(&[verb, "guest"]);
        assert_eq!(code, Some(0), "{verb}: {said}");
        assert!(said.contains(&digest(guests::asks())), "{verb}: {said}");
        let outside = world.target(&[verb, "guest"]).run().success().stdout;
        assert!(outside.contains(&digest(&other)), "{verb}: {outside}");
    }
    // What can't be run can be looked at all the same.
    let none = b"\0asm\x0d\0\x01\0";
    fs::write(world.application().join("none.wasm"), none).unwrap();
    let pin = format!(
        "version = 1\n[[target]]\nname = \"none\"\nversion = \"1.0.0\"\nsource = \"none.wasm\"\ndigest = \"{}\"\n",
        digest(none)
    );
    fs::write(world.lock(), pin).unwrap();
    let (code, said) = in_project(&["inspect", "none"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("can't run it"), "{said}");
    assert_eq!(in_project(&["vet", "none"]).0, Some(12));
}
