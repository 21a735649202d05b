//! One request of a guest and its answer.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode};
use http_body_util::BodyExt;
use url::Url;
use wasmtime_wasi_http::{Error, RequestOptions, Result, WasiBody};

use super::fault;
use super::handler::Request;
use super::incoming::{Incoming, Search};
use super::outgoing::Outgoing;
use super::overrides;
use crate::client::Recorded;
use crate::client::is_public;
use crate::error::{Denial, SecretMisuse};
use crate::grant::{Allowed, Origin, Reach, Refusal};
use crate::journal::Note;
use crate::limits::LimitExceeded;
use crate::secrets::redact::Patterns;
use crate::secrets::vault::{Encoding, Misuse, Vault};
use crate::state::{Lent, Run};
use crate::text;

/// Checks a request, puts secrets in, sends it, and hands the answer on.
pub(super) async fn exchange(run: &Arc<Run>, request: Request) -> Result<Response<WasiBody>> {
    let lent = run
        .lent("the network")
        .map_err(|_| Error::HttpRequestDenied)?;
    let Request {
        method,
        url,
        mut headers,
        body,
        options,
    } = request;
    let turn = take_turn(run)?;
    run.granted(lent).map_err(|_| Error::HttpRequestDenied)?;
    let (url, allowed) = address(run, lent, &method, url)?;
    let Allowed {
        origin,
        reach,
        whole,
        ..
    } = allowed;
    let private = origin.address().filter(|address| !is_public(*address));
    if let (Reach::PublicOnly, Some(address)) = (reach, private) {
        return Err(deny(run, Denial::Private { origin, address }));
    }
    if !whole && let Some(name) = overrides::method_or_path(&headers) {
        let what = format!(
            "a request to {origin} with the header {name}, which stands for another method or path"
        );
        return Err(deny(run, Denial::Request(what)));
    }
    let vault = lent.vault();
    let reject = |text: &[u8], reason| match vault.find(text) {
        Some(name) => {
            let name = name.to_owned();
            Err(misused(run, Misuse { name, reason }, &origin))
        }
        None => Ok(()),
    };
    reject(url.as_str().as_bytes(), SecretMisuse::Url)?;
    reject(method.as_str().as_bytes(), SecretMisuse::Name)?;
    for name in headers.keys() {
        reject(name.as_str().as_bytes(), SecretMisuse::Name)?;
    }
    // What is encoded can't be searched for secrets.
    headers.remove(header::ACCEPT_ENCODING);
    let mut note = Note {
        during: Some(run.operation),
        ..Note::default()
    };
    swap_headers(run, &vault, &mut headers, &origin, &mut note)?;
    let body = Outgoing::prepare(run, body, &mut headers, &origin, &mut note, &turn).await?;

    let mut outgoing = reqwest::Request::new(method, url.clone());
    *outgoing.headers_mut() = headers;
    // The client's patience counts from the start of the request, which a long upload would exceed; it has the operation's clock.
    let pool = lent.http.pool(reach, &url, body.is_stream()).await;
    let pool = pool.map_err(|error| fault::unanswered(run, error))?;
    let is_stream = body.is_stream();
    // Reading the body can have taken long.
    run.granted(lent).map_err(|_| Error::HttpRequestDenied)?;
    *outgoing.body_mut() = body.into_reqwest();
    tracing::debug!(target = run.target, method = %outgoing.method(), %origin, path = url.path(), "sending");
    let mut sent = pin!(lent.http.execute(pool, outgoing, note));
    let answered = pin!(async {
        if !is_stream {
            return Ok(sent.as_mut().await);
        }
        // A server that stops reading is waited for as long as the operation may take. Boxed, so that other requests don't carry it.
        let sent = Box::pin(run.while_granted(lent, sent.as_mut()));
        sent.await.map_err(|_| Error::HttpRequestDenied)
    });
    let answered = match patience(&options) {
        Some(patience) => tokio::time::timeout(patience, answered)
            .await
            .map_err(|_| Error::ConnectionReadTimeout)?,
        None => answered.await,
    };
    let (response, mut receipt) = answered?.map_err(|error| fault::unanswered(run, error))?;
    let mut response = Response::<reqwest::Body>::from(response);
    if section_size(response.headers()) > run.limits.headers {
        let exceeded = LimitExceeded::Headers(run.limits.headers);
        receipt.failed(&exceeded.to_string(), false);
        run.exceed(exceeded);
        return Err(Error::HttpResponseHeaderSectionSize(None));
    }
    // Whatever the vault holds by now: another request of the guest may have come to know more since.
    let vault = lent.vault();
    let is_opaque = is_opaque(&response);
    if is_opaque && vault.may_go_to(&origin) {
        let denial = Denial::Opaque(origin);
        receipt.failed(&denial.to_string(), false);
        return Err(refuse_answer(run, denial));
    }
    let patterns = vault.patterns();
    if let Some(patterns) = patterns {
        redact_headers(patterns, response.headers_mut());
    }
    let search = Search {
        known: vault.len(),
        patterns: patterns.cloned(),
        opaque: is_opaque.then_some(origin),
    };
    let silence = options.between_bytes_timeout;
    let (parts, body) = response.into_parts();
    let body = Incoming::new(Arc::clone(run), url, body, search, silence, turn);
    // Outermost: the journal has the digest of what the guest sees.
    let body = if receipt.is_open() {
        Recorded::new(body, receipt).boxed_unsync()
    } else {
        body.boxed_unsync()
    };
    Ok(Response::from_parts(parts, body))
}

/// Whether secrets in the body of this answer could not be found: it is encoded, or only a part, of which others may be asked for.
fn is_opaque<B>(response: &Response<B>) -> bool {
    let coded = |name: HeaderName, plain: &str| {
        response.headers().get_all(name).iter().any(|value| {
            let codings = value.as_bytes().split(|byte| *byte == b',');
            codings
                .map(<[u8]>::trim_ascii)
                .any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(plain.as_bytes()))
        })
    };
    response.status() == StatusCode::PARTIAL_CONTENT
        || coded(header::CONTENT_ENCODING, "identity")
        || coded(header::TRANSFER_ENCODING, "chunked")
}

fn redact_headers(patterns: &Arc<Patterns>, headers: &mut HeaderMap) {
    let is_secret = |name: &&HeaderName| {
        let name = name.as_str().as_bytes();
        *patterns.redact(name) != *name
    };
    // With stars in their places two names could be one.
    let secret: Vec<HeaderName> = headers.keys().filter(is_secret).cloned().collect();
    for name in secret {
        headers.remove(name);
    }
    for value in headers.values_mut() {
        let clean = patterns.redact(value.as_bytes());
        if *clean != *value.as_bytes() {
            // Stars in the place of visible characters are a value, too.
            *value = HeaderValue::from_bytes(&clean).unwrap_or(HeaderValue::from_static(""));
        }
    }
}

/// How long the guest wants to wait for the beginning of an answer, if it says so.
fn patience(options: &RequestOptions) -> Option<Duration> {
    let (connect, first_byte) = (options.connect_timeout?, options.first_byte_timeout?);
    Some(connect.saturating_add(first_byte))
}

/// One of the requests that are under way at the same time. Its place is free again when all that the host keeps of it is gone: the answer's body,
/// and the request's, which a server may answer without having read it.
#[derive(Clone)]
pub(super) struct Turn(#[expect(dead_code, reason = "it counts until it is dropped")] Arc<Place>);

struct Place(Arc<AtomicU32>);

#[cfg(test)]
impl Turn {
    /// A place that nobody else waits for.
    pub(super) fn free() -> Self {
        Self(Arc::new(Place(Arc::new(AtomicU32::new(1)))))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(super) fn take_turn(run: &Arc<Run>) -> Result<Turn> {
    if !Run::count(&run.requests, run.limits.requests) {
        run.exceed(LimitExceeded::Requests(run.limits.requests));
        return Err(Error::ConnectionLimitReached);
    }
    if !Run::count(&run.requests_now, run.limits.concurrent_requests) {
        run.exceed(LimitExceeded::ConcurrentRequests(
            run.limits.concurrent_requests,
        ));
        return Err(Error::ConnectionLimitReached);
    }
    let now = run.requests_now.load(Ordering::Relaxed);
    let peak = &run.tally.concurrent_requests;
    peak.fetch_max(now, Ordering::Relaxed);
    Ok(Turn(Arc::new(Place(Arc::clone(&run.requests_now)))))
}

/// Asks the grant.
fn address(run: &Run, lent: &Lent, method: &Method, mut url: Url) -> Result<(Url, Allowed)> {
    let checked = lent.grant().check(method.as_str(), &url);
    let denial = match checked {
        Ok(allowed) => {
            let host = allowed.origin.host();
            // With a final dot, resolvers leave out their search domains: `hippo.` may be another host than the granted `hippo`.
            if url.host_str() != Some(host) && url.set_host(Some(host)).is_err() {
                return Err(Error::HttpRequestUriInvalid);
            }
            return Ok((url, allowed));
        }
        Err(Refusal::Origin(origin)) => Denial::Origin(origin),
        Err(Refusal::Method(origin)) => Denial::Method {
            method: text::line(method.as_str(), 32),
            origin,
        },
        Err(Refusal::Path(origin)) => Denial::Path {
            path: text::line(url.path(), 200),
            origin,
        },
        Err(Refusal::Unusable(error)) => Denial::Request(format!(
            "a request to an address that can't be used ({error})"
        )),
    };
    Err(deny(run, denial))
}

fn swap_headers(
    run: &Run,
    vault: &Vault,
    headers: &mut HeaderMap,
    origin: &Origin,
    note: &mut Note,
) -> Result<()> {
    for value in headers.values_mut() {
        let swapped = vault
            .swap(value.as_bytes(), origin, Encoding::Plain, &mut note.secrets)
            .map_err(|misuse| misused(run, misuse, origin))?;
        if let Some(swapped) = swapped {
            let Ok(mut filled) = HeaderValue::from_bytes(&swapped) else {
                let what = "a secret with line breaks in a header".to_owned();
                return Err(deny(run, Denial::Request(what)));
            };
            filled.set_sensitive(true);
            *value = filled;
        }
    }
    Ok(())
}

/// Bytes of all names and values, with what separates them on the wire.
fn section_size(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum()
}

/// Notes a refusal; what is returned is for the guest.
pub(super) fn deny(run: &Run, denial: Denial) -> Error {
    run.deny(denial);
    Error::HttpRequestDenied
}

/// Notes an answer that the guest does not get. The server may have acted.
pub(super) fn refuse_answer(run: &Run, denial: Denial) -> Error {
    run.deny(denial);
    Error::HttpResponseContentCoding(None)
}

/// Notes the misuse of a secret; what is returned is for the guest.
pub(super) fn misused(run: &Run, misuse: Misuse, origin: &Origin) -> Error {
    let Misuse { name, reason } = misuse;
    deny(
        run,
        Denial::Secret {
            name,
            origin: origin.clone(),
            reason,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::redact::Pattern;

    fn answer(status: u16, headers: &[(&str, &str)]) -> Response<()> {
        let answer = headers.iter().fold(
            Response::builder().status(status),
            |answer, (name, value)| answer.header(*name, *value),
        );
        answer.body(()).unwrap()
    }

    #[test]
    fn answers_that_cannot_be_searched() {
        for headers in [
            &[][..],
            &[("content-encoding", "identity")],
            &[("content-encoding", "")],
            &[("transfer-encoding", "Chunked")],
        ] {
            assert!(!is_opaque(&answer(200, headers)), "{headers:?}");
        }
        for headers in [
            &[("content-encoding", "gzip")][..],
            &[("content-encoding", "identity, br")],
            &[
                ("content-encoding", "identity"),
                ("content-encoding", "zstd"),
            ],
            &[("transfer-encoding", "gzip, chunked")],
        ] {
            assert!(is_opaque(&answer(200, headers)), "{headers:?}");
        }
        assert!(is_opaque(&answer(206, &[])));
    }

    #[test]
    fn headers_keep_no_secret() {
        let mut answer = answer(
            302,
            &[
                ("location", "https://a.test/?t=s3cr%2Fet&u=x"),
                ("x-note", "plain"),
                ("x-deadbeef0123", "seen"),
            ],
        );
        let patterns = ["s3cr/et", "deadbeef0123"].map(|it| Arc::new(Pattern::new(it).unwrap()));
        let patterns = Arc::new(patterns.into_iter().collect());
        redact_headers(&patterns, answer.headers_mut());
        assert!(!answer.headers().contains_key("x-deadbeef0123"));
        assert_eq!(
            answer.headers()["location"],
            "https://a.test/?t=*********&u=x"
        );
        assert_eq!(answer.headers()["x-note"], "plain");
    }
}
