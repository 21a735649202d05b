//! Capability `bowline:deploy/http`: a request with its whole response in one call.
//!
//! What is checked and counted is what is checked and counted for `wasi:http`: from [`Request`] on it is the same code.

use std::pin::pin;
use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response, Uri};
use http_body::Frame;
use http_body_util::{BodyExt as _, BodyStream, Full, StreamBody};
use wasmtime_wasi_http::{Error, FieldMap, RequestOptions, Result, WasiBody};

use super::exchange::exchange;
use super::handler::Request;
use super::is_forbidden;
use super::outgoing::WHOLE;
use super::planning;
use crate::bindings::http as wit;
use crate::limits::LimitExceeded;
use crate::meter;
use crate::observer::{Observer, Sending};
use crate::state::{Capabilities, Run};
use crate::text;

/// Bytes of a body that are read at once.
const PIECE: usize = 256 << 10;

impl wit::Host for Capabilities<'_> {
    async fn send(
        &mut self,
        request: wit::Request,
    ) -> wasmtime::Result<Result<wit::Response, wit::Error>> {
        let wit::Request {
            method,
            url,
            headers,
            body,
            longest,
        } = request;
        let failed = Arc::new(OnceLock::new());
        let (body, length) = match body {
            wit::Body::Bytes(bytes) => {
                let length = bytes.len() as u64;
                (in_pieces(bytes.into()), length)
            }
            wit::Body::Content(reader) => self.table.delete(reader)?.send(Arc::downgrade(&failed)),
        };
        // Shorter ones are read whole before anything leaves.
        let body = if length > WHOLE as u64 {
            let observer = Arc::clone(&self.run.observer);
            told_of(within_call(body, Arc::downgrade(&failed)), length, observer)
        } else {
            body
        };
        let request = match read(self.run, &method, &url, headers, body, length) {
            Ok(request) => request,
            Err(refused) => return Ok(Err(refused)),
        };
        let run = self.run;
        let response = pin!(async {
            let response = exchange(run, request).await?;
            // What doesn't fit into the guest's memory can't be handed over.
            let memory = run.limits.memory as u64;
            let response = receive(response, longest.min(memory)).await?;
            if response.is_none() && longest > memory {
                run.exceed(LimitExceeded::Memory(run.limits.memory));
            }
            Ok(response)
        });
        let response = meter::lent(run, response).await;
        Ok(match (response, failed.get()) {
            (Ok(Some(response)), _) => Ok(response),
            (Ok(None), _) => Err(wit::Error::TooLong),
            (Err(_), Some(failure)) => Err(wit::Error::Unreadable(failure.clone())),
            (Err(error), None) => Err(told(error)),
        })
    }
}

/// A body that is here already, without copying it.
fn in_pieces(mut rest: Bytes) -> WasiBody {
    if rest.len() <= WHOLE {
        let whole = Full::new(rest).map_err(|never| match never {});
        return whole.boxed_unsync();
    }
    let pieces = std::iter::from_fn(move || {
        let piece = rest.split_to(rest.len().min(PIECE));
        (!piece.is_empty()).then(|| Ok(Frame::data(piece)))
    });
    StreamBody::new(stream::iter(pieces)).boxed_unsync()
}

/// A body that ends with its call, of which `held` is a part: a server may answer before it has read all of it, and the client goes on sending.
fn within_call<T: Send + Sync + 'static>(body: WasiBody, held: Weak<T>) -> WasiBody {
    let frames = BodyStream::new(body).map(move |frame| match held.strong_count() {
        0 => Err(Error::ConnectionTerminated),
        _ => frame,
    });
    StreamBody::new(frames).boxed_unsync()
}

/// A body of which an observer hears as the client takes it.
fn told_of(body: WasiBody, total: u64, observer: Arc<dyn Observer>) -> WasiBody {
    let mut sending = Sending { sent: 0, total };
    let counted = body.map_frame(move |frame| {
        sending.sent += frame.data_ref().map_or(0, |data| data.len() as u64);
        observer.sending(&sending);
        frame
    });
    counted.boxed_unsync()
}

/// Makes of a guest's request what [`exchange`] takes. Its address is parsed once: the value that the grant judges is the value that is sent.
fn read(
    run: &Run,
    method: &str,
    url: &str,
    headers: Vec<(String, Vec<u8>)>,
    body: WasiBody,
    length: u64,
) -> Result<Request, wit::Error> {
    let invalid = |what: &str| wit::Error::Invalid(what.to_owned());
    let method =
        Method::from_bytes(method.as_bytes()).map_err(|_| invalid("its method is none"))?;
    let mut headers = fields(run, headers)?;
    // A parser of URLs leaves line breaks out, which nobody means who writes one.
    let is_plain = !url
        .bytes()
        .any(|byte| byte.is_ascii_control() || byte == b' ');
    let url = planning::address(run, &method, &headers, url).map_err(told)?;
    let url =
        url.map_err(|error| wit::Error::Invalid(format!("its URL can't be used: {error}")))?;
    if !is_plain {
        return Err(invalid("its URL has spaces or control characters in it"));
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid("its URL is neither http nor https"));
    }
    // The client would find out when the journal says already that it was sent.
    if !is_ordinary(url.as_str()) && url.as_str().parse::<Uri>().is_err() {
        return Err(invalid("its URL can't be sent over HTTP"));
    }
    if length > run.limits.request_body {
        run.exceed(LimitExceeded::RequestBody(run.limits.request_body));
        return Err(invalid("its body is too large"));
    }
    match headers.get(header::CONTENT_LENGTH) {
        Some(announced) if *announced != HeaderValue::from(length) => {
            return Err(invalid("its content-length is not that of its body"));
        }
        // Of what is streamed the client doesn't know it, and of an empty body it doesn't tell it, which some servers want (RFC 9110, section 8.6).
        None if length > 0 || [Method::POST, Method::PUT, Method::PATCH].contains(&method) => {
            let set = headers.try_insert(header::CONTENT_LENGTH, length.into());
            set.map_err(|_| invalid("it has too many headers"))?;
        }
        _ => {}
    }
    Ok(Request {
        method,
        url,
        headers,
        body,
        options: RequestOptions::default(),
    })
}

/// Whether this surely is a [`Uri`], too, as nearly all are: that is quicker to see than to parse it.
fn is_ordinary(url: &str) -> bool {
    let is_ordinary = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:?&=%+,@".contains(&byte);
    url.len() < 1000 && url.bytes().all(is_ordinary)
}

/// The rules for headers are those of `wasi:http`. Of one that breaks them only the name is told: its value may be a secret's neighbour.
fn fields(run: &Run, headers: Vec<(String, Vec<u8>)>) -> Result<HeaderMap, wit::Error> {
    let most = run.limits.headers;
    let mut fields = FieldMap::new_mutable(most);
    for (name, value) in headers {
        let invalid = |what: &str| {
            wit::Error::Invalid(format!("its header {} {what}", text::line(&name, 64)))
        };
        let key = HeaderName::from_bytes(name.as_bytes());
        let key = key.map_err(|_| invalid("has no name that a header can have"))?;
        let value = HeaderValue::try_from(value);
        let value = value.map_err(|_| invalid("has a value with control characters"))?;
        if is_forbidden(&key) {
            return Err(invalid("is the host's to set"));
        }
        // With two of them, nobody knows where the body ends.
        if key == header::CONTENT_LENGTH && fields.contains_key(&key) {
            return Err(invalid("is there twice"));
        }
        if fields.append_raw(key, value).is_err() {
            run.exceed(LimitExceeded::Headers(most));
            return Err(wit::Error::Invalid("its headers are too large".to_owned()));
        }
    }
    Ok(HeaderMap::from(fields))
}

/// Reads a response to its end. `None` if it is too long.
async fn receive(response: Response<WasiBody>, longest: u64) -> Result<Option<wit::Response>> {
    let (parts, mut body) = response.into_parts();
    let longest = usize::try_from(longest).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        // Trailers are understood by nearly nobody.
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        if data.len() > longest.saturating_sub(bytes.len()) {
            return Ok(None);
        }
        bytes.extend_from_slice(&data);
    }
    let headers = parts.headers.iter();
    let headers = headers
        .filter(|(name, _)| !is_forbidden(name))
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    Ok(Some(wit::Response {
        status: parts.status.as_u16(),
        headers: headers.collect(),
        body: bytes,
    }))
}

/// Why there is no response, and whether the platform may have acted all the same.
fn told(error: Error) -> wit::Error {
    let unreachable = |reason: &str| wit::Error::Unreachable(reason.to_owned());
    let lost = |reason: &str| wit::Error::Lost(reason.to_owned());
    match error {
        Error::HttpRequestDenied | Error::DestinationIpProhibited => wit::Error::Denied,
        Error::DnsTimeout => unreachable("looking up its address took too long"),
        Error::DnsError { .. } | Error::DestinationNotFound => {
            unreachable("the host name could not be resolved")
        }
        Error::DestinationUnavailable => unreachable("the proxy before it can't be used"),
        Error::DestinationIpUnroutable => unreachable("there is no route to it"),
        Error::ConnectionRefused => unreachable("connection refused"),
        Error::ConnectionTimeout => unreachable("connecting took too long"),
        Error::ConnectionLimitReached => unreachable("there are too many connections"),
        Error::ConfigurationError => unreachable("the host can't write down that it is asked"),
        Error::TlsCertificateError => unreachable("its TLS certificate is not trusted"),
        Error::TlsProtocolError | Error::TlsAlertReceived { .. } => {
            unreachable("the TLS handshake failed")
        }
        Error::HttpRequestMethodInvalid
        | Error::HttpRequestUriInvalid
        | Error::HttpRequestUriTooLong
        | Error::HttpRequestLengthRequired
        | Error::HttpRequestBodySize(_)
        | Error::HttpRequestHeaderSectionSize(_)
        | Error::HttpRequestHeaderSize { .. } => {
            wit::Error::Invalid(format!("the host refuses it ({error})"))
        }
        Error::ConnectionTerminated => lost("the connection ended"),
        Error::ConnectionReadTimeout | Error::HttpResponseTimeout => {
            lost("waiting for it took too long")
        }
        Error::ConnectionWriteTimeout => lost("sending to it took too long"),
        Error::HttpResponseIncomplete => lost("the response ended too early"),
        Error::HttpProtocolError => lost("it does not speak HTTP as expected"),
        Error::HttpResponseContentCoding(_) => {
            lost("its answer can't be searched for secrets, and is withheld")
        }
        Error::InternalError(Some(reason)) => wit::Error::Lost(reason),
        other => wit::Error::Lost(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use url::Url;

    use super::*;
    use crate::error::Operation;
    use crate::limits::Limits;

    fn run(operation: Operation) -> Run {
        Run::unlent("guest", operation, Limits::default())
    }

    fn body(pieces: &[&'static str]) -> WasiBody {
        let frames: Vec<_> = pieces.iter().copied().map(Bytes::from).collect();
        let frames = frames.into_iter().map(Frame::data).map(Ok::<_, Infallible>);
        StreamBody::new(stream::iter(frames))
            .map_err(|never| match never {})
            .boxed_unsync()
    }

    fn headers(headers: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        let headers = headers.iter();
        headers
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect()
    }

    fn invalid(method: &str, url: &str, given: &[(&str, &str)]) -> String {
        let run = run(Operation::Deploy);
        match read(&run, method, url, headers(given), body(&["abc"]), 3) {
            Err(wit::Error::Invalid(reason)) => reason,
            other => panic!("{:?}", other.map(|request| request.url)),
        }
    }

    #[test]
    fn what_cannot_be_sent_is_told() {
        for url in ["", "/apps", "apps", "http://", "http://a.test:99999/"] {
            assert!(
                invalid("GET", url, &[]).starts_with("its URL can't be used: "),
                "{url}"
            );
        }
        for url in [
            "http://a.test/x\r\nx-smuggled: 1",
            "http://a.t\nest/",
            "\thttp://a.test/",
            "http://a.test/ ",
            "http://a.test/\0",
        ] {
            assert_eq!(
                invalid("GET", url, &[]),
                "its URL has spaces or control characters in it",
                "{url:?}"
            );
        }
        for url in ["ftp://a.test/", "file:///etc/passwd", "data:,x"] {
            assert_eq!(
                invalid("GET", url, &[]),
                "its URL is neither http nor https"
            );
        }
        let long = format!("http://a.test/{}", "x".repeat(70_000));
        assert_eq!(
            invalid("GET", &long, &[]),
            "its URL can't be sent over HTTP"
        );
        for method in ["", "GET ", "GET / HTTP/1.1\r\n"] {
            assert_eq!(invalid(method, "http://a.test/", &[]), "its method is none");
        }
        for (given, reason) in [
            (
                &[("x note", "1")][..],
                "its header x note has no name that a header can have",
            ),
            (
                &[("x-note", "1\r\nx: 2")],
                "its header x-note has a value with control characters",
            ),
            (
                &[("Host", "b.test")],
                "its header Host is the host's to set",
            ),
            (
                &[("proxy-anything", "x")],
                "its header proxy-anything is the host's to set",
            ),
            (
                &[("content-length", "3"), ("content-length", "3")],
                "its header content-length is there twice",
            ),
            (
                &[("content-length", "2")],
                "its content-length is not that of its body",
            ),
            (
                &[("content-length", "+3")],
                "its content-length is not that of its body",
            ),
        ] {
            assert_eq!(invalid("PUT", "http://a.test/", given), reason);
        }
    }

    proptest::proptest! {
        #[test]
        fn an_ordinary_url_can_be_sent(rest in "[-a-zA-Z0-9._~/:?&=%+,@]{0,80}") {
            if let Ok(url) = Url::parse(&format!("http://a.test/{rest}")) {
                proptest::prop_assert!(!is_ordinary(url.as_str()) || url.as_str().parse::<Uri>().is_ok());
            }
        }
    }

    #[test]
    fn headers_that_are_too_large_reach_the_limit() {
        let run = run(Operation::Deploy);
        let large = "x".repeat(run.limits.headers);
        let refused = read(
            &run,
            "GET",
            "http://a.test/",
            headers(&[("x-note", &large)]),
            body(&[]),
            0,
        );
        assert!(matches!(refused, Err(wit::Error::Invalid(_))));
        let limit = run.report().limit.clone();
        assert_eq!(limit, Some(LimitExceeded::Headers(run.limits.headers)));
    }

    #[test]
    fn a_body_goes_with_its_length() {
        let run = run(Operation::Deploy);
        let request = read(
            &run,
            "PUT",
            "http://a.test/x",
            headers(&[("x-note", "1"), ("x-note", "2")]),
            body(&["abc"]),
            3,
        )
        .unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(request.headers["content-length"], "3");
        assert_eq!(request.headers.get_all("x-note").iter().count(), 2);
        assert_eq!(request.url.as_str(), "http://a.test/x");
    }

    #[test]
    fn an_empty_body_has_a_length_where_servers_want_one() {
        let run = run(Operation::Deploy);
        for (method, length) in [("GET", None), ("PUT", Some("0")), ("POST", Some("0"))] {
            let request = read(&run, method, "http://a.test/", Vec::new(), body(&[]), 0);
            let headers = request.unwrap_or_else(|error| panic!("{error:?}")).headers;
            let found = headers.get("content-length");
            assert_eq!(found.map(|length| length.to_str().unwrap()), length);
        }
    }

    /// Also to an address that could not be sent to.
    #[test]
    fn a_write_while_planning_is_noted_whatever_its_address() {
        for url in ["http://a.test:99999/", "ftp://a.test/", "a b"] {
            let run = run(Operation::Plan);
            let refused = read(&run, "POST", url, Vec::new(), body(&[]), 0);
            assert!(matches!(refused, Err(wit::Error::Denied)), "{url}");
            assert!(run.report().has_written(), "{url}");
        }
    }

    #[tokio::test]
    async fn a_body_that_nobody_waits_for_is_not_read_on() {
        let call = Arc::new(());
        for size in [0, 1, WHOLE, WHOLE + 1, WHOLE + PIECE + 1] {
            let body = within_call(in_pieces(vec![7; size].into()), Arc::downgrade(&call));
            assert!(body.collect().await.unwrap().to_bytes() == vec![7; size]);
        }
        let mut body = within_call(in_pieces(vec![7; 2 * WHOLE].into()), Arc::downgrade(&call));
        assert!(body.frame().await.unwrap().is_ok());
        drop(call);
        assert!(body.frame().await.unwrap().is_err());
    }

    #[tokio::test]
    async fn a_response_is_read_to_its_end_if_that_is_not_too_far() {
        let receive = async |pieces: &[&'static str], longest| {
            let mut response = Response::new(body(pieces));
            for (name, value) in [("x-note", "1"), ("x-note", "2"), ("connection", "close")] {
                let value = HeaderValue::from_static(value);
                response.headers_mut().append(name, value);
            }
            receive(response, longest).await.unwrap()
        };
        let whole = receive(&["ab", "", "c"], 3).await.unwrap();
        assert_eq!((whole.status, &*whole.body), (200, &b"abc"[..]));
        assert_eq!(whole.headers, headers(&[("x-note", "1"), ("x-note", "2")]));
        assert!(receive(&["ab", "c"], u64::MAX).await.is_some());
        assert!(receive(&[], 0).await.is_some());
        assert!(receive(&["ab", "cd"], 3).await.is_none());
        assert!(receive(&["a"], 0).await.is_none());
    }

    #[test]
    fn whether_the_platform_may_have_acted_is_told() {
        for error in [
            Error::ConnectionRefused,
            Error::ConnectionTimeout,
            Error::TlsCertificateError,
            Error::DestinationNotFound,
        ] {
            assert!(matches!(told(error), wit::Error::Unreachable(_)));
        }
        for error in [
            Error::ConnectionTerminated,
            Error::ConnectionReadTimeout,
            Error::HttpProtocolError,
            Error::InternalError(None),
            Error::HttpResponseBodySize(None),
            Error::HttpResponseContentCoding(None),
        ] {
            assert!(matches!(told(error), wit::Error::Lost(_)));
        }
        assert!(matches!(told(Error::HttpRequestDenied), wit::Error::Denied));
    }
}
