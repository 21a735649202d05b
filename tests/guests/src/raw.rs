//! Requests without the SDK and its checks, which are not what stops a hostile guest.

use std::hint::black_box;

use bowline_target::bindings::bowline::deploy::http as contract;
use bowline_target::{Application, Deployment, Failure};
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
};
use wasip2::io::streams::StreamError;

/// How a hostile guest sends: by the contract's `http`. A test writes [`BY_WASI`] over it, and makes the attack once more.
const BY: &str = "sends by contract";

/// Instead by `wasi:http`. Of the same length.
const BY_WASI: &str = "sends by wasihttp";

/// An answer, complete.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of that name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// GETs a URL.
///
/// # Errors
/// What the host said, as `unavailable`.
pub fn get(url: &str) -> Result<Answer, Failure> {
    send("GET", url, &[], &[])
}

/// POSTs a body.
///
/// # Errors
/// What the host said, as `unavailable`.
pub fn post(url: &str, kind: &str, body: &str) -> Result<Answer, Failure> {
    let headers = [("content-type", kind)];
    send("POST", url, &headers, &[body.as_bytes()])
}

/// Sends a request, and the pieces of its body one after the other.
///
/// # Errors
/// What the host said, as `unavailable`.
pub fn send(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    pieces: &[&[u8]],
) -> Result<Answer, Failure> {
    // The compiler must leave the text in one piece, in which a test finds it.
    if *black_box(BY) == *BY_WASI {
        by_wasi(method, url, headers, pieces)
    } else {
        by_contract(method, url, headers, pieces)
    }
}

/// As [`send`], in one call of the contract's `http`.
///
/// # Errors
/// What the host said, as `unavailable`.
pub fn by_contract(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    pieces: &[&[u8]],
) -> Result<Answer, Failure> {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
    let answer = contract::send(contract::Request {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: headers.collect(),
        body: contract::Body::Bytes(pieces.concat()),
        longest: u64::MAX,
    });
    let contract::Response {
        status,
        headers,
        body,
    } = answer.map_err(refused)?;
    Ok(Answer {
        status,
        headers,
        body,
    })
}

/// As [`send`], by `wasi:http`.
///
/// # Errors
/// What the host said, as `unavailable`.
pub fn by_wasi(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    pieces: &[&[u8]],
) -> Result<Answer, Failure> {
    let (request, answer) = start(method, url, headers)?;
    write(request, pieces)?;
    answer.subscribe().block();
    let answer = match answer.get() {
        Some(Ok(answer)) => answer.map_err(refused)?,
        _ => return Err(Failure::Unexpected("the answer is gone".into())),
    };
    read(&answer)
}

/// Starts a request without waiting for its answer. Its body is still to be written.
///
/// # Errors
/// What the host said, as `unavailable`.
pub fn start(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
) -> Result<(OutgoingBody, FutureIncomingResponse), Failure> {
    let fields = Fields::new();
    for (name, value) in headers {
        fields.append(name, value.as_bytes()).map_err(refused)?;
    }
    let request = OutgoingRequest::new(fields);
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    let no = |what: &str| Failure::Unavailable(format!("no request can have this {what}"));
    request
        .set_method(&verb(method))
        .map_err(|()| no("method"))?;
    request
        .set_scheme(Some(&scheme))
        .map_err(|()| no("scheme"))?;
    request
        .set_authority(Some(authority))
        .map_err(|()| no("authority"))?;
    // Without a path there is no request.
    let path = if path.is_empty() { "/" } else { path };
    request
        .set_path_with_query(Some(path))
        .map_err(|()| no("path"))?;
    let body = request.body().map_err(|()| no("body"))?;
    Ok((body, handle(request, None).map_err(refused)?))
}

/// What `wasi:http` calls this method.
#[must_use]
pub fn verb(method: &str) -> Method {
    match method {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

fn write(body: OutgoingBody, pieces: &[&[u8]]) -> Result<(), Failure> {
    let gone = || Failure::Unavailable("the body can't be written".into());
    let stream = body.write().map_err(|()| gone())?;
    for piece in pieces {
        let mut piece = *piece;
        while !piece.is_empty() {
            let room = stream.check_write().map_err(refused)?;
            if room == 0 {
                stream.subscribe().block();
                continue;
            }
            let (now, later) =
                piece.split_at(usize::try_from(room).unwrap_or(usize::MAX).min(piece.len()));
            stream.write(now).map_err(refused)?;
            piece = later;
        }
    }
    drop(stream);
    OutgoingBody::finish(body, None).map_err(refused)
}

/// Reads an answer to its end.
///
/// # Errors
/// What the host said, as `unavailable`.
pub fn read(answer: &IncomingResponse) -> Result<Answer, Failure> {
    let gone = || Failure::Unavailable("the answer has no body".into());
    let headers = answer.headers().entries();
    let source = answer.consume().map_err(|()| gone())?;
    let stream = source.stream().map_err(|()| gone())?;
    let mut body = Vec::new();
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(bytes) => body.extend(bytes),
            Err(StreamError::Closed) => break,
            Err(error) => return Err(refused(error)),
        }
    }
    Ok(Answer {
        status: answer.status(),
        headers,
        body,
    })
}

/// GETs all of these, whatever becomes of the others.
///
/// # Errors
/// `unexpected` when none of them answers.
pub fn try_all<S: AsRef<str>>(
    app: &Application,
    urls: impl IntoIterator<Item = S>,
) -> Result<Deployment, Failure> {
    let mut answered = Vec::new();
    let mut reasons = Vec::new();
    for url in urls {
        let url = url.as_ref();
        match get(url) {
            Ok(answer) => answered.push(format!("{url} {}", answer.status)),
            Err(reason) => reasons.push(format!("{url} {reason:?}")),
        }
    }
    if answered.is_empty() {
        return Err(Failure::Unexpected(reasons.join(", ")));
    }
    Ok(crate::seen(
        app,
        format!("answered: {}", answered.join(", ")),
    ))
}

/// The host's error in its own words.
pub fn refused(error: impl std::fmt::Debug) -> Failure {
    Failure::Unavailable(format!("{error:?}"))
}
