//! Tries what depends on the version of WASI: requests that go out, and the ways to fail.

use spin_sdk::http::body::IncomingBodyExt as _;
use spin_sdk::http::{self, EmptyBody, IntoResponse, Request};
use spin_sdk::http_service;

#[http_service]
async fn probe(request: Request) -> impl IntoResponse {
    let with = request.uri().query().unwrap_or_default().to_owned();
    let path = request
        .headers()
        .get("spin-path-info")
        .and_then(|path| path.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    match path.as_str() {
        "/fetch" => fetch(&with).await,
        "/variable" => Ok(match spin_sdk::variables::get(&with).await {
            Ok(value) => value,
            Err(error) => format!("error: {error:?}"),
        }),
        "/remember" => Ok(remember()),
        "/panic" => panic!("{with}"),
        "/fail" => Err(http::Error::other(with)),
        "/compute" => compute(),
        other => Ok(format!("nothing at {other}")),
    }
}

async fn fetch(url: &str) -> http::Result<String> {
    let request = Request::get(url).body(EmptyBody::new())?;
    match http::send(request).await {
        Ok(response) => {
            let status = response.status().as_u16();
            let body = response.into_body().bytes().await?;
            Ok(format!("{status} {}", String::from_utf8_lossy(&body)))
        }
        Err(error) => Ok(format!("error: {error:?}")),
    }
}

/// How often this instance was asked before.
fn remember() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static ASKED: AtomicU32 = AtomicU32::new(0);
    ASKED.fetch_add(1, Ordering::Relaxed).to_string()
}

/// Never ends, and never waits.
fn compute() -> http::Result<String> {
    let mut number = 1_u64;
    loop {
        number = std::hint::black_box(number.wrapping_mul(3));
    }
}
