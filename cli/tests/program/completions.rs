//! Completions, asked for as a shell asks for them.

use std::path::Path;
use std::process::Command;

use crate::support::World;

/// Runs the real bash with the script in force, and returns what it would offer for the last of these words.
fn bash(world: &World, words: &[&str]) -> Vec<String> {
    let program = Path::new(env!("CARGO_BIN_EXE_bowline")).parent().unwrap();
    let script = r#"
        source <(bowline completions bash) || exit 1
        complete -p bowline > /dev/null || exit 2
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_TYPE=9
        _clap_complete_bowline bowline "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let mut command = Command::new("bash");
    let plain = world.command(&[], &[]);
    command
        .args(["--norc", "--noprofile", "-c", script, "bash"])
        .args(words)
        .current_dir(world.path())
        .env_clear()
        .envs(
            plain
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("PATH", format!("{}:/usr/bin:/bin", program.display()));
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn bash_completes_verbs_flags_and_live_values() {
    let world = World::with_application();
    world.write("acme.wasm", "");
    let manifest = std::fs::read_to_string(world.path().join("spin.toml")).unwrap();
    let profile = "[component.front.profile.debug]\nsource = \"front.wasm\"\n";
    world.write("spin.toml", manifest + profile);
    let offered = |words: &[&str], expected: &[&str]| {
        assert_eq!(bash(&world, words), expected, "{words:?}");
    };
    offered(&["bowline", "dep"], &["deploy"]);
    offered(&["bowline", "journal", "l"], &["list"]);
    offered(&["bowline", "-o", "j"], &["json"]);
    offered(&["bowline", "completions", "z"], &["zsh"]);
    // A flag of the target in force, which no line of the program itself knows.
    offered(
        &["bowline", "deploy", "--hippo-u"],
        &["--hippo-url", "--hippo-username"],
    );
    // Files that can be targets, and the built-in one.
    offered(&["bowline", "deploy", "--target", "h"], &["hippo"]);
    offered(&["bowline", "deploy", "--target", "ac"], &["acme.wasm"]);
    offered(&["bowline", "target", "show", "hi"], &["hippo"]);
    offered(&["bowline", "deploy", "-e", "def"], &["default"]);
    offered(
        &["bowline", "deploy", "--limit", "mem"],
        &["memory=", "memories="],
    );
    offered(&["bowline", "deploy", "-f", "spi"], &["spin.toml"]);
    offered(&["bowline", "deploy", "--profile", ""], &["debug"]);
    // Nothing is offered where nothing is known.
    offered(&["bowline", "deploy", "--acme"], &[]);
}

#[test]
fn installed_targets_environments_and_runs_are_offered() {
    let world = World::new();
    let home = world.path().join("home");
    let approvals = home.join("config");
    std::fs::create_dir_all(&approvals).unwrap();
    std::fs::write(
        approvals.join("approvals.toml"),
        format!(
            "version = 1\n[[approval]]\ntarget = \"sha256:{}\"\nname = \"acme\"\nenvironment = \"staging\"\n[approval.approved]\n",
            "0".repeat(64)
        ),
    )
    .unwrap();
    let mut command = world.command(
        &["--", "bowline", "deploy", "--environment-name", ""],
        &[
            ("BOWLINE_HOME", home.to_str().unwrap()),
            ("BOWLINE_COMPLETE", "fish"),
        ],
    );
    let ended = world.ended(command.output().unwrap());
    assert_eq!(
        (ended.code, ended.stdout.as_str(), ended.stderr.as_str()),
        (Some(0), "default\nstaging\n", "")
    );
    // Nothing was compiled for the answer, or kept.
    assert!(!home.join("cache").exists());
}

#[test]
fn every_shell_is_answered_and_others_are_not() {
    let world = World::new();
    for (shell, code, offers) in [
        ("bash", 0, "deploy"),
        ("zsh", 0, "deploy"),
        ("fish", 0, "deploy"),
        ("tcsh", 2, ""),
    ] {
        let ended = world.run(
            &["--", "bowline", "depl"],
            &[("BOWLINE_COMPLETE", shell), ("_CLAP_COMPLETE_INDEX", "1")],
        );
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (Some(code), ""),
            "{shell}"
        );
        assert!(
            ended.stdout.starts_with(offers),
            "{shell}: {}",
            ended.stdout
        );
    }
    let ended = world.run(&["completions", "tcsh"], &[]);
    assert_eq!(ended.code, Some(2));
}
