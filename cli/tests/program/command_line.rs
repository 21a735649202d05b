//! Flags, variables, help and versions.

use std::path::Path;

use crate::support::{SERVERS, World};

#[test]
fn the_version_needs_no_wasm_and_no_folder() {
    let world = World::new();
    let home = world.path().join("home");
    let ended = world.run(&["--version"], &[("BOWLINE_HOME", home.to_str().unwrap())]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(
        ended.stdout,
        format!("bowline {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert!(!home.exists());
}

#[test]
fn without_a_verb_the_help_is_shown() {
    let ended = World::new().run(&[], &[]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("Usage: bowline"), "{}", ended.stderr);
}

#[test]
fn errors_are_results_to_those_who_read_json() {
    let world = World::new();
    for (line, message) in [
        (
            &["-o", "json", "deploy", "--nonsense"][..],
            "unexpected argument '--nonsense' found",
        ),
        (
            &["deploy", "--target", "none.wasm", "--output=json"],
            "can't read the target none.wasm",
        ),
    ] {
        let ended = world.run(line, &[]);
        let read: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        let error = &read["error"];
        assert_eq!(error["exit"], ended.code.unwrap(), "{read}");
        assert!(
            error["message"].as_str().unwrap().starts_with(message),
            "{read}"
        );
        assert_eq!(ended.stderr, "", "{line:?}");
    }
}

#[test]
fn limits_are_set_by_name() {
    let world = World::new();
    let file = world.path().join("small.wasm");
    std::fs::write(&file, vec![0; 2_000]).unwrap();
    let file = file.to_str().unwrap();
    for (limit, code, message) in [
        (
            "memry=64MiB",
            2,
            "there is no limit 'memry'; did you mean 'memory'?",
        ),
        ("memory=64", 2, "the limit 'memory' can't be 64 bytes"),
        (
            "memory",
            2,
            "--limit needs a name and a value, and 'memory' has no '='",
        ),
        (
            "component-size=1KiB",
            11,
            "it goes beyond the limit 'component-size': a component of more than 1 KiB",
        ),
        ("component-size=2KiB", 12, "it is not WebAssembly"),
    ] {
        let ended = world.run(&["deploy", "--target", file, "--limit", limit], &[]);
        assert_eq!(ended.code, Some(code), "{limit}: {}", ended.stderr);
        assert!(ended.stderr.contains(message), "{limit}: {}", ended.stderr);
    }
}

#[test]
fn descriptions_are_kept_for_the_next_help() {
    let world = World::new();
    let home = world.path().join("home");
    let run = || {
        world.run(
            &["deploy", "--help"],
            &[("BOWLINE_HOME", home.to_str().unwrap())],
        )
    };
    let first = run();
    assert_eq!((first.code, first.stderr.as_str()), (Some(0), ""));
    assert!(
        first.stdout.contains("--hippo-url <URL>"),
        "{}",
        first.stdout
    );
    let names = |folder: &Path| -> Vec<_> {
        std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect()
    };
    let descriptions = names(&home.join("cache/descriptions"));
    assert_eq!(descriptions.len(), 1);
    // The second help is made from the file: what it says is what is shown, and nothing is compiled.
    let text = std::fs::read_to_string(&descriptions[0]).unwrap();
    std::fs::write(
        &descriptions[0],
        text.replace("URL of the Hippo server", "Where Hippo is"),
    )
    .unwrap();
    std::fs::remove_dir_all(home.join("cache/compiled")).unwrap();
    assert!(run().stdout.contains("Where Hippo is"));
    assert!(!home.join("cache/compiled").exists());
}

#[cfg(unix)]
#[test]
fn folders_and_files_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let home = world.path().join("home");
    let ended = world.run(
        &["deploy", "--help"],
        &[("BOWLINE_HOME", home.to_str().unwrap())],
    );
    assert_eq!(ended.code, Some(0));
    let mut folders = vec![home];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        assert_eq!(
            std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777,
            0o700,
            "{folder:?}"
        );
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files += 1;
                assert_eq!(
                    std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                    0o600,
                    "{path:?}"
                );
            }
        }
    }
    assert_eq!(files, 2, "the compiled code and the description");
}

#[test]
fn an_unknown_flag_suggests_the_nearest() {
    let ended = World::with_application().run(&["deploy", "--hippo-ur", "http://a"], SERVERS);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(ended.stderr, @r"
    error: unexpected argument '--hippo-ur' found

      tip: a similar argument exists: '--hippo-url'

    Usage: bowline deploy --hippo-url <URL>

    For more information, try '--help'.
    ");
}

#[test]
fn missing_settings_are_named_with_flag_and_variable() {
    let ended = World::with_application().run(&["deploy"], &[("HIPPO_URL", "")]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(ended.stderr, @r"
    error: the settings bindle-server and hippo-url have no value
    hint: set --bindle-server or BINDLE_SERVER_URL: URL of the Bindle server that the application is pushed to
    hint: set --hippo-url or HIPPO_URL: URL of the Hippo server
    hint: or try it on this machine: `bowline local up` starts a platform and says how to deploy to it
    ");
}

#[test]
fn somebody_with_a_platform_at_hand_is_told_of_its_settings() {
    let world = World::with_application();
    let local = world.path().join("state/local");
    std::fs::create_dir_all(&local).unwrap();
    std::fs::write(local.join("env"), "").unwrap();
    let home = ("BOWLINE_HOME", world.path().to_str().unwrap());
    let hint = "hint: or, for the platform of `bowline local up`, run `. [FOLDER]/state/local/env` first\n";
    let ended = world.run(&["deploy"], &[home]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.ends_with(hint), "{}", ended.stderr);
    // Who names one of the servers has a platform in mind.
    let ended = world.run(&["deploy"], &[home, ("HIPPO_URL", "http://127.0.0.1:9")]);
    assert_eq!(ended.code, Some(2));
    assert!(!ended.stderr.contains("local up"), "{}", ended.stderr);
}

#[test]
fn token_and_username_exclude_each_other_whatever_they_come_from() {
    let variables = [SERVERS, &[("HIPPO_TOKEN", "canary-token")]].concat();
    let ended = World::with_application().run(&["deploy", "--hippo-username", "ann"], &variables);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(ended.stderr, @r"
    error: hippo-token and hippo-username can't be given together: hippo-token comes from the variable HIPPO_TOKEN, hippo-username from the flag --hippo-username
    hint: keep one of them: unset HIPPO_TOKEN, or leave out --hippo-username
    ");
    assert!(!ended.stderr.contains("canary"));
}

#[test]
fn values_are_checked_before_anything_starts() {
    // There is no application in this folder, which nobody has noticed yet.
    let ended = World::new().run(&["deploy", "--hippo-url", "hippo.example.com"], SERVERS);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(ended.stderr, @"error: the value of --hippo-url is not a URL that begins with http:// or https://: 'hippo.example.com'");
}

#[test]
fn colours_are_shown_when_asked_for_and_never_against_no_color() {
    let world = World::new();
    let plain = world.run(&["deploy"], SERVERS);
    assert!(!plain.stderr.contains('\u{1b}'), "{}", plain.stderr);
    let forced = [SERVERS, &[("CLICOLOR_FORCE", "1")]].concat();
    let coloured = world.run(&["deploy"], &forced);
    assert!(coloured.stderr.contains("\u{1b}["), "{}", coloured.stderr);
    let refused = [SERVERS, &[("NO_COLOR", "1")]].concat();
    assert!(!world.run(&["deploy"], &refused).stderr.contains('\u{1b}'));
}

#[test]
fn a_relative_home_is_refused() {
    let ended = World::new().run(&["deploy"], &[("BOWLINE_HOME", "here")]);
    assert_eq!(ended.code, Some(2));
    insta::assert_snapshot!(ended.stderr, @r"
    error: BOWLINE_HOME is not an absolute path: here
    hint: give BOWLINE_HOME a path that starts at the root, or unset it
    ");
}

#[test]
fn the_platform_is_looked_for_beside_the_program_and_on_the_path() {
    let world = World::new();
    // A copy of the program, with nothing beside it.
    let alone = world.path().join("bowline");
    std::fs::copy(env!("CARGO_BIN_EXE_bowline"), &alone).unwrap();
    let run = |path: &str| {
        let mut command = std::process::Command::new(&alone);
        command
            .args([
                "local",
                "up",
                "-v",
                "--data",
                "data",
                "--listen",
                "127.0.0.1:1",
            ])
            .current_dir(world.path());
        command
            .env_clear()
            .env("PATH", path)
            .env("USER", "ann")
            .env("BOWLINE_HOME", world.path().join("home"));
        world.ended(command.output().unwrap())
    };
    let missing = run("");
    assert_eq!(missing.code, Some(6));
    insta::assert_snapshot!(missing.stderr, @r"
    error: the program bowline-local is neither beside bowline nor on the PATH
    hint: put it into [FOLDER], where bowline is
    ");

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::create_dir(world.path().join("bin")).unwrap();
        let program = world.write("bin/bowline-local", "#!/bin/sh\necho \"$@\"\nexit 42\n");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let found = run(world.path().join("bin").to_str().unwrap());
        assert_eq!((found.code, found.stderr.as_str()), (Some(42), ""));
        let (before, key) = found
            .stdout
            .trim_end()
            .split_once(" --trust-key ann=")
            .unwrap();
        assert_eq!(before, "up --data data");
        let (key, after) = key.split_once(' ').unwrap();
        assert_eq!(key.len(), 44, "an Ed25519 public key in base64: {key}");
        assert_eq!(after, "--listen 127.0.0.1:1 -v");
    }
}
