//! `wasi:http/outgoing-handler`, and the future answer that it returns.
//!
//! They stand in the place of wasmtime's own, which start two tasks of the runtime for each request: one more thread is woken for each,
//! and none of them ends with the guest's call. Here a request is driven by the operation that sends it
//! (ADR 0027).

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::RemoteHandle;
use http::header::{self, HeaderMap};
use http::{Method, Response};
use http_body_util::{BodyExt as _, Empty};
use url::Url;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, ResourceTable, ResourceType};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi_http::p2::bindings::http::types::{
    ErrorCode, HostFutureIncomingResponse as _, Scheme,
};
use wasmtime_wasi_http::p2::body::HostIncomingBody;
use wasmtime_wasi_http::p2::types::{
    HostFutureIncomingResponse, HostIncomingResponse, HostOutgoingRequest,
};
use wasmtime_wasi_http::{
    Error, FieldMap, RequestOptions, Result, WasiBody, WasiHttpCtxView, WasiHttpView as _,
};

use super::exchange::exchange;
use super::planning;
use crate::state::{Run, State};

/// Those that wasmtime's implementation has. What is linked here replaces the same names there.
const TYPES: &str = "wasi:http/types@0.2.12";
const OUTGOING_HANDLER: &str = "wasi:http/outgoing-handler@0.2.12";

/// What a guest sends.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: WasiBody,
    pub(super) options: RequestOptions,
}

/// The resource `future-incoming-response`.
pub(crate) enum Answer {
    /// The request is under way, until this is dropped.
    Pending(RemoteHandle<Result<Response<WasiBody>>>),
    /// There is an answer, or none will come.
    Ready(Result<Response<WasiBody>>),
    /// The guest has it.
    Taken,
}

impl Answer {
    /// The headers that the host holds in it.
    pub(crate) fn headers(&self) -> Option<&HeaderMap> {
        match self {
            Self::Ready(Ok(response)) => Some(response.headers()),
            _ => None,
        }
    }
}

#[async_trait]
impl Pollable for Answer {
    async fn ready(&mut self) {
        if let Self::Pending(answer) = self {
            *self = Self::Ready(answer.await);
        }
    }
}

/// Puts these in the place of wasmtime's, which has to be linked before.
pub(crate) fn offer(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    types.resource(
        "future-incoming-response",
        ResourceType::host::<Answer>(),
        |mut store, index| {
            let answer = Resource::<Answer>::new_own(index);
            store.data_mut().table.delete(answer)?;
            Ok(())
        },
    )?;
    types.func_wrap(
        "[method]future-incoming-response.subscribe",
        |mut store: StoreContextMut<'_, State>, (answer,): (Resource<Answer>,)| {
            let pollable: Resource<DynPollable> = subscribe(&mut store.data_mut().table, answer)?;
            Ok((pollable,))
        },
    )?;
    types.func_wrap(
        "[method]future-incoming-response.get",
        |mut store: StoreContextMut<'_, State>, (answer,): (Resource<Answer>,)| {
            let state = store.data_mut();
            state.look_at_headers();
            Ok((get(&mut state.http(), &answer)?,))
        },
    )?;
    linker.instance(OUTGOING_HANDLER)?.func_wrap(
        "handle",
        |mut store: StoreContextMut<'_, State>,
         (request, options): (
            Resource<HostOutgoingRequest>,
            Option<Resource<RequestOptions>>,
        )| { Ok((handle(store.data_mut(), request, options)?,)) },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

fn handle(
    state: &mut State,
    request: Resource<HostOutgoingRequest>,
    options: Option<Resource<RequestOptions>>,
) -> wasmtime::Result<Result<Resource<Answer>, ErrorCode>> {
    state.look_at_headers();
    let request = state.table.delete(request)?;
    let options = match options {
        Some(options) => state.table.delete(options)?,
        None => RequestOptions::default(),
    };
    let run = Arc::clone(&state.run);
    let mut http = state.http();
    let request = match read(&run, request, options) {
        Ok(request) => request,
        Err(error) => return Ok(Err(code(&mut http, error)?)),
    };
    let exchange = {
        let run = Arc::clone(&run);
        Box::pin(async move { exchange(&run, request).await })
    };
    let (exchange, answer) = exchange.remote_handle();
    run.drive(exchange.boxed());
    Ok(Ok(state.table.push(Answer::Pending(answer))?))
}

/// Takes a guest's request apart. Its address is parsed once: the value that the grant judges is the value that is sent.
fn read(run: &Run, request: HostOutgoingRequest, options: RequestOptions) -> Result<Request> {
    let HostOutgoingRequest {
        method,
        scheme,
        authority,
        path_with_query,
        headers,
        body,
    } = request;
    let headers = HeaderMap::from(headers);
    let method = method
        .try_into()
        .map_err(|_| Error::HttpRequestMethodInvalid)?;
    let scheme = match scheme {
        Some(Scheme::Http) => "http",
        Some(Scheme::Https) | None => "https",
        Some(Scheme::Other(other)) if other.eq_ignore_ascii_case("http") => "http",
        Some(Scheme::Other(other)) if other.eq_ignore_ascii_case("https") => "https",
        Some(Scheme::Other(_)) => return Err(Error::HttpProtocolError),
    };
    // Without one, the first part of the path would be read as the host.
    let authority = authority.filter(|authority| !authority.is_empty());
    let authority = authority.ok_or(Error::HttpRequestUriInvalid)?;
    let path = path_with_query.unwrap_or_default();
    let url = Url::parse(&[scheme, "://", &authority, &path].concat());
    planning::check(run, &method, &headers, url.as_ref().ok())?;
    let url = url.map_err(|_| Error::HttpRequestUriInvalid)?;
    let body = match body {
        Some(body) => body,
        None => {
            let announced = headers.get(header::CONTENT_LENGTH);
            if announced.is_some_and(|length| length.as_bytes() != b"0") {
                return Err(Error::HttpRequestBodySize(Some(0)));
            }
            Empty::new().map_err(|never| match never {}).boxed_unsync()
        }
    };
    Ok(Request {
        method,
        url,
        headers,
        body,
        options,
    })
}

/// What `future-incoming-response.get` returns: nothing yet, that it was taken before, an answer or why there is none.
type Got = Option<Result<Result<Resource<HostIncomingResponse>, ErrorCode>, ()>>;

fn get(http: &mut WasiHttpCtxView<'_>, answer: &Resource<Answer>) -> wasmtime::Result<Got> {
    let held = http.table.get_mut(answer)?;
    let response = match std::mem::replace(held, Answer::Taken) {
        Answer::Ready(Ok(response)) => response,
        Answer::Ready(Err(error)) => return Ok(Some(Ok(Err(code(http, error)?)))),
        Answer::Taken => return Ok(Some(Err(()))),
        pending @ Answer::Pending(_) => {
            *held = pending;
            return Ok(None);
        }
    };
    let (parts, body) = response.into_parts();
    let response = HostIncomingResponse {
        status: parts.status.as_u16(),
        headers: FieldMap::new_immutable(http.hooks, parts.headers),
        body: Some(HostIncomingBody::new(body)),
    };
    Ok(Some(Ok(Ok(http.table.push(response)?))))
}

/// An error in the words of the interface. wasmtime has a table of them and shows it to nobody but the guest, so it is asked as a guest would: with
/// handles of its own, for the guest may have no room for one more.
fn code(http: &mut WasiHttpCtxView<'_>, error: Error) -> wasmtime::Result<ErrorCode> {
    let mut table = ResourceTable::new();
    let told = table.push(HostFutureIncomingResponse::Ready(Err(error)))?;
    let mut asking = WasiHttpCtxView {
        hooks: http.hooks,
        table: &mut table,
        ctx: http.ctx,
    };
    match asking.get(told)? {
        Some(Ok(Err(code))) => Ok(code),
        _ => Ok(ErrorCode::InternalError(None)),
    }
}
