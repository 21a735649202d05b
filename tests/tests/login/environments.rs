//! Environments: set, listed, used, removed; and the logins that old tools left for them.

use std::fs;
use std::path::PathBuf;

use bowline_tests::command::Home;
use serde_json::json;

use crate::world::World;

#[test]
fn an_environment_holds_all_that_a_deploy_needs() {
    let world = World::new();
    let set = |line: &[&str]| world.home.bowline([&["env", "set"], line].concat()).run();
    let hippo = format!("hippo-url={}", world.line.origin());
    let bindle = format!(
        "bindle-server={}",
        world.platform.setting("BINDLE_SERVER_URL")
    );
    set(&["staging", &hippo, &bindle, "hippo-channel=canary"]).success();
    world
        .home
        .bowline(["login", "-e", "staging"])
        .env("HIPPO_USERNAME", world.user())
        .env("HIPPO_PASSWORD", world.password())
        .run()
        .success();
    // Nothing of the sample runs, so nothing answers.
    let deploy = || {
        world
            .home
            .deploy(world.sample.path())
            .arg("--readiness-timeout=0")
    };
    deploy().run().fails(2, &["bindle-server and hippo-url"]);
    let deployed = deploy().arg("-e").arg("staging").run().success();
    assert!(
        deployed.stdout.contains("Deployed shop"),
        "{}",
        deployed.stdout
    );
    deploy()
        .env("FERMYON_DEPLOYMENT_ENVIRONMENT", "staging")
        .run()
        .success();
    world
        .home
        .bowline(["env", "use", "staging"])
        .run()
        .success();
    deploy().run().success();

    let settings = world
        .home
        .bowline(["settings", "-o", "json"])
        .run()
        .success()
        .json("settings");
    assert_eq!(settings["environment"], "staging");
    let listed = settings["settings"].as_array().unwrap();
    let channel = listed
        .iter()
        .find(|it| it["name"] == "hippo-channel")
        .unwrap();
    assert_eq!(channel["value"], "canary");
    assert_eq!(
        channel["source"],
        json!({"kind": "environment", "name": "staging"})
    );

    let shown = world
        .home
        .bowline(["env", "show", "-o", "json"])
        .run()
        .success()
        .json("env show");
    assert_eq!(shown["name"], "staging");
    assert_eq!(shown["login"]["servers"], json!([world.line.origin()]));
    let token = world.kept().unwrap();
    for verb in ["list", "show"] {
        let ran = world.home.bowline(["env", verb]).run().success();
        assert!(ran.stdout.contains("staging") && !ran.stdout.contains(&token));
    }

    // An unset value is gone, and a login ends with its environment.
    set(&["staging", "--unset", "hippo-channel"]).success();
    let removed = world
        .home
        .bowline(["env", "remove", "staging"])
        .run()
        .success();
    assert!(
        removed.stdout.contains("Its login is forgotten"),
        "{}",
        removed.stdout
    );
    assert_eq!(world.kept(), None);
    deploy().arg("-e").arg("staging").run().fails(
        6,
        &["there is no environment 'staging'", "there are: default"],
    );
}

#[test]
fn what_can_not_be_set_is_refused_as_a_whole() {
    let home = Home::new();
    let set = |line: &[&str]| home.bowline([&["env", "set"], line].concat()).run();
    for (line, code, words) in [
        (
            &["../x", "hippo-url=http://a"][..],
            2,
            "no name of an environment",
        ),
        (&["a", "hippo-url=nowhere"], 2, "is not a URL"),
        (
            &["a", "hippo-channel=x", "hippo-ulr=http://a"],
            2,
            "did you mean 'hippo-url'?",
        ),
        (&["a", "hippo-channel"], 2, "is no SETTING=VALUE"),
        (&["a", "hippo-channel="], 2, "has an empty value"),
        (
            &["a", "hippo-token=canary"],
            2,
            "hippo-url, which is not set",
        ),
        (
            &["a", "hippo-token=@/nowhere/canary", "hippo-url=http://a"],
            2,
            "can't be read",
        ),
        (&["a", "--target", "acme"], 6, "no target named 'acme'"),
        (
            &["a", "--allow-server", "http://a/path"],
            2,
            "is not an origin",
        ),
    ] {
        let refused = set(line).fails(code, &[words]);
        assert!(!refused.stderr.contains("canary"), "{}", refused.stderr);
        let listed = home.bowline(["env", "list", "-o", "json"]).run().success();
        let listed = listed.json("env list");
        assert_eq!(listed["environments"].as_array().unwrap().len(), 1);
    }
}

/// A login as `spin login` left it.
fn old_login(home: &Home, name: &str, login: &serde_json::Value) -> PathBuf {
    let folder = home.path().join("xdg/fermyon");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, login.to_string()).unwrap();
    path
}

/// No keyring answers here, so the secret can't be kept, and the settings beside it are not either.
#[cfg(target_os = "linux")]
#[test]
fn a_keyring_that_refuses_leaves_nothing_half_set() {
    let home = Home::new();
    home.bowline([
        "env",
        "set",
        "staging",
        "hippo-token=@-",
        "hippo-url=http://a.test",
    ])
    .env("BOWLINE_CREDENTIALS", "keyring")
    .run_with(b"canary")
    .fails(1, &["keyring"]);
    let listed = home.bowline(["env", "list", "-o", "json"]).run().success();
    let listed = listed.json("env list");
    assert_eq!(listed["environments"].as_array().unwrap().len(), 1);
}

#[test]
fn a_broken_old_login_keeps_nobody_from_tidying_up() {
    let home = Home::new();
    let path = old_login(&home, "staging.json", &json!({}));
    fs::write(path, "{").unwrap();
    let bowline = |line: &[&str]| {
        let xdg = home.path().join("xdg");
        home.bowline(line).env("XDG_CONFIG_HOME", xdg)
    };
    bowline(&["env", "set", "staging", "hippo-channel=x"])
        .run()
        .success();
    let ran = bowline(&["env", "remove", "staging"]).run().success();
    assert!(ran.stderr.contains("staging.json"), "{}", ran.stderr);
    bowline(&["logout", "--all"]).run().success();
}

#[test]
fn logins_of_old_tools_are_used() {
    let world = World::new();
    let token = world.token();
    let xdg = world.home.path().join("xdg");
    let login = json!({
        "url": world.line.origin(),
        "bindle_url": world.platform.setting("BINDLE_SERVER_URL"),
        "bindle_username": null,
        "bindle_password": null,
        "danger_accept_invalid_certs": false,
        "token": token,
        "expiration": "2030-01-01T00:00:00Z",
    });
    let path = old_login(&world.home, "config.json", &login);
    let old = |line: &[&str]| world.home.bowline(line).env("XDG_CONFIG_HOME", &xdg);
    let from = world.sample.path().to_str().unwrap();
    old(&["deploy", "-f", from, "--readiness-timeout=0"])
        .run()
        .success();
    assert_eq!(world.logins(), 0);
    let who = old(&["whoami", "-o", "json"])
        .run()
        .success()
        .json("whoami");
    assert_eq!(who["by"]["kind"], "old-login");
    assert!(
        who["expires_at"]
            .as_str()
            .unwrap()
            .starts_with("2030-01-01T"),
        "{who}"
    );
    assert!(!who.to_string().contains(&token));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "it holds a token");
    }

    // It is for its own server, and no other gets it.
    old(&["plan", "-f", from])
        .env("HIPPO_URL", world.platform.setting("HIPPO_URL"))
        .run()
        .fails(4, &["no hippo-username"]);

    // Each environment has its own; one that is none is left as it is.
    old_login(&world.home, "staging.json", &login);
    old(&["plan", "-f", from, "-e", "staging"]).run().success();
    let broken = old_login(&world.home, "broken.json", &json!("canary"));
    let refused = old(&["plan", "-f", from, "-e", "broken"])
        .run()
        .fails(2, &["broken.json is no login"]);
    assert!(!refused.stderr.contains("canary"));
    assert_eq!(fs::read_to_string(broken).unwrap(), "\"canary\"");
    // Logging out leaves other tools' files alone, and says so.
    let out = old(&["logout"]).run().success();
    assert!(
        out.stdout.contains("config.json") && path.exists(),
        "{}",
        out.stdout
    );
}
