//! Requests to the platform, one at a time and blocking.
//!
//! They leave through the contract's `http`, each in one call: the host sends those to origins that the target was granted,
//! puts secrets in the place of their placeholders, and refuses the others with [`Error::Denied`]. Redirects are not
//! followed, and connections, proxies, certificates and timeouts are the host's.

mod error;
mod exchange;

use std::fmt;
use std::time::Duration;

use ::http::header::RETRY_AFTER;
use ::http::uri::Authority;
use ::http::{Method, Request, Response, StatusCode, Uri};
use wasip2::clocks::monotonic_clock::subscribe_duration;

use crate::bindings::bowline::deploy::application::Reader;
use crate::bindings::bowline::deploy::http::Body;
pub use error::Error;

/// Longest answer that [`send`] takes, in bytes: 8 MiB, far more than a platform's API has to say, and little
/// enough to fit twice into the memory that the host lends.
pub const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// How often a question is asked again where the platform is busy and says when to come back.
const AGAIN: u32 = 2;

/// The longest pause that is made for that. A platform that needs more is not available.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Sends a request and waits for the whole answer.
///
/// A GET or HEAD request without a body is sent up to two times more where the platform answers with status 429 or 503 and says in how many
/// seconds to come back (`Retry-After`, at most 30): it asks for no change, so asking again changes nothing. Each counts as a request.
///
/// The request's URI is absolute, with `http` or `https` as its scheme. Every status is an answer, not an error. A
/// header may repeat: read such a one through [`http::HeaderMap::get_all`].
///
/// The body is handed to the host in one call, which stops a target at 16 MiB unless the user allows more (`--limit call-bytes=`). Files of the application go
/// by [`send_content`].
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
    let (head, mut body) = request.into_parts();
    let origin = Origin::of(&head.uri)?;
    let is_question = matches!(head.method, Method::GET | Method::HEAD) && body.is_empty();
    let mut again = if is_question { AGAIN } else { 0 };
    loop {
        // What is sent again has none.
        let body = Body::Bytes(std::mem::take(&mut body));
        let answer = exchange::exchange(&head, body, origin, limit)?;
        match patience(&answer) {
            Some(pause) if again > 0 => subscribe_duration(nanoseconds(pause)).block(),
            _ => return Ok(answer),
        }
        again -= 1;
    }
}

/// Sends all that has not been read yet of a content as the body of a request, and waits for the whole answer. The host sends it from
/// where it lies, with its length: it never is in the target's memory. `content-type` is yours to set.
///
/// ```no_run
/// use bowline_target::{Application, Failure, http};
///
/// fn upload(app: &Application, sha256: &str, url: &str) -> Result<(), Failure> {
///     let request = ::http::Request::put(format!("{url}/contents/{sha256}"))
///         .header("content-type", "application/octet-stream")
///         .body(app.open(sha256)?)
///         .map_err(|error| Failure::Unexpected(error.to_string()))?;
///     let answer = http::send_content(request)?;
///     if !answer.status().is_success() {
///         return Err(Failure::Unexpected(format!("{} for {sha256}", answer.status())));
///     }
///     Ok(())
/// }
/// ```
///
/// # Errors
/// As [`send`], and [`Error::Unreadable`] if the content can't be read, or has changed since the application was read.
pub fn send_content(request: Request<Reader>) -> Result<Response<Vec<u8>>, Error> {
    let (head, content) = request.into_parts();
    let origin = Origin::of(&head.uri)?;
    exchange::exchange(&head, Body::Content(content), origin, MAX_ANSWER)
}

/// How long the platform asks to wait, where it is busy and that is not too long.
fn patience(answer: &Response<Vec<u8>>) -> Option<Duration> {
    let status = answer.status();
    if status != StatusCode::TOO_MANY_REQUESTS && status != StatusCode::SERVICE_UNAVAILABLE {
        return None;
    }
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?;
    let pause = Duration::from_secs(seconds.trim().parse().ok()?);
    (pause <= LONGEST_PAUSE).then_some(pause)
}

fn nanoseconds(pause: Duration) -> u64 {
    u64::try_from(pause.as_nanos()).unwrap_or(u64::MAX)
}

/// Scheme, host and port of a request, for its error. Written out only if there is one: most requests have none.
#[derive(Clone, Copy)]
struct Origin<'a> {
    scheme: &'a str,
    authority: &'a Authority,
}

impl<'a> Origin<'a> {
    fn of(uri: &'a Uri) -> Result<Self, Error> {
        match (uri.scheme_str(), uri.authority()) {
            (Some(scheme), Some(authority)) => Ok(Self { scheme, authority }),
            _ => Err(Error::Invalid(format!(
                "{} is not an absolute URL",
                uri.path()
            ))),
        }
    }
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority.host())?;
        match self.authority.port() {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_no_user_in_it() {
        let uri = Uri::from_static("http://me:secret@host.example:8080/path");
        let origin = Origin::of(&uri).unwrap();
        assert_eq!(origin.to_string(), "http://host.example:8080");
    }

    #[test]
    fn patience_has_an_end() {
        let asked = |status: u16, after: Option<&str>| {
            let answer = Response::builder().status(status);
            let answer = after
                .into_iter()
                .fold(answer, |answer, after| answer.header(RETRY_AFTER, after));
            patience(&answer.body(Vec::new()).unwrap()).map(|pause| pause.as_secs())
        };
        assert_eq!(asked(503, Some("7")), Some(7));
        assert_eq!(asked(429, Some("0")), Some(0));
        assert_eq!(asked(503, Some("30")), Some(30));
        for (status, after) in [
            (503, None),
            (503, Some("31")),
            (503, Some("soon")),
            (503, Some("-1")),
            (500, Some("1")),
            (200, Some("1")),
        ] {
            assert_eq!(asked(status, after), None, "{status} {after:?}");
        }
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
