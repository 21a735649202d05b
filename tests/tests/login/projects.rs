//! Settings that come with an application, which may be a stranger's.

use std::fs;

use bowline_tests::command::Home;
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::sample::Sample;
use serde_json::json;

use crate::world::World;

/// A server that would take a login, and what else it is sent.
fn thief() -> Meddler {
    Meddler::start(None, |seen| {
        if seen.path == "/api/auth-tokens" {
            Act::answer(
                200,
                "application/json",
                r#"{"token":"t","expiration":null}"#,
            )
        } else {
            Act::answer(401, "text/plain", "")
        }
    })
}

fn names(sample: &Sample, server: &Meddler) {
    let text = format!("hippo-url = \"{}\"\n", server.origin());
    fs::write(sample.path().join("bowline.toml"), text).unwrap();
}

#[test]
fn a_project_can_not_lead_a_login_to_its_own_server() {
    let world = World::new();
    world.log_in();
    let thief = thief();
    names(&world.sample, &thief);
    let token = world.kept().unwrap();
    let bindle = world.platform.setting("BINDLE_SERVER_URL");
    let from = world.sample.path().to_str().unwrap();
    let plain = |verb: &str| {
        world
            .home
            .bowline([verb, "-f", from])
            .env("BINDLE_SERVER_URL", bindle)
    };
    let not_allowed = format!(
        "names {} as hippo-url, a server that you have not allowed",
        thief.origin()
    );
    // The kept login, one of variables, one of flags: none of them, by any verb that would send something.
    for verb in ["deploy", "plan", "login"] {
        plain(verb)
            .run()
            .fails(14, &[&not_allowed, "--allow-server"]);
        plain(verb)
            .env("HIPPO_USERNAME", "ann")
            .env("HIPPO_PASSWORD", "canary")
            .run()
            .fails(14, &[&not_allowed]);
        plain(verb)
            .arg("--hippo-token=canary")
            .run()
            .fails(14, &[&not_allowed]);
    }
    assert!(thief.seen().is_empty(), "{:?}", thief.seen());

    // Allowed, it gets what is given for this run, and still not the login that was kept for another server.
    let allow = format!("--allow-server={}", thief.origin());
    let ran = plain("plan").arg(&allow).run();
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("is not used: it is for"),
        "{}",
        ran.stderr
    );
    let sent = thief.seen();
    assert!(
        sent.iter().all(|seen| !seen.headers.contains(&token)),
        "{sent:?}"
    );
    plain("plan")
        .arg(&allow)
        .env("HIPPO_USERNAME", "ann")
        .env("HIPPO_PASSWORD", "canary")
        .run()
        .exit(4);
    assert!(
        thief
            .seen()
            .iter()
            .any(|seen| seen.path == "/api/auth-tokens")
    );

    // Nor does a secret setting that is kept for a server go to another one.
    let set = format!("hippo-url={}", world.line.origin());
    world
        .home
        .bowline(["env", "set", "default", &set, "hippo-token=kept-token"])
        .run()
        .success();
    let ran = plain("plan").arg(&allow).run();
    assert!(
        ran.stderr.contains("hippo-token that is kept"),
        "{}",
        ran.stderr
    );
    let sent = thief.seen();
    assert!(
        sent.iter().all(|seen| !seen.headers.contains("kept-token")),
        "{sent:?}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_that_was_allowed_once_is_not_asked_for_again() {
    use bowline_tests::terminal::Terminal;
    let world = World::new();
    names(&world.sample, &world.line);
    let plan = || {
        let from = world.sample.path().to_str().unwrap().to_owned();
        world
            .home
            .bowline(["plan", "-f", &from])
            .env(
                "BINDLE_SERVER_URL",
                world.platform.setting("BINDLE_SERVER_URL"),
            )
            .env("HIPPO_USERNAME", world.user())
            .env("HIPPO_PASSWORD", world.password())
    };
    let question = format!(
        "Allow {} in the environment 'default'?",
        world.line.origin()
    );
    let mut terminal = Terminal::start(plan(), 100);
    terminal.expect(&question).press("n");
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(14), "{seen}");
    assert!(world.line.seen().is_empty());
    let mut terminal = Terminal::start(plan(), 100);
    terminal.expect(&question).press("y");
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen}");
    plan().run().success();
    // In another environment it is another question, and it can be taken back.
    world
        .home
        .bowline(["env", "set", "staging"])
        .run()
        .success();
    plan()
        .arg("-e")
        .arg("staging")
        .run()
        .fails(14, &["'staging'"]);
    let forget = format!("--forget-server={}", world.line.origin());
    let set = world.home.bowline(["env", "set", "default", &forget]);
    set.run().success();
    plan().run().fails(14, &["have not allowed"]);
}

#[test]
fn what_a_project_sets_comes_after_flags_and_variables() {
    let home = Home::new();
    let sample = Sample::new();
    let manifest = sample.path().join("spin.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let table = "\n[application.tool.bowline]\nhippo-channel = \"canary\"\nother-region = \"x\"\n";
    fs::write(&manifest, format!("{text}{table}")).unwrap();
    let channel = |flag: Option<&str>, variable: Option<&str>| {
        let command = home
            .bowline(["settings", "-o", "json", "-f"])
            .arg(&manifest);
        let command = match flag {
            Some(flag) => command.arg(format!("--hippo-channel={flag}")),
            None => command,
        };
        let command = match variable {
            Some(variable) => command.env("HIPPO_CHANNEL", variable),
            None => command,
        };
        let ran = command.run().success();
        assert!(ran.stderr.contains("sets 'other-region'"), "{}", ran.stderr);
        let settings = ran.json("settings");
        let listed = settings["settings"].as_array().unwrap().clone();
        let channel = listed.into_iter().find(|it| it["name"] == "hippo-channel");
        let channel = channel.unwrap();
        (channel["value"].clone(), channel["source"]["kind"].clone())
    };
    assert_eq!(channel(Some("f"), Some("v")), (json!("f"), json!("flag")));
    assert_eq!(channel(None, Some("v")), (json!("v"), json!("variable")));
    assert_eq!(channel(None, None), (json!("canary"), json!("project")));

    fs::write(
        sample.path().join("bowline.toml"),
        "hippo-channel = \"x\"\n",
    )
    .unwrap();
    let both = ["both [application.tool.bowline]", "keep one of them"];
    home.bowline(["settings", "-f"])
        .arg(sample.path())
        .run()
        .fails(2, &both);
    fs::write(&manifest, text).unwrap();
    fs::write(
        sample.path().join("bowline.toml"),
        "hippo-password = \"canary\"\n",
    )
    .unwrap();
    let refused = home
        .bowline(["settings", "-f"])
        .arg(sample.path())
        .run()
        .fails(2, &["sets hippo-password, which is a secret"]);
    assert!(!refused.stderr.contains("canary"), "{}", refused.stderr);
}
