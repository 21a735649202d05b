//! One request and its answer over `wasi:http` 0.2.
//!
//! Blocking, and with as few calls of the host as it takes: they are what a request costs here.

use ::http::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use ::http::uri::Scheme;
use ::http::{Method, Response, StatusCode, request};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, Method as WasiMethod,
    OutgoingBody, OutgoingRequest, Scheme as WasiScheme, http_error_code,
};
use wasip2::io::poll::{Pollable, poll};
use wasip2::io::streams::StreamError;

use super::error::{classify, lost};
use super::{Error, Origin};

/// Most bytes that are asked for at once; the host hands over what has arrived.
const PIECE: u64 = 64 * 1024;

pub(super) fn exchange(
    head: &request::Parts,
    body: &[u8],
    origin: Origin<'_>,
    limit: usize,
) -> Result<Response<Vec<u8>>, Error> {
    let outgoing = outgoing(head)?;
    let sink = if body.is_empty() {
        None
    } else {
        let sink = outgoing.body();
        Some(sink.map_err(|()| Error::Invalid("its content-length is no number".to_owned()))?)
    };
    let failed = |code: ErrorCode| classify(origin, &code);
    let pending = outgoing_handler::handle(outgoing, None).map_err(failed)?;
    let answered = pending.subscribe();
    // Held until the answer is read: to drop a body that is not finished breaks the connection.
    let _unfinished = match sink {
        Some(sink) => write(sink, body, &answered).map_err(failed)?,
        None => None,
    };
    answered.block();
    drop(answered);
    read(take(&pending, origin)?, origin, limit)
}

fn outgoing(head: &request::Parts) -> Result<OutgoingRequest, Error> {
    let outgoing = OutgoingRequest::new(fields(&head.headers)?);
    let refused =
        |what: &'static str| move |()| Error::Invalid(format!("the host refuses its {what}"));
    // New requests are GET requests.
    if head.method != Method::GET {
        outgoing
            .set_method(&method(&head.method))
            .map_err(refused("method"))?;
    }
    let scheme = match head.uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTP => WasiScheme::Http,
        Some(scheme) if *scheme != Scheme::HTTPS => WasiScheme::Other(scheme.to_string()),
        _ => WasiScheme::Https,
    };
    outgoing
        .set_scheme(Some(&scheme))
        .map_err(refused("scheme"))?;
    let authority = head.uri.authority().map(|authority| authority.as_str());
    outgoing
        .set_authority(authority)
        .map_err(refused("authority"))?;
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    outgoing
        .set_path_with_query(Some(path))
        .map_err(refused("path"))?;
    Ok(outgoing)
}

fn method(method: &Method) -> WasiMethod {
    match *method {
        Method::HEAD => WasiMethod::Head,
        Method::POST => WasiMethod::Post,
        Method::PUT => WasiMethod::Put,
        Method::DELETE => WasiMethod::Delete,
        Method::CONNECT => WasiMethod::Connect,
        Method::OPTIONS => WasiMethod::Options,
        Method::TRACE => WasiMethod::Trace,
        Method::PATCH => WasiMethod::Patch,
        _ => WasiMethod::Other(method.to_string()),
    }
}

fn fields(headers: &HeaderMap) -> Result<Fields, Error> {
    if headers.is_empty() {
        return Ok(Fields::new());
    }
    let list: Vec<(String, Vec<u8>)> = headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    Fields::from_list(&list).map_err(|_| {
        // The host does not say which.
        let refused =
            |field: &&(String, Vec<u8>)| Fields::from_list(std::slice::from_ref(*field)).is_err();
        let name = list.iter().find(refused).map(|(name, _)| name.as_str());
        Error::Invalid(match name {
            Some(name) => format!("the host does not let targets set the header {name}"),
            None => "the host refuses its headers".to_owned(),
        })
    })
}

/// Writes the body while the host takes it. When it takes no more, its answer says why. What is returned is a body that could not be
/// written to its end, because the platform has answered without reading on.
fn write(
    sink: OutgoingBody,
    bytes: &[u8],
    answered: &Pollable,
) -> Result<Option<OutgoingBody>, ErrorCode> {
    let Ok(stream) = sink.write() else {
        return Ok(Some(sink));
    };
    let mut rest = bytes;
    while !rest.is_empty() {
        match stream.check_write() {
            Ok(0) => {
                let room = stream.subscribe();
                let ready = poll(&[&room, answered]);
                if !ready.contains(&0) {
                    break;
                }
            }
            Ok(room) => {
                let room = usize::try_from(room).unwrap_or(usize::MAX);
                let (now, later) = rest.split_at(room.min(rest.len()));
                if stream.write(now).is_err() {
                    break;
                }
                rest = later;
            }
            Err(_) => break,
        }
    }
    drop(stream);
    if rest.is_empty() {
        OutgoingBody::finish(sink, None).map(|()| None)
    } else {
        Ok(Some(sink))
    }
}

fn take(pending: &FutureIncomingResponse, origin: Origin<'_>) -> Result<IncomingResponse, Error> {
    match pending.get() {
        Some(Ok(Ok(answer))) => Ok(answer),
        Some(Ok(Err(code))) => Err(classify(origin, &code)),
        Some(Err(())) | None => Err(lost(origin.to_string(), "the host holds no answer")),
    }
}

fn read(
    answer: IncomingResponse,
    origin: Origin<'_>,
    limit: usize,
) -> Result<Response<Vec<u8>>, Error> {
    let broken = |reason: &str| lost(origin.to_string(), reason);
    let mut response = Response::new(Vec::new());
    *response.status_mut() = StatusCode::from_u16(answer.status())
        .map_err(|_| broken("its status code is out of range"))?;
    for (name, value) in answer.headers().entries() {
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
    // The host's client holds the platform to what it announces, so there is nothing to wait for after that.
    let announced = response
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced != Some(0) {
        *response.body_mut() = read_body(&answer, announced, origin, limit)?;
    }
    Ok(response)
}

fn read_body(
    answer: &IncomingResponse,
    announced: Option<usize>,
    origin: Origin<'_>,
    limit: usize,
) -> Result<Vec<u8>, Error> {
    let gone = |()| lost(origin.to_string(), "the host holds no body of it");
    let body = answer.consume().map_err(gone)?;
    let stream = body.stream().map_err(gone)?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(PIECE) {
            Ok(data) if data.len() > limit - bytes.len() => {
                return Err(Error::TooLong {
                    origin: origin.to_string(),
                    limit,
                });
            }
            Ok(data) if bytes.is_empty() => bytes = data,
            Ok(data) => bytes.extend_from_slice(&data),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(error)) => {
                return Err(match http_error_code(&error) {
                    Some(code) => classify(origin, &code),
                    None => lost(origin.to_string(), &error.to_debug_string()),
                });
            }
        }
        if announced == Some(bytes.len()) {
            return Ok(bytes);
        }
    }
}
