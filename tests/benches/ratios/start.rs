//! What it takes until the program answers something that needs no server: each a process of its own, against an empty one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use bowline_tests::command::Home;
use bowline_tests::programs;

use crate::measure::{heading, in_turn, ratio, timed};

const TIMES: usize = 51;
const AIM: &str = "the first line under 20 ms";

/// A variable that is set for a line, for completions those of the shells' scripts.
type Variable = (&'static str, &'static str);

const BASH: [Variable; 2] = [("BOWLINE_COMPLETE", "bash"), ("_CLAP_COMPLETE_INDEX", "2")];

/// The lines, and what each shows.
const LINES: [(&str, &[Variable], &[&str]); 9] = [
    ("bowline --version", &[], &["--version"]),
    ("bowline --help", &[], &["--help"]),
    (
        "bowline deploy --help, with the target's settings",
        &[],
        &["deploy", "--help"],
    ),
    ("bowline completions bash", &[], &["completions", "bash"]),
    (
        "completing the target's flags",
        &BASH,
        &["--", "bowline", "deploy", "--hip"],
    ),
    (
        "completing what there is, environments",
        &BASH,
        &["--", "bowline", "-e", ""],
    ),
    ("bowline settings", &[], &["settings"]),
    ("bowline env list", &[], &["env", "list"]),
    (
        "a flag that doesn't exist",
        &[],
        &["deploy", "--hippo-ulr", "http://localhost"],
    ),
];

pub fn run() {
    let home = Home::new();
    let empty = empty(home.path());
    // What the target says of itself is in the cache from now on, and the program in the system's.
    home.bowline(["deploy", "--help"]).run().success();
    heading(&format!(
        "Answers without a server, each a process, median of {TIMES}"
    ));
    for (name, variables, line) in LINES {
        let bowline = || {
            let mut command = Command::new(programs::bowline());
            command
                .env_clear()
                .env("BOWLINE_HOME", home.path())
                .envs(variables.iter().copied())
                .args(line);
            process(command)
        };
        let (ours, baseline) = in_turn(TIMES, bowline, || process(Command::new(&empty)));
        ratio(name, ours, "an empty Rust program", baseline, AIM);
    }
}

fn process(mut command: Command) -> Duration {
    command
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let (status, time) = timed(|| command.status());
    status.expect("the program can be started");
    time
}

/// Compiles a program that does nothing.
fn empty(folder: &Path) -> PathBuf {
    let (source, program) = (folder.join("empty.rs"), folder.join("empty"));
    std::fs::write(&source, "fn main() {}\n").expect("the folder can be written to");
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let compiled = Command::new(compiler)
        .args(["-O", "--edition", "2024", "-o"])
        .arg(&program)
        .arg(&source)
        .status()
        .expect("the compiler can be started");
    assert!(compiled.success(), "an empty program compiles");
    program
}
