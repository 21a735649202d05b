//! `wasi:http/outgoing-handler`, and the future answer that it returns.
//!
//! They stand in the place of wasmtime's own, which start two tasks of the runtime for each request: one more thread is woken for each,
//! and none of them ends with the guest's call. Here a request is driven by the operation that sends it
//! (ADR 0027).

use std::sync::Arc;

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
use super::incoming::arrive;
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
    let request = match read(&run, request, options) {
        Ok(request) => request,
        Err(error) => return Ok(Err(code(&mut state.http(), error)?)),
    };
    let exchange = {
        let run = Arc::clone(&run);
        async move {
            let (parts, body) = exchange(&run, request).await?.into_parts();
            Ok(Response::from_parts(parts, arrive(body).await))
        }
    };
    let answer = Answer::Pending(run.begin(exchange));
    Ok(Ok(state.table.push(answer)?))
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
    let url = [scheme, "://", &authority, &path].concat();
    let url = planning::address(run, &method, &headers, &url)?;
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

#[cfg(test)]
mod tests {
    use wasmtime_wasi_http::WasiHttpCtx;
    use wasmtime_wasi_http::p2::bindings::http::types::Method as WasiMethod;

    use super::*;
    use crate::error::Operation;
    use crate::http::Hooks;
    use crate::limits::Limits;

    fn run(operation: Operation) -> Run {
        Run::unlent("guest", operation, Limits::default())
    }

    fn request(scheme: Option<Scheme>, authority: &str, path: &str) -> HostOutgoingRequest {
        HostOutgoingRequest {
            method: WasiMethod::Get,
            scheme,
            authority: Some(authority.to_owned()),
            path_with_query: Some(path.to_owned()),
            headers: FieldMap::new_mutable(1000),
            body: None,
        }
    }

    fn url(request: HostOutgoingRequest) -> Result<String> {
        let read = read(&run(Operation::Deploy), request, RequestOptions::default());
        read.map(|request| request.url.to_string())
    }

    #[test]
    fn an_address_is_put_together_of_its_parts() {
        let other = |scheme: &str| Some(Scheme::Other(scheme.to_owned()));
        for (scheme, authority, path, expected) in [
            (Some(Scheme::Http), "a.test:80", "/x?y", "http://a.test/x?y"),
            (Some(Scheme::Https), "a.test", "", "https://a.test/"),
            (None, "a.test:8443", "?y", "https://a.test:8443/?y"),
            (other("HTTP"), "[::1]:1", "/", "http://[::1]:1/"),
            (other("https"), "A.test", "//b/c", "https://a.test//b/c"),
        ] {
            assert_eq!(url(request(scheme, authority, path)).unwrap(), expected);
        }
        let refused = url(request(other("ftp"), "a.test", "/"));
        assert!(matches!(refused, Err(Error::HttpProtocolError)));
        for (authority, path) in [("", "/b.test/"), ("a.test:99999", "/")] {
            let refused = url(request(None, authority, path));
            assert!(
                matches!(refused, Err(Error::HttpRequestUriInvalid)),
                "{authority}"
            );
        }
    }

    #[test]
    fn a_body_that_is_announced_has_to_be_there() {
        let announcing = |length: &str| {
            let mut request = request(None, "a.test", "/");
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_LENGTH, length.parse().unwrap());
            request.headers = FieldMap::new_immutable(&mut Hooks, headers);
            url(request)
        };
        assert!(announcing("0").is_ok());
        assert!(matches!(
            announcing("5"),
            Err(Error::HttpRequestBodySize(_))
        ));
    }

    /// Also to an address that could not be sent to.
    #[test]
    fn a_write_while_planning_is_noted_whatever_its_address() {
        let run = run(Operation::Plan);
        let mut request = request(None, "a.test:99999", "/");
        request.method = WasiMethod::Post;
        let refused = read(&run, request, RequestOptions::default());
        assert!(matches!(refused, Err(Error::HttpRequestDenied)));
        assert!(run.report().has_written());
    }

    #[test]
    fn why_there_is_no_answer_is_told_to_a_guest_with_all_its_handles() {
        let mut table = ResourceTable::new();
        table.set_max_capacity(1);
        let refused = Answer::Ready(Err(Error::ConnectionRefused));
        let answer = table.push(refused).unwrap();
        let mut http = WasiHttpCtxView {
            hooks: &mut Hooks,
            table: &mut table,
            ctx: &mut WasiHttpCtx::new(),
        };
        let got = get(&mut http, &answer).unwrap();
        assert!(matches!(got, Some(Ok(Err(ErrorCode::ConnectionRefused)))));
        assert!(matches!(get(&mut http, &answer).unwrap(), Some(Err(()))));
    }
}
