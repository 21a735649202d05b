//! Other versions of installed targets.

use bowline_guest_artifacts as guests;
use bowline_tests::command::Bowline;

use crate::world::{World, another_build, asking, digest};

#[test]
fn what_asks_for_nothing_new_is_upgraded_with_its_approvals() {
    let world = World::new();
    world.install(guests::asks());
    world.approve_in("staging", guests::asks());
    let unchanged = world.target(&["upgrade"]).run().success();
    assert_eq!(unchanged.stdout, "guest 0.1.0 is up to date\n");

    let new = another_build(guests::asks());
    world.file("installed.wasm", &new);
    let upgraded = world.target(&["upgrade", "-o", "json"]).run().success();
    let upgraded = upgraded.json("target upgrade");
    let upgraded = &upgraded["targets"][0];
    assert_eq!(upgraded["from"]["digest"], digest(guests::asks()).as_str());
    assert_eq!(upgraded["to"]["digest"], digest(&new).as_str());
    assert_eq!(upgraded["besides"], serde_json::json!([]));
    assert_eq!(
        upgraded["approved_in"],
        serde_json::json!(["default", "staging"])
    );
    asking(world.deploy("guest"), &world).run().success();
    asking(world.deploy("guest"), &world)
        .arg("-e=staging")
        .run()
        .success();
}

#[test]
fn what_asks_for_more_waits_for_approval() {
    let world = World::new();
    world.install(guests::asks());
    world.approve_in("staging", guests::asks());
    let approvals = std::fs::read_to_string(world.approvals()).unwrap();

    world.file("installed.wasm", guests::deploys());
    for flag in [
        "--yes",
        "--no-input",
        &format!("--approve={}", digest(guests::asks())),
    ] {
        let refused = world.target(&["upgrade", "guest", flag]).run().fails(
            14,
            &[
                "'guest' 0.1.0 asks for more than was approved in the environment 'default'",
                "- use your secret --password",
                "'guest' stays at 0.1.0, with what you approved of it",
            ],
        );
        assert!(
            !refused.stderr.contains("--server-url or"),
            "only what is new is shown:\n{}",
            refused.stderr
        );
    }
    // The old one, and what was approved of it, are as they were.
    assert_eq!(
        world.listed("guest").unwrap()["digest"],
        digest(guests::asks()).as_str()
    );
    assert_eq!(
        std::fs::read_to_string(world.approvals()).unwrap(),
        approvals
    );
    asking(world.deploy("guest"), &world).run().success();

    let approve = format!("--approve={}", digest(guests::deploys()));
    let upgraded = world
        .target(&["upgrade", "guest", &approve])
        .run()
        .success()
        .stdout;
    assert!(
        upgraded.contains("Besides what you approved of the old one, it wants to\n"),
        "{upgraded}"
    );
    assert!(
        upgraded.contains("Not approved in 'staging': the next deploy there asks"),
        "{upgraded}"
    );
    let listed = world.listed("guest").unwrap();
    assert_eq!(listed["digest"], digest(guests::deploys()).as_str());
    assert_eq!(listed["approved_in"], serde_json::json!(["default"]));
    world
        .deploy("guest")
        .arg("-e=staging")
        .run()
        .fails(14, &["is not approved in the environment 'staging'"]);
}

#[test]
fn another_environment_than_the_one_that_approved_does_not_widen() {
    let world = World::new();
    let file = world.file("installed.wasm", guests::asks());
    world
        .add(file.to_str().unwrap(), guests::asks())
        .arg("-e=staging")
        .run()
        .success();
    let approvals = std::fs::read_to_string(world.approvals()).unwrap();
    world.file("installed.wasm", guests::deploys());
    let approve = format!("--approve={}", digest(guests::deploys()));
    for flag in ["--no-input", &approve] {
        world.target(&["upgrade", "guest", flag]).run().fails(
            14,
            &[
                "'guest' 0.1.0 asks for more than was approved in the environment 'staging'",
                "- use your secret --password",
                "with `-e staging`",
                "'guest' stays at 0.1.0, with what you approved of it",
            ],
        );
    }
    assert_eq!(
        world.listed("guest").unwrap()["digest"],
        digest(guests::asks()).as_str()
    );
    assert_eq!(
        std::fs::read_to_string(world.approvals()).unwrap(),
        approvals
    );
    world
        .target(&["upgrade", "guest", "-e=staging", &approve])
        .run()
        .success();
    let listed = world.listed("guest").unwrap();
    assert_eq!(listed["digest"], digest(guests::deploys()).as_str());
    assert_eq!(listed["approved_in"], serde_json::json!(["staging"]));
}

#[test]
fn private_addresses_and_limits_go_along_and_are_told() {
    let world = World::new();
    let file = world.file("installed.wasm", guests::denied_path());
    world
        .add(file.to_str().unwrap(), guests::denied_path())
        .arg("--allow-private=http://127.0.0.1:11111")
        .arg("--limit=requests=1")
        .run()
        .success();
    let upgrade = |target: &[u8]| {
        world.file("installed.wasm", target);
        let approve = format!("--approve={}", digest(target));
        world.target(&["upgrade", &approve])
    };
    let told = upgrade(guests::asks_private_addresses()).run().success();
    assert!(
        told.stdout.contains(
            "Approved in 'default'\n  http://127.0.0.1:11111 may be at a private address\n  limit requests=1\n"
        ),
        "{}",
        told.stdout
    );
    // An origin that is not declared any more is no exception any more.
    let upgraded = upgrade(guests::asks()).arg("-o=json").run().success();
    let upgraded = upgraded.json("target upgrade");
    let approval = &upgraded["targets"][0]["approvals"][0];
    assert_eq!(approval["private"], serde_json::json!([]));
    assert_eq!(approval["limits"], serde_json::json!({"requests": "1"}));
    let kept = std::fs::read_to_string(world.approvals()).unwrap();
    assert!(!kept.contains("127.0.0.1"), "{kept}");
}

#[test]
fn what_was_approved_of_the_old_one_ends_with_it() {
    let world = World::new();
    world.install(guests::asks());
    let old = world.file("old.wasm", guests::asks());
    let new = another_build(guests::asks());
    world.file("installed.wasm", &new);
    world.target(&["upgrade", "guest"]).run().success();
    let deploy_old = || asking(world.deploy(old.to_str().unwrap()), &world).run();
    deploy_old().fails(14, &["is not approved in the environment 'default'"]);
    asking(world.deploy("guest"), &world).run().success();

    world.target(&["remove", "guest"]).run().success();
    let kept = std::fs::read_to_string(world.approvals()).unwrap();
    assert!(!kept.contains("[[approval]]"), "{kept}");
}

#[test]
fn what_was_approved_of_the_old_one_stays_for_another_name() {
    let world = World::new();
    world.install(guests::asks());
    let old = world.file("old.wasm", guests::asks());
    world
        .add(old.to_str().unwrap(), guests::asks())
        .arg("--name=other")
        .run()
        .success();
    world.file("installed.wasm", &another_build(guests::asks()));
    world.target(&["upgrade", "guest"]).run().success();
    world.target(&["remove", "guest"]).run().success();
    asking(world.deploy("other"), &world).run().success();
}

#[test]
fn removing_takes_back_what_an_upgrade_left() {
    let world = World::new();
    world.install(guests::asks());
    world.approve_in("staging", guests::asks());
    world.file("installed.wasm", guests::deploys());
    let approve = format!("--approve={}", digest(guests::deploys()));
    world.target(&["upgrade", &approve]).run().success();
    let removed = world
        .target(&["remove", "guest", "-o", "json"])
        .run()
        .success()
        .json("target remove");
    assert_eq!(
        removed["revoked_in"],
        serde_json::json!(["default", "staging"])
    );
    let kept = std::fs::read_to_string(world.approvals()).unwrap();
    assert!(!kept.contains("[[approval]]"), "{kept}");
}

#[test]
fn the_place_can_change() {
    let world = World::new();
    world.install(guests::asks());
    let new = another_build(guests::asks());
    let elsewhere = world.file("elsewhere.wasm", &new);
    let path = elsewhere.to_str().unwrap();
    world.target(&["upgrade", "guest", path]).run().success();
    assert_eq!(world.listed("guest").unwrap()["source"], path);
    std::fs::remove_file(&elsewhere).unwrap();
    world
        .target(&["upgrade"])
        .run()
        .fails(12, &["can't read the target"]);
    assert_eq!(
        world.listed("guest").unwrap()["digest"],
        digest(&new).as_str()
    );
    world
        .target(&["upgrade", "other"])
        .run()
        .fails(6, &["no target named 'other'"]);
    world.file("elsewhere.wasm", b"\0asm\x0d\0\x01\0");
    world
        .target(&["upgrade"])
        .run()
        .fails(12, &["is a component, but not a deploy target"]);
    assert_eq!(
        world.listed("guest").unwrap()["digest"],
        digest(&new).as_str()
    );
}

/// The same target under another name of its own.
fn renamed(target: &[u8]) -> Vec<u8> {
    let mut renamed = target.to_vec();
    let (old, new) = (b"guest0.1.0", b"other0.2.0");
    let at = renamed.windows(old.len()).position(|part| part == old);
    let at = at.unwrap();
    renamed[at..at + new.len()].copy_from_slice(new);
    renamed
}

/// Also where the lock file is behind the installed version, of which its approvals were not.
#[test]
fn another_name_does_not_get_the_login_by_way_of_the_lock_file() {
    let world = World::new();
    let file = world.file("installed.wasm", guests::traps_in_authenticate());
    let path = file.to_str().unwrap();
    let locking = |bowline: Bowline| bowline.arg("--lock").arg("--from").arg(world.application());
    for environment in ["staging", "default"] {
        locking(world.add(path, guests::traps_in_authenticate()))
            .arg("--name=acme")
            .arg(format!("-e={environment}"))
            .run()
            .success();
    }
    let other = renamed(guests::traps_in_authenticate());
    world.file("installed.wasm", &other);
    world
        .target(&["upgrade", "acme", "--approve", &digest(&other)])
        .run()
        .success();
    locking(world.target(&["upgrade", "acme"])).run().success();

    let lock = std::fs::read_to_string(world.lock()).unwrap();
    let lock: toml::Table = lock.parse().unwrap();
    let target = &lock["target"][0];
    assert_eq!(target["digest"].as_str().unwrap(), digest(&other));
    let approvals = target["approval"].as_array().unwrap();
    let environments: Vec<_> = approvals
        .iter()
        .map(|approval| approval["environment"].as_str().unwrap())
        .collect();
    assert_eq!(environments, ["default"], "{lock}");
}

#[test]
fn a_limit_needs_an_approval_to_be_kept_with() {
    let world = World::new();
    world.install(guests::asks());
    world
        .target(&["upgrade", "guest", "--limit=memory=512MiB", "-e=staging"])
        .run()
        .fails(2, &["--limit is kept with an approval", "'staging'"]);
    world
        .target(&["upgrade", "guest", "--limit=memory=much"])
        .run()
        .fails(2, &["memory"]);
    world
        .target(&["upgrade", "guest", "--limit=memory=512MiB"])
        .run()
        .success();
    let shown = world.target(&["show", "guest"]).run().success().stdout;
    assert!(shown.contains("limit memory=512MiB"), "{shown}");
}
