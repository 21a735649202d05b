//! What the platform itself answers in an application's stead: plain text, one line of what and
//! why.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};

use super::Body;
use super::plan::StaticResponse;

/// An answer in plain text. Control characters, which may come from a component's names, are left
/// out.
pub fn text(status: StatusCode, message: &str) -> Response<Body> {
    let mut text: String = message
        .chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .collect();
    text.push('\n');
    answer(status, "text/plain; charset=utf-8", text)
}

/// An answer in JSON.
pub fn json(value: &serde_json::Value) -> Response<Body> {
    answer(StatusCode::OK, "application/json", value.to_string())
}

/// What a trigger answers without a component.
///
/// # Errors
/// A status or a header that HTTP doesn't have.
pub fn fixed(response: &StaticResponse) -> http::Result<Response<Bytes>> {
    let mut built = Response::builder().status(response.status_code.unwrap_or(200));
    for (name, value) in &response.headers {
        built = built.header(name, value);
    }
    built.body(Bytes::from(response.body.clone().unwrap_or_default()))
}

/// The same answer once more.
pub fn of_bytes(response: &Response<Bytes>) -> Response<Body> {
    let (parts, body) = response.clone().into_parts();
    let body = Full::new(body).map_err(|never| match never {});
    Response::from_parts(parts, body.boxed_unsync())
}

fn answer(status: StatusCode, media_type: &'static str, text: String) -> Response<Body> {
    let body = Full::new(Bytes::from(text)).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    // These say how things are now; asked again they may be otherwise.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
