//! Servers that can't be used.

use crate::support::{Ended, Server, World, closed_port};

/// A web server that has nothing to do with deploying.
fn web_site() -> Server {
    Server::answering("text/html", "<html><body>hello</body></html>")
}

/// Says what Hippo says to those who ask for applications, channels or revisions while there are none.
fn empty_hippo() -> Server {
    let page = r#"{"items":[],"totalItems":0,"pageIndex":0,"pageSize":50,"isLastPage":true}"#;
    Server::answering("application/json", page)
}

/// Deploys with a token that must not be seen anywhere.
fn deploy(hippo: &str, bindle: &str) -> Ended {
    let world = World::with_application();
    let ended = world.run(
        &[
            "deploy",
            "--hippo-url",
            hippo,
            "--bindle-server",
            bindle,
            "--hippo-token",
            "canary-token",
        ],
        &[
            ("BINDLE_USERNAME", "ann"),
            ("BINDLE_PASSWORD", "canary-password"),
        ],
    );
    assert_eq!(ended.stdout, "");
    assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
    ended
}

#[test]
fn hippo_is_not_there() {
    let (hippo, bindle) = (closed_port(), web_site());
    let ended = deploy(&hippo, &bindle.url());
    assert_eq!(ended.code, Some(8), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains(&format!("can't reach {hippo}: connection refused")),
        "{}",
        ended.stderr
    );
    assert_eq!(
        bindle.connections(),
        0,
        "nothing is pushed for a platform that isn't there"
    );
}

#[test]
fn hippo_is_something_else() {
    let (hippo, bindle) = (web_site(), web_site());
    let ended = deploy(&hippo.url(), &bindle.url());
    assert_eq!(ended.code, Some(13), "{}", ended.stderr);
    assert!(ended.stderr.contains("hippo-url"), "{}", ended.stderr);
}

#[test]
fn bindle_is_not_there() {
    let (hippo, bindle) = (empty_hippo(), closed_port());
    let ended = deploy(&hippo.url(), &bindle);
    assert_eq!(ended.code, Some(8), "{}", ended.stderr);
    let stderr = ended.stderr.replace(&bindle, "[BINDLE]");
    insta::with_settings!({filters => vec![(r"\+q[0-9a-f]{16}", "[DIGEST]")]}, {
        insta::assert_snapshot!(stderr, @r"
        Reading the application
        Deploying shop 1.2.0[DIGEST] with 'hippo'
        Pushing 'shop' 1.2.0[DIGEST] to Bindle
        error: the Bindle server is not available: can't reach [BINDLE]: connection refused
        hint: is the platform of this machine running? `bowline local up` starts it; then run the same command again
        ");
    });
}

#[test]
fn bindle_is_something_else() {
    let (hippo, bindle) = (empty_hippo(), web_site());
    let ended = deploy(&hippo.url(), &bindle.url());
    assert_eq!(ended.code, Some(13), "{}", ended.stderr);
    let stderr = ended.stderr.replace(&bindle.url(), "[BINDLE]");
    insta::with_settings!({filters => vec![(r"\+q[0-9a-f]{16}", "[DIGEST]")]}, {
        insta::assert_snapshot!(stderr, @r"
        Reading the application
        Deploying shop 1.2.0[DIGEST] with 'hippo'
        Pushing 'shop' 1.2.0[DIGEST] to Bindle
        error: [BINDLE] does not answer like a Bindle server (status 200: <html><body>hello</body></html>): check the bindle server address, it mostly ends in /v1
        ");
    });
}
