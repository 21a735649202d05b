//! Installing, looking, removing.

use bowline_guest_artifacts as guests;

use crate::world::{World, another_build, asking, digest, large_build};

#[test]
fn what_is_installed_deploys_by_its_name_until_it_is_removed() {
    let world = World::new();
    let added = world.install(guests::asks());
    assert!(
        added.stdout.contains("Installed guest 0.1.0"),
        "{}",
        added.stdout
    );
    assert!(
        added
            .stdout
            .contains("the server that you name with --server-url"),
        "{}",
        added.stdout
    );
    asking(world.deploy("guest"), &world).run().success();

    let listed = world.listed("guest").unwrap();
    assert_eq!(listed["digest"], digest(guests::asks()).as_str());
    assert_eq!(listed["approved_in"], serde_json::json!(["default"]));
    let hippo = world.listed("hippo").unwrap();
    assert_eq!(
        (hippo["is_default"].as_bool(), hippo["source"].as_str()),
        (Some(true), None)
    );

    let shown = world
        .target(&["show", "guest", "-o", "json"])
        .run()
        .success()
        .json("target show");
    assert_eq!(
        shown["wants"]["settings"]["server-url"]["opens-network"],
        true
    );
    assert_eq!(shown["approvals"][0]["missing"], serde_json::json!([]));

    let removed = world.target(&["remove", "guest"]).run().success();
    assert!(
        removed
            .stdout
            .contains("Took back what was approved in default"),
        "{}",
        removed.stdout
    );
    world
        .deploy("guest")
        .run()
        .fails(6, &["no target named 'guest' is installed", "./guest"]);
    let file = world.home.path().join("installed.wasm");
    world
        .deploy(file.to_str().unwrap())
        .run()
        .fails(14, &["is not approved"]);
}

#[test]
fn without_approval_nothing_is_installed() {
    let world = World::new();
    let file = world.file("asks.wasm", guests::asks());
    let add = |flag: &str| world.target(&["add", file.to_str().unwrap(), flag]).run();
    for flag in [
        "--no-input",
        "--yes",
        "--approve=sha256:0000000000000000000000000000000000000000000000000000000000000000",
    ] {
        add(flag).fails(
            14,
            &[
                "'guest' 0.1.0 is not approved in the environment 'default'",
                "- send any request to the server that you name with --server-url or GUEST_SERVER_URL",
                &format!("--approve {}", digest(guests::asks())),
            ],
        );
        assert!(world.listed("guest").is_none());
    }
}

#[test]
fn two_targets_of_one_name_need_two_names() {
    let world = World::new();
    world.install(guests::asks());
    let other = another_build(guests::asks());
    let file = world.file("other.wasm", &other);
    let path = file.to_str().unwrap();
    world.add(path, &other).run().fails(
        7,
        &[
            "another target named 'guest' is installed",
            &format!("bowline target upgrade guest {path}"),
            "--name",
        ],
    );
    world.add(path, &other).arg("--name=other").run().success();
    assert_eq!(
        world.listed("guest").unwrap()["digest"],
        digest(guests::asks()).as_str()
    );
    assert_eq!(
        world.listed("other").unwrap()["digest"],
        digest(&other).as_str()
    );
    // The same again is no second one.
    assert!(
        world
            .install(guests::asks())
            .stdout
            .contains("Already installed")
    );
    for name in ["hippo", "No", "../x"] {
        let ran = world.add(path, &other).arg(format!("--name={name}")).run();
        ran.fails(2, &[name, "can't be the name of an installed target"]);
    }
}

#[test]
fn only_the_chosen_targets_settings_are_flags() {
    let world = World::new();
    world.install(guests::asks());
    let file = world.file("secrets.wasm", guests::deploys());
    world
        .add(file.to_str().unwrap(), guests::deploys())
        .arg("--name=secrets")
        .run()
        .success();
    // Both declare --server-url, and only one of them --method.
    let help = |name: &str| {
        let ran = world
            .home
            .bowline(["deploy", "--help", "--target", name])
            .run();
        ran.success().stdout
    };
    let (asks, secrets) = (help("guest"), help("secrets"));
    assert!(
        asks.contains("--server-url")
            && asks.contains("--method")
            && !asks.contains("--password <")
    );
    assert!(
        secrets.contains("--server-url")
            && secrets.contains("--password <")
            && !secrets.contains("--method")
    );
    let ran = world.deploy("secrets").arg("--method=GET").run().exit(2);
    assert!(
        ran.stderr.contains("unexpected argument '--method'"),
        "{}",
        ran.stderr
    );
    asking(world.deploy("guest"), &world).run().success();
}

#[test]
fn a_changed_file_is_not_run() {
    let world = World::new();
    world.install(guests::asks());
    let content = digest(guests::asks()).replace("sha256:", "");
    let path = world
        .home
        .path()
        .join(format!("data/targets/{content}.wasm"));
    std::fs::write(&path, guests::deploys()).unwrap();
    world
        .deploy("guest")
        .run()
        .fails(12, &["is not what was installed", "bowline target upgrade"]);
    world.target(&["upgrade", "guest"]).run().success();
    asking(world.deploy("guest"), &world).run().success();
}

#[test]
fn a_file_that_is_too_large_is_told_with_its_limit() {
    let world = World::new();
    let large = large_build(guests::asks());
    let file = world.file("large.wasm", &large);
    let path = file.to_str().unwrap();
    let said = [
        path,
        "it goes beyond the limit 'component-size': a component of more than 50 MiB",
        "`--limit component-size=<value>`",
    ];
    world.add(path, &large).run().fails(11, &said);
    for verb in ["show", "inspect", "vet"] {
        world.target(&[verb, path]).run().fails(11, &said);
    }
    let raised = "--limit=component-size=100MiB";
    for verb in ["show", "inspect", "vet"] {
        world.target(&[verb, path, raised]).run().success();
    }
    asking(world.deploy(path), &world).run().fails(11, &said);

    // The approval holds it, for what is installed.
    world.add(path, &large).arg(raised).run().success();
    asking(world.deploy("guest"), &world).run().success();
    for verb in ["show", "inspect", "vet", "upgrade"] {
        world.target(&[verb, "guest"]).run().success();
    }
    asking(world.deploy(path), &world)
        .arg(raised)
        .run()
        .success();
}

#[test]
fn limits_of_loading_hold_for_what_is_added_and_by_name() {
    let world = World::new();
    let file = world.file("asks.wasm", guests::asks());
    let add = || world.add(file.to_str().unwrap(), guests::asks());
    let tight = "--limit=functions=1";
    let said = "can't be used as a target: it goes beyond the limit 'functions'";
    add().arg(tight).run().fails(11, &["asks.wasm", said]);
    assert!(world.listed("guest").is_none());

    add().run().success();
    let deploy = || asking(world.deploy("guest"), &world);
    let said = format!("guest {said}");
    deploy().run().success();
    deploy().arg(tight).run().fails(11, &[&said]);
    let approvals = std::fs::read_to_string(world.approvals()).unwrap();
    let held = format!("{approvals}\n[approval.approved.limits]\nfunctions = \"1\"\n");
    std::fs::write(world.approvals(), held).unwrap();
    deploy().run().fails(11, &[&said]);
    deploy().arg("--limit=functions=100000").run().success();
}

#[test]
fn looking_into_a_file_compiles_and_keeps_nothing() {
    let world = World::new();
    let file = world.file("uploads.wasm", guests::uploads());
    let path = file.to_str().unwrap();
    let read = world
        .target(&["inspect", path, "-o", "json"])
        .run()
        .success()
        .json("target inspect");
    assert_eq!(
        read["digest"],
        digest(guests::uploads()).replace("sha256:", "").as_str()
    );
    assert_eq!(read["contract"], "0.1.0");
    assert_eq!(read["fault"], serde_json::Value::Null);
    let text = world.target(&["inspect", path]).run().success().stdout;
    assert!(
        text.contains("bowline:deploy/deploy-target@0.1.0"),
        "{text}"
    );
    world.target(&["inspect", "hippo"]).run().success();
    assert!(!world.home.path().join("cache").exists());
    assert!(!world.home.path().join("data").exists());
    // What is no target can be looked at all the same.
    let component = world.file("none.wasm", b"\0asm\x0d\0\x01\0");
    let none = component.to_str().unwrap();
    assert!(
        world
            .target(&["inspect", none])
            .run()
            .success()
            .stdout
            .contains("can't run it")
    );
    world.target(&["vet", none]).run().exit(12);
    let module = world.file("module.wasm", b"\0asm\x01\0\0\0");
    world
        .target(&["inspect", module.to_str().unwrap()])
        .run()
        .fails(12, &["core WebAssembly module"]);
}

#[test]
fn vetting_tells_what_is_newly_asked_for() {
    let world = World::new();
    world.install(guests::asks());
    let file = world.file("bindle.wasm", guests::wants_bindle());
    let path = file.to_str().unwrap();
    let vetted = world
        .target(&["vet", "guest", path, "-o", "json"])
        .run()
        .success()
        .json("target vet");
    assert_eq!(vetted["compared"]["asks_for_more"], true);
    let text = world.target(&["vet", "guest", path]).run().success().stdout;
    assert!(
        text.contains("It can newly\n  - push the application to the Bindle server"),
        "{text}"
    );
    let text = world
        .target(&["vet", "guest", "guest"])
        .run()
        .success()
        .stdout;
    assert!(text.contains("the same file"), "{text}");
    let text = world.target(&["vet", "hippo"]).run().success().stdout;
    for can in [
        "log in to its platform, and use its login",
        "send HTTP requests to granted origins",
    ] {
        assert!(text.contains(&format!("  - {can}\n")), "{text}");
    }
}

#[test]
fn the_default_is_used_where_nothing_is_named() {
    let world = World::new();
    world
        .target(&["default", "guest"])
        .run()
        .fails(6, &["'guest'"]);
    world.install(guests::asks());
    assert_eq!(world.target(&["default"]).run().success().stdout, "hippo\n");
    world.target(&["default", "guest"]).run().success();
    let help = || {
        world
            .home
            .bowline(["deploy", "--help"])
            .run()
            .success()
            .stdout
    };
    assert!(help().contains("Settings of the target 'guest'"));
    world.target(&["default", "hippo"]).run().success();
    assert!(help().contains("Settings of the target 'hippo'"));
    world.target(&["default", "guest"]).run().success();
    world.target(&["remove", "guest"]).run().success();
    assert_eq!(world.target(&["default"]).run().success().stdout, "hippo\n");
}

#[test]
fn what_names_no_target_is_refused() {
    let world = World::new();
    for (source, code, said) in [
        ("guest", 2, "'guest' is a name, not a place"),
        ("hippo", 2, "'hippo' is the built-in target"),
        (
            "http://example.com/a.wasm",
            2,
            "targets are fetched by https:// only",
        ),
        ("./missing.wasm", 12, "can't read the target"),
    ] {
        world.target(&["add", source]).run().fails(code, &[said]);
    }
    let poses = world.file("poses.wasm", guests::poses());
    world
        .add(poses.to_str().unwrap(), guests::poses())
        .arg("--name=other")
        .run()
        .fails(12, &["calls itself 'hippo'"]);
}
