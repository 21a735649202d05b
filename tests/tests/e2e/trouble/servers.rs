//! Servers that are not there, are something else, or never come to an end.

use std::net::{SocketAddr, TcpListener};

use bowline_tests::command::{Home, Ran};
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::platform::Platform;
use bowline_tests::programs::example;
use bowline_tests::readers::Hippo;
use bowline_tests::web;

const HTML: &str = "<!doctype html><title>Welcome to nginx</title>";

/// Nobody listens there.
fn deserted() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// An answer that promises more than it brings.
fn truncated(media_type: &str, beginning: &str) -> Act {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\n");
    Act::Answer(format!("{head}content-length: 100000\r\n\r\n{beginning}").into_bytes())
}

/// An answer without end.
fn endless(media_type: &str) -> Act {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\n\r\n");
    Act::AnswerForEver(format!("{head}{}", " ".repeat(256 * 1024)).into_bytes())
}

/// Deploys with one of the servers replaced, which fails; then as it should be, which goes well.
async fn first_with(variable: &str, url: &str, judge: impl Fn(Ran)) {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let hello = example("hello-rust");
    judge(
        home.deploy(&hello)
            .envs(platform.settings())
            .env(variable, url)
            .run(),
    );
    let hippo = Hippo::sign_in(&platform).await;
    assert_eq!(hippo.counts().await, (0, 0, 0), "nothing was created");
    let deployed = home
        .deploy(&hello)
        .envs(platform.settings())
        .run()
        .success();
    assert_eq!(web::get(&deployed.url(), "/hello/x").await.status, 200);
    assert_eq!(hippo.counts().await, (1, 1, 1));
}

#[tokio::test]
async fn hippo_is_not_there() {
    let url = format!("http://{}", deserted());
    first_with("HIPPO_URL", &url, |ran| {
        ran.fails(8, &["can't reach", &url, "connection refused", "hint: "]);
    })
    .await;
}

#[tokio::test]
async fn bindle_is_not_there() {
    let url = format!("http://{}/v1", deserted());
    first_with("BINDLE_SERVER_URL", &url, |ran| {
        let origin = url.trim_end_matches("/v1");
        ran.fails(8, &["can't reach", origin, "connection refused", "hint: "]);
    })
    .await;
}

#[tokio::test]
async fn hippo_is_a_web_site() {
    let site = Meddler::start(None, |_| Act::answer(200, "text/html", HTML));
    first_with("HIPPO_URL", &site.origin(), |ran| {
        ran.fails(13, &["hippo-url"]);
    })
    .await;
}

#[tokio::test]
async fn hippo_is_a_web_site_without_such_pages() {
    let site = Meddler::start(None, |_| Act::answer(404, "text/html", HTML));
    first_with("HIPPO_URL", &site.origin(), |ran| {
        ran.fails(13, &["'Not Found'", "0.19 or later at hippo-url"]);
    })
    .await;
}

#[tokio::test]
async fn bindle_is_a_web_site() {
    let site = Meddler::start(None, |_| Act::answer(200, "text/html", HTML));
    first_with("BINDLE_SERVER_URL", &site.url(), |ran| {
        ran.fails(
            13,
            &[
                &site.origin(),
                "does not answer like a Bindle server",
                "/v1",
            ],
        );
    })
    .await;
}

#[tokio::test]
async fn hippo_breaks_off() {
    let hippo = Meddler::start(None, |_| truncated("application/json", r#"{"token":"#));
    first_with("HIPPO_URL", &hippo.origin(), |ran| {
        ran.fails(8, &["hint: "]);
    })
    .await;
}

#[tokio::test]
async fn bindle_breaks_off() {
    let bindle = Meddler::start(None, |_| truncated("application/toml", "bindleVersion"));
    first_with("BINDLE_SERVER_URL", &bindle.url(), |ran| {
        ran.fails(8, &["the Bindle server is not available", "hint: "]);
    })
    .await;
}

#[tokio::test]
async fn hippo_never_ends() {
    let hippo = Meddler::start(None, |_| endless("application/json"));
    first_with("HIPPO_URL", &hippo.origin(), |ran| {
        ran.fails(13, &[&hippo.origin(), "is longer than"]);
    })
    .await;
}

#[tokio::test]
async fn bindle_never_ends() {
    let bindle = Meddler::start(None, |_| endless("application/toml"));
    first_with("BINDLE_SERVER_URL", &bindle.url(), |ran| {
        ran.fails(
            13,
            &[
                &bindle.origin(),
                "does not answer like a Bindle server",
                "no end",
            ],
        );
    })
    .await;
}
