//! What Bowline costs, each time against a named baseline that is measured in the same run. docs/benchmarks.md says what
//! the lines mean.
//!
//! `ratios [deploy] [http] [large] [packing] [push] [start] [archives]` measures these, or everything. `ratios child ...` is how it starts itself, where
//! a thing has to be measured in a process of its own.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::panic,
    reason = "a program that measures writes what it found, and can't go on when something fails"
)]

mod child;
mod deploy;
mod guest_http;
mod large_target;
mod measure;
mod native;
mod packing;
mod push;
mod start;

/// That of bowline.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A group of measurements and its name on the command line.
const GROUPS: [(&str, fn()); 7] = [
    ("deploy", deploy::run),
    ("http", guest_http::run),
    ("large", large_target::run),
    ("packing", packing::run),
    ("push", push::run),
    ("start", start::run),
    ("archives", push::archives),
];

fn main() {
    // cargo adds its own flags.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    if let Some((first, rest)) = arguments.split_first()
        && first == "child"
    {
        return child::main(rest);
    }
    let known = |name: &String| GROUPS.iter().any(|(group, _)| group == name);
    if let Some(unknown) = arguments.iter().find(|name| !known(name)) {
        panic!(
            "there is no group '{unknown}': leave it out, or name some of deploy, http, large, packing, push, start, archives"
        );
    }
    log();
    facts();
    for (name, run) in GROUPS {
        if arguments.is_empty() || arguments.iter().any(|argument| argument == name) {
            run();
        }
    }
}

/// As in bowline without flags: libraries are asked for nothing below warnings.
fn log() {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .finish();
    tracing::subscriber::set_global_default(subscriber).expect("there is no other");
}

/// What the figures depend on.
fn facts() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let profile = if cfg!(debug_assertions) {
        "debug (the figures say nothing)"
    } else {
        "release"
    };
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    println!(
        "{} {}, {cores} cores, load {load}, profile {profile}",
        std::env::consts::OS,
        std::env::consts::ARCH
    );
}
