//! A small Spin application: it greets the world, or whom the path names.

use spin_sdk::http::{IntoResponse, Request, Response, StatusCode};
use spin_sdk::http_service;

/// What the greeting starts with when the manifest sets no `GREETING`.
const DEFAULT_GREETING: &str = "Hello";

/// Answers `/` with a greeting to the world and `/hello/:name` with a greeting
/// to `name`. Both routes of `spin.toml` lead to this code; Spin says in the
/// header `spin-path-match-name` what `:name` stood for.
#[http_service]
async fn greet(request: Request) -> impl IntoResponse {
    let greeting = std::env::var("GREETING").unwrap_or_else(|_| DEFAULT_GREETING.to_owned());
    let named = request
        .headers()
        .get("spin-path-match-name")
        .and_then(|name| name.to_str().ok());
    match (named, request.uri().path()) {
        (Some(name), _) => text(StatusCode::OK, format!("{greeting}, {name}!\n")),
        (None, "/") => text(StatusCode::OK, format!("{greeting}, world!\n")),
        (None, path) => text(StatusCode::NOT_FOUND, format!("nothing at {path}\n")),
    }
}

fn text(status: StatusCode, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(
        "content-type",
        spin_sdk::http::HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}
