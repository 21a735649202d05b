//! Credentials that are wrong, too old or too many.

use std::sync::atomic::{AtomicBool, Ordering};

use bowline_tests::command::{Bowline, Home};
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::platform::Platform;
use bowline_tests::programs::example;
use bowline_tests::readers::{Bindle, Hippo};
use bowline_tests::sample::Sample;
use bowline_tests::web;

/// `ann:right` in HTTP Basic authentication.
const RIGHT: &str = "Basic YW5uOnJpZ2h0";

fn hello(home: &Home, platform: &Platform) -> Bowline {
    home.deploy(&example("hello-rust"))
        .envs(platform.settings())
}

fn with_token(command: Bowline, token: &str) -> Bowline {
    command
        .without("HIPPO_USERNAME")
        .without("HIPPO_PASSWORD")
        .env("HIPPO_TOKEN", token)
}

#[tokio::test]
async fn a_token_that_hippo_does_not_take() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let refused = with_token(hello(&home, &platform), "canary-token")
        .run()
        .fails(4, &["Hippo refuses the token", "hippo-token"]);
    assert!(!refused.stderr.contains("canary"), "{}", refused.stderr);
    let hippo = Hippo::sign_in(&platform).await;
    assert_eq!(hippo.counts().await, (0, 0, 0));
    let pushed = Bindle::connect(&platform).invoices("hello-rust").await;
    assert_eq!(pushed.len(), 0, "Hippo is asked before anything is pushed");
    hello(&home, &platform).run().success();
}

#[tokio::test]
async fn a_token_that_expires_on_the_way_is_renewed() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    // Hippo's own 401 has no body.
    let expired = AtomicBool::new(false);
    let line = Meddler::start(Some(platform.address("HIPPO_URL")), move |seen| {
        let middle = seen.method == "POST" && seen.path.starts_with("/api/channels");
        if middle && !expired.swap(true, Ordering::Relaxed) {
            Act::Answer(
                b"HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec(),
            )
        } else {
            Act::Forward
        }
    });
    let deployed = hello(&home, &platform)
        .env("HIPPO_URL", line.origin())
        .run()
        .success();
    assert_eq!(web::get(&deployed.url(), "/hello/x").await.status, 200);

    let sent = |method: &str, path: &str| {
        let seen = line.seen();
        seen.iter()
            .filter(|seen| seen.method == method && seen.path == path)
            .count()
    };
    assert_eq!(sent("POST", "/api/auth-tokens"), 2);
    assert_eq!(sent("POST", "/api/apps"), 1);
    assert_eq!(sent("POST", "/api/channels"), 2, "the refused one as well");
    let hippo = Hippo::sign_in(&platform).await;
    assert_eq!(hippo.counts().await, (1, 1, 1));
    let bindle = Bindle::connect(&platform);
    assert_eq!(bindle.invoices("hello-rust").await.len(), 1);
}

#[tokio::test]
async fn a_token_that_is_never_taken_does_not_go_round_in_circles() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let line = Meddler::start(Some(platform.address("HIPPO_URL")), |seen| {
        if seen.path == "/api/auth-tokens" {
            Act::Forward
        } else {
            Act::answer(401, "text/plain", "")
        }
    });
    hello(&home, &platform)
        .env("HIPPO_URL", line.origin())
        .run()
        .fails(4, &["Hippo refuses the token"]);
    assert!(line.seen().len() <= 4, "{:?}", line.seen());
}

#[test]
fn a_token_together_with_a_user_is_refused_before_anything_starts() {
    let home = Home::new();
    let server = Meddler::start(None, |_| Act::answer(500, "text/plain", ""));
    // There is no such application, which nobody looks for.
    let refused = home
        .deploy(&home.path().join("nowhere"))
        .env("BINDLE_SERVER_URL", server.url())
        .env("HIPPO_URL", server.origin())
        .env("HIPPO_TOKEN", "canary-token")
        .env("HIPPO_USERNAME", "ann")
        .env("HIPPO_PASSWORD", "canary-password")
        .run()
        .fails(2, &["hippo-token and hippo-username", "unset HIPPO_TOKEN"]);
    assert!(!refused.stderr.contains("canary"), "{}", refused.stderr);
    assert!(server.seen().is_empty());
}

/// A Bindle server that asks who is pushing.
fn guarded(platform: &Platform) -> Meddler {
    Meddler::start(Some(platform.address("BINDLE_SERVER_URL")), |seen| {
        if seen.header("authorization") == Some(RIGHT) {
            Act::Forward
        } else {
            Act::refusal(401, "unauthorized")
        }
    })
}

#[tokio::test]
async fn the_bindle_server_refuses_the_user() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let bindle = guarded(&platform);
    let push = |command: Bowline, password: Option<&str>| {
        let command = command.env("BINDLE_SERVER_URL", bindle.url());
        match password {
            Some(password) => command
                .env("BINDLE_USERNAME", "ann")
                .env("BINDLE_PASSWORD", password)
                .run(),
            None => command.run(),
        }
    };

    let names = ["--bindle-username", "--bindle-password"];
    let refused =
        push(hello(&home, &platform), Some("canary-wrong")).fails(4, &[names[0], names[1]]);
    assert!(!refused.stderr.contains("canary"), "{}", refused.stderr);
    push(hello(&home, &platform), None).fails(4, &["asks for credentials", names[0], names[1]]);
    let hippo = Hippo::sign_in(&platform).await;
    assert_eq!(hippo.counts().await, (0, 0, 0));

    push(hello(&home, &platform), Some("right")).success();
    assert_eq!(hippo.counts().await, (1, 1, 1));
}

#[test]
fn hippo_is_not_asked_for_a_login_because_the_bindle_server_wants_one() {
    let home = Home::new();
    let sample = Sample::new();
    let page = r#"{"items":[],"totalItems":0,"pageIndex":0,"pageSize":50,"isLastPage":true}"#;
    let hippo = Meddler::start(None, move |_| Act::answer(200, "application/json", page));
    let bindle = Meddler::start(None, |_| Act::refusal(401, "unauthorized"));
    home.deploy(sample.path())
        .env("BINDLE_SERVER_URL", bindle.url())
        .env("HIPPO_URL", hippo.origin())
        .env("HIPPO_TOKEN", "good")
        .run()
        .fails(4, &["asks for credentials", "--bindle-username"]);
    let paths: Vec<_> = hippo.seen().into_iter().map(|seen| seen.path).collect();
    assert!(
        paths.iter().all(|path| path.starts_with("/api/apps")),
        "{paths:?}"
    );
}
