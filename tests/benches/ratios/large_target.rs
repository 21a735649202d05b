//! Loading a target that brings an interpreter along, and looking at it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use bowline_host::{Artifact, Engine, EngineOptions, Target};
use bowline_tests::command::Home;
use bowline_tests::programs::foreign_target;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Runtime;

use crate::measure::{figure, heading, in_turn, median, ratio, time, timed};

const TIMES: usize = 31;

pub fn run() {
    for (language, name) in [("JavaScript", "depot-js"), ("Python", "depot-py")] {
        let file = foreign_target(name);
        let size = file.metadata().expect("it has a size").len();
        heading(&format!(
            "The example target in {language}, {:.1} MB, median of {TIMES}",
            size as f64 / 1e6
        ));
        let home = Home::new();
        let options = EngineOptions::with_cache(home.path().join("cache").join("compiled"));
        let (_, compiling) = timed(|| load(&options, &file));
        figure("compiling it, once", time(compiling), "");
        loading(&options, &file);
        inspecting(&home, &file);
    }
}

fn load(options: &EngineOptions, file: &Path) -> Target {
    let engine = Engine::new(options).expect("there is an engine");
    let artifact = Artifact::read(file).expect("it is a target");
    Target::load(&engine, artifact).expect("it can be loaded")
}

/// Reads a file and hashes it: what has to be done at least before it is known which file it is.
fn hash(file: &Path) -> Duration {
    let hash = || Sha256::digest(std::fs::read(file).expect("it can be read"));
    let (digest, time) = timed(hash);
    assert_eq!(digest.len(), 32);
    time
}

fn loading(options: &EngineOptions, file: &Path) {
    let (loaded, hashed) = in_turn(TIMES, || timed(|| load(options, file)).1, || hash(file));
    ratio(
        "loading it from the cache of compiled code",
        loaded,
        "reading and hashing the file",
        hashed,
        "",
    );
    figure("  loading", time(loaded), "under 60 ms");

    let runtime = Runtime::new().expect("a runtime can be made");
    let mut parts = [const { Vec::new() }; 3];
    for _ in 0..TIMES {
        let engine = Engine::new(options).expect("there is an engine");
        let (artifact, checking) = timed(|| Artifact::read(file).expect("it is a target"));
        let (target, linking) =
            timed(|| Target::load(&engine, artifact).expect("it can be loaded"));
        let (described, describing) = timed(|| runtime.block_on(target.describe()));
        described.expect("it is described");
        for (part, time) in parts.iter_mut().zip([checking, linking, describing]) {
            part.push(time);
        }
    }
    let names = [
        "  of it: read, hash and outline",
        "  of it: cached machine code and linking",
        "instance and `describe`, after that",
    ];
    for (name, part) in names.into_iter().zip(parts) {
        figure(name, time(median(part)), "");
    }
}

/// Both as programs of their own, with their start.
fn inspecting(home: &Home, file: &Path) {
    let inspect = || {
        let command = home.bowline(["target", "inspect"]).arg(file);
        let (ran, time) = timed(|| command.run());
        ran.success();
        time
    };
    let sum = || {
        let mut command = Command::new("sha256sum");
        command.arg(file).stdout(Stdio::null());
        let (status, time) = timed(|| command.status());
        assert!(status.expect("sha256sum can be started").success());
        time
    };
    let (inspected, summed) = in_turn(TIMES, inspect, sum);
    ratio(
        "`bowline target inspect`, the whole process",
        inspected,
        "sha256sum of the file",
        summed,
        "",
    );
    figure("  inspecting", time(inspected), "under 300 ms");
}
