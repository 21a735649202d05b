//! Stopping half-way, as with Ctrl-C in a terminal or with the SIGTERM that Spin sends to its plugins.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Server, World};

fn stopped_by(signal: Signal) {
    let world = World::with_application();
    let (hippo, bindle) = (Server::silent(), Server::silent());
    let mut child = world
        .command(
            &[
                "deploy",
                "--hippo-url",
                &hippo.url(),
                "--bindle-server",
                &bindle.url(),
                "--hippo-token",
                "canary",
            ],
            &[],
        )
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("Deploying shop 1.2.0+q") {
        line.clear();
        assert!(
            stderr.read_line(&mut line).unwrap() > 0,
            "it ended before it deployed"
        );
    }
    // The target waits for an answer that never comes.
    while hippo.connections() + bindle.connections() == 0 {
        std::thread::yield_now();
    }
    kill_process(Pid::from_child(&child), signal).unwrap();
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    let ended = world.ended(child.wait_with_output().unwrap());
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(130), ""),
        "{rest}"
    );
    assert!(
        rest.contains(
            "Stopping: letting running uploads end; press Ctrl-C again to stop at once\n"
        ),
        "{rest}"
    );
    assert!(rest.contains("error: stopped during: "), "{rest}");
    assert!(
        rest.ends_with("hint: run the same command again: it goes on from there\n"),
        "{rest}"
    );
}

#[test]
fn sigterm_ends_a_deployment_in_good_order() {
    stopped_by(Signal::TERM);
}

#[test]
fn sigint_ends_a_deployment_in_good_order() {
    stopped_by(Signal::INT);
}

/// A target that is fetched before anything else can begin.
#[test]
fn a_fetch_that_is_stopped_says_what_was_done() {
    for (arguments, words) in [
        (
            &["target", "add", "--name", "acme"][..],
            "error: stopped; what was installed or upgraded until then is kept, and nothing else was changed\n",
        ),
        (
            &["deploy", "--target"],
            "error: stopped before anything was sent to the platform\n",
        ),
        (
            &["plan", "--target"],
            "error: stopped before anything was sent to the platform\n",
        ),
    ] {
        let world = World::with_application();
        let registry = Server::silent();
        let reference = registry.url().replace("http://", "oci://") + "/acme/target:1";
        let mut line = arguments.to_vec();
        line.push(&reference);
        let child = world.command(&line, &[]).spawn().unwrap();
        while registry.connections() == 0 {
            std::thread::yield_now();
        }
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        let ended = world.ended(child.wait_with_output().unwrap());
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(130), ""),
            "{}",
            ended.stderr
        );
        assert!(
            ended.stderr.ends_with(&format!(
                "{words}hint: run the same command again: it goes on from there\n"
            )),
            "{}",
            ended.stderr
        );
    }
}
