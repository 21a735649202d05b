//! One request and its answer, in one call of the host.

use ::http::header::{HeaderName, HeaderValue};
use ::http::{Response, StatusCode, request};

use super::{Error, Origin};
use crate::bindings::bowline::deploy::http::{Body, Error as Failed, Request, send};

pub(super) fn exchange(
    head: &request::Parts,
    body: Body,
    origin: Origin<'_>,
    limit: usize,
) -> Result<Response<Vec<u8>>, Error> {
    let headers = head.headers.iter();
    let headers =
        headers.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    let answer = send(Request {
        method: head.method.as_str().to_owned(),
        url: head.uri.to_string(),
        headers: headers.collect(),
        body,
        longest: limit as u64,
    });
    let answer = answer.map_err(|error| sorted(origin, limit, error))?;
    let broken = |reason: &str| Error::Lost {
        origin: origin.to_string(),
        reason: reason.to_owned(),
    };
    let mut response = Response::new(answer.body);
    *response.status_mut() = StatusCode::from_u16(answer.status)
        .map_err(|_| broken("its status code is out of range"))?;
    for (name, value) in answer.headers {
        let name = HeaderName::try_from(name).ok();
        let value = HeaderValue::try_from(value).ok();
        let added = name.zip(value).and_then(|(name, value)| {
            let headers = response.headers_mut();
            headers.try_append(name, value).ok()
        });
        if added.is_none() {
            return Err(broken("its headers make no sense"));
        }
    }
    Ok(response)
}

fn sorted(origin: Origin<'_>, limit: usize, error: Failed) -> Error {
    let origin = origin.to_string();
    match error {
        Failed::Denied => Error::Denied { origin },
        Failed::Invalid(reason) => Error::Invalid(reason),
        Failed::Unreachable(reason) => Error::Unreachable { origin, reason },
        Failed::Lost(reason) => Error::Lost { origin, reason },
        Failed::Unreadable(failure) => Error::Unreadable(failure),
        Failed::TooLong => Error::TooLong { origin, limit },
    }
}
