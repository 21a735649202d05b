//! Requests to the platform.

use std::time::Duration;

use ::http::{Request, Response};
use wstd::http::error::ErrorCode;
use wstd::http::{Body, BodyExt, Client};

/// Longest answer that [`send`] takes: 8 MiB.
pub const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request can't be sent as it is.
    #[error("the request is not valid: {0}")]
    Invalid(String),
    /// The host let nothing out, because the target has no grant for that origin.
    #[error("the request to {0} was not granted")]
    Denied(String),
    /// There was no connection, so the platform can't have seen the request.
    #[error("{0}")]
    Unreachable(String),
    /// The connection ended or ran out of time; the platform may have acted.
    #[error("{0}")]
    Lost(String),
    /// The answer is longer than the limit.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
}

/// Sends one request.
///
/// # Errors
/// See [`Error`].
pub fn send(request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Error> {
    wstd::runtime::block_on(exchange(request, MAX_ANSWER, None))
}

async fn exchange(
    request: Request<Vec<u8>>,
    limit: usize,
    _timeout: Option<Duration>,
) -> Result<Response<Vec<u8>>, Error> {
    let origin = origin(&request);
    let response =
        Client::new().send(request).await.map_err(|error| classify(&origin, &error))?;
    let (parts, body) = response.into_parts();
    let body = read(body, limit).await?;
    Ok(Response::from_parts(parts, body))
}

async fn read(body: Body, limit: usize) -> Result<Vec<u8>, Error> {
    let mut stream = body.into_boxed_body();
    let mut bytes = Vec::new();
    while let Some(frame) = stream.frame().await {
        let frame = frame.map_err(|error| Error::Lost(format!("reading the answer: {error}")))?;
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > limit {
                return Err(Error::TooLong(limit));
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes)
}

fn origin(request: &Request<Vec<u8>>) -> String {
    let uri = request.uri();
    format!(
        "{}://{}",
        uri.scheme_str().unwrap_or("https"),
        uri.authority().map_or("", |authority| authority.host())
    )
}

fn classify(origin: &str, error: &wstd::http::Error) -> Error {
    match error.downcast_ref::<ErrorCode>() {
        Some(ErrorCode::HttpRequestDenied) => Error::Denied(origin.to_owned()),
        Some(ErrorCode::ConnectionRefused) => {
            Error::Unreachable(format!("{origin} refuses connections"))
        }
        Some(code) => Error::Lost(format!("no answer from {origin}: {code}")),
        None => Error::Lost(format!("no answer from {origin}: {error}")),
    }
}
