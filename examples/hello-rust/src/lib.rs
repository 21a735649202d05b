//! A small Spin application: it greets the world, or whom the path names.

use spin_sdk::http::{IntoResponse, Request, Response, StatusCode};
use spin_sdk::http_service;
use spin_sdk::variables;

/// Answers `/` with a greeting to the world and `/hello/:name` with a greeting
/// to `name`. What a greeting starts with is the variable `greeting`:
/// `bowline deploy --variable greeting=Hello`. Both routes of `spin.toml` lead to this code; Spin says in the
/// header `spin-path-match-name` what `:name` stood for.
#[http_service]
async fn greet(request: Request) -> impl IntoResponse {
    let greeting = match variables::get("greeting").await {
        Ok(greeting) => greeting,
        Err(error) => {
            return text(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("no greeting: {error}\n"),
            );
        }
    };
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
