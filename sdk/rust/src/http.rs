//! Requests to the platform, one at a time and blocking.
//!
//! They leave through `wasi:http` 0.2, so the host sees each one: it sends those to origins that the target was granted,
//! puts secrets in the place of their placeholders, and refuses the others with [`Error::Denied`]. Redirects are not
//! followed, and connections, proxies, certificates and timeouts are the host's.

mod error;
mod exchange;

use ::http::{Request, Response};

pub use error::Error;

/// Longest answer that [`send`] takes, in bytes: 8 MiB, far more than a platform's API has to say, and little
/// enough to fit twice into the memory that the host lends.
pub const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// Sends a request and waits for the whole answer.
///
/// The request's URI is absolute, with `http` or `https` as its scheme. Every status is an answer, not an error. A
/// header may repeat: read such a one through [`http::HeaderMap::get_all`].
///
/// # Errors
/// [`Error::Denied`] if the host doesn't grant the origin, [`Error::Unreachable`] if there is no connection,
/// [`Error::Lost`] if there is no whole answer though the platform may have acted, [`Error::TooLong`] if the body is
/// longer than [`MAX_ANSWER`], [`Error::Invalid`] if such a request can't be sent at all.
pub fn send(request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Error> {
    send_at_most(request, MAX_ANSWER)
}

/// As [`send`], with a limit of its own for the answer's body, in bytes.
///
/// # Errors
/// As [`send`].
pub fn send_at_most(request: Request<Vec<u8>>, limit: usize) -> Result<Response<Vec<u8>>, Error> {
    let origin = origin(&request)?;
    exchange::exchange(request, &origin, limit)
}

fn origin(request: &Request<Vec<u8>>) -> Result<String, Error> {
    let uri = request.uri();
    match (uri.scheme_str(), uri.authority()) {
        (Some(scheme), Some(authority)) => {
            let port = authority
                .port()
                .map(|port| format!(":{port}"))
                .unwrap_or_default();
            Ok(format!("{scheme}://{}{port}", authority.host()))
        }
        _ => Err(Error::Invalid(format!(
            "{} is not an absolute URL",
            uri.path()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_no_user_in_it() {
        let request = Request::get("http://me:secret@host.example:8080/path").body(Vec::new());
        assert_eq!(
            origin(&request.unwrap()).unwrap(),
            "http://host.example:8080"
        );
    }

    #[test]
    fn a_relative_url_goes_nowhere() {
        let request = Request::get("/api/apps").body(Vec::new()).unwrap();
        let error = send(request).unwrap_err();
        assert_eq!(
            error,
            Error::Invalid("/api/apps is not an absolute URL".into())
        );
    }
}
