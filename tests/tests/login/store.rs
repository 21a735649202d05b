//! What is kept: by several at once, of odd passwords, in files that others touched, and with a keyring that says nothing.

use std::fs;

use bowline_tests::command::Home;
use bowline_tests::meddler::{Act, Meddler};

use crate::world::World;

#[test]
fn logins_are_told_in_json() {
    let world = World::new();
    let ran = world
        .bowline(&["login", "-o", "json"])
        .env("HIPPO_USERNAME", world.user())
        .env("HIPPO_PASSWORD", world.password())
        .run()
        .success();
    let login = ran.json("login");
    assert_eq!(login["kept_in"], "file");
    assert_eq!(login["clock_differs"], false);
    let ran = world.bowline(&["whoami", "-o", "json"]).run().success();
    let who = ran.json("whoami");
    for told in [&login, &who] {
        assert_eq!(told["who"]["hippo-username"], world.user());
    }
    assert_eq!(who["by"]["kind"], "login");
    assert_eq!(who["expires_at"], login["expires_at"]);
    let token = world.token();
    let ran = world
        .bowline(&["whoami", "-o", "json"])
        .env("HIPPO_TOKEN", &token)
        .run()
        .success();
    assert_eq!(ran.json("whoami")["by"]["kind"], "setting");
    assert!(!ran.stdout.contains(&token));
}

#[test]
fn a_login_takes_the_place_of_a_kept_token() {
    let world = World::new();
    world
        .bowline(&["env", "set", "default", "hippo-token=@-"])
        .arg(format!("hippo-url={}", world.line.origin()))
        .run_with(b"e30.e30.old")
        .success();
    let ran = world.log_in();
    assert!(
        ran.stderr.contains("hippo-token that was kept"),
        "{}",
        ran.stderr
    );
    let ran = world.bowline(&["whoami", "-o", "json"]).run().success();
    assert_eq!(ran.json("whoami")["by"]["kind"], "login");
    world.plan(&[]).run().success();
}

#[test]
fn several_logins_at_once_leave_whole_files() {
    let world = World::new();
    std::thread::scope(|scope| {
        for at in 0..4 {
            let world = &world;
            scope.spawn(move || {
                let environment = format!("env-{at}");
                world
                    .bowline(&["login", "-e", &environment])
                    .env("HIPPO_USERNAME", world.user())
                    .env("HIPPO_PASSWORD", world.password())
                    .run()
                    .success();
            });
        }
    });
    for at in 0..4 {
        let environment = format!("env-{at}");
        world
            .bowline(&["whoami", "-e", &environment])
            .run()
            .success();
        world.plan(&["-e", &environment]).run().success();
    }
    assert_eq!(world.logins(), 4);
    let out = world
        .home
        .bowline(["logout", "--all", "-o", "json"])
        .run()
        .success()
        .json("logout");
    let out = out["environments"].as_array().unwrap();
    assert_eq!(out.iter().filter(|it| it["logged_out"] == true).count(), 4);
    world
        .bowline(&["whoami", "-e", "env-1"])
        .run()
        .fails(4, &["nobody is logged in"]);
}

#[test]
fn a_password_may_hold_anything() {
    let odd = "quote\" ' \\ line\nend\ttab ümlaut 密碼 & = % + @";
    let home = Home::new();
    let file = home.path().join("password");
    fs::write(&file, format!("{odd}\n")).unwrap();
    let server = Meddler::start(None, |_| {
        Act::answer(
            200,
            "application/json",
            r#"{"token":"t","expiration":null}"#,
        )
    });
    let login = |how: &str| {
        let command = home
            .bowline(["login", "--hippo-username", "ann"])
            .env("HIPPO_URL", server.origin());
        match how {
            "variable" => command.env("HIPPO_PASSWORD", odd).run().success(),
            "file" => command
                .arg(format!("--hippo-password=@{}", file.display()))
                .run()
                .success(),
            "flag" => command.arg("--hippo-password").arg(odd).run().success(),
            _ => command
                .arg("--hippo-password-stdin")
                .run_with(odd.as_bytes())
                .success(),
        }
    };
    let mut lengths = Vec::new();
    for how in ["variable", "file", "flag", "stdin"] {
        let ran = login(how);
        assert!(!ran.stdout.contains("ümlaut") && !ran.stderr.contains("ümlaut"));
        lengths.push(server.seen().last().unwrap().length.unwrap());
    }
    let body = serde_json::json!({"userName": "ann", "password": odd}).to_string();
    assert_eq!(
        lengths,
        [body.len() as u64; 4],
        "the same password each time"
    );
}

#[test]
fn a_damaged_file_of_credentials_is_told_and_left() {
    let world = World::new();
    world.log_in();
    let whole = fs::read_to_string(world.credentials()).unwrap();
    let token = world.kept().unwrap();
    for damaged in [&whole[..whole.len() / 2], "{\"not\": \"ours\"}", "\u{0}"] {
        fs::write(world.credentials(), damaged).unwrap();
        for line in [&["whoami"][..], &["logout"], &["login"], &["env", "list"]] {
            let ran = world
                .bowline(line)
                .env("HIPPO_USERNAME", world.user())
                .env("HIPPO_PASSWORD", world.password())
                .run()
                .fails(2, &["credentials.toml can't be used", "move it away"]);
            assert!(!ran.stderr.contains(&token), "{}", ran.stderr);
        }
        assert_eq!(fs::read_to_string(world.credentials()).unwrap(), damaged);
    }
    // Others could read it: it is closed, said, and used.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::write(world.credentials(), &whole).unwrap();
        fs::set_permissions(world.credentials(), fs::Permissions::from_mode(0o644)).unwrap();
        let ran = world.bowline(&["whoami"]).run().success();
        assert!(
            ran.stderr.contains("it is yours alone now"),
            "{}",
            ran.stderr
        );
        let again = world.bowline(&["whoami"]).run().success();
        assert_eq!(again.stderr, "");
    }
}

/// A D-Bus session whose door is open and where nobody answers.
#[cfg(target_os = "linux")]
#[test]
fn a_keyring_that_says_nothing_is_not_waited_for() {
    use std::os::unix::net::UnixListener;
    let home = Home::new();
    let server = Meddler::start(None, |_| {
        Act::answer(
            200,
            "application/json",
            r#"{"token":"canary","expiration":null}"#,
        )
    });
    let socket = home.path().join("bus");
    let silent = UnixListener::bind(&socket).unwrap();
    let bus = format!("unix:path={}", socket.display());
    let login = |line: &[&str]| {
        home.bowline([&["login"], line].concat())
            .env("HIPPO_URL", server.origin())
            .env("HIPPO_USERNAME", "ann")
            .env("HIPPO_PASSWORD", "pw")
            // As without BOWLINE_HOME, which says that everything is in its folder.
            .without("BOWLINE_HOME")
            .env("HOME", home.path())
            .env("XDG_RUNTIME_DIR", home.path())
            .env("DBUS_SESSION_BUS_ADDRESS", &bus)
    };
    let ran = login(&["-v"]).run().success();
    assert!(ran.stdout.contains("kept in a file"), "{}", ran.stdout);
    assert!(
        ran.stderr.contains("no keyring takes the secret"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("did not answer within"),
        "{}",
        ran.stderr
    );
    let file = home
        .path()
        .join(".config/bowline/credentials/credentials.toml");
    assert!(fs::read_to_string(&file).unwrap().contains("canary"));
    // Without -v it is no matter; and where the user wants nothing but the keyring, it is an error.
    drop(silent);
    fs::remove_file(&socket).unwrap();
    let quiet = login(&[]).run().success();
    assert!(!quiet.stderr.contains("keyring"), "{}", quiet.stderr);
    login(&[])
        .env("BOWLINE_CREDENTIALS", "keyring")
        .run()
        .exit(1);
}
