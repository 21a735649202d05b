//! Capability `wasi:http/outgoing-handler`: requests to granted origins, sent by the one HTTP client.

use std::sync::Arc;

use http::header::{self, HeaderName};
use http::{Request, Response};
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, Result, WasiBody,
    WasiHttpHooks,
};

mod exchange;
mod fault;
mod handler;
mod incoming;
mod outgoing;
pub(crate) mod overrides;
mod planning;
mod send;

pub(crate) use handler::{Answer, offer};

/// Completes when all of the response has been received, or with why it was not.
type Rest = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// Guests can neither set nor see these: they belong to one connection, not to the request, or are the client's to set.
fn is_forbidden(name: &HeaderName) -> bool {
    static MORE: [HeaderName; 3] = [header::TE, header::TRAILER, header::EXPECT];
    static COMMON: [HeaderName; 9] = DEFAULT_FORBIDDEN_HEADERS;
    let name = name.as_str();
    let mut whole = COMMON.iter().chain(&MORE);
    // `proxy` is `HTTP_PROXY` to programs behind servers that hand headers on as variables (RFC 3875, section 4.1.18).
    whole.any(|forbidden| overrides::is_same(name, forbidden.as_str()))
        || name == "proxy"
        || name.starts_with("proxy-")
        || name.starts_with("proxy_")
}

/// What wasmtime's implementation of `wasi:http` leaves to the host.
pub(crate) struct Hooks;

impl WasiHttpHooks for Hooks {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(is_forbidden)
    }

    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        is_forbidden(name)
    }

    /// What was written and not yet sent stays in the host's memory: two pieces for each body, and a guest may have as many as
    /// it has handles. By default pieces have 1 MiB, which would be 2 GiB.
    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        64 << 10
    }

    /// The client takes it from the URL.
    fn set_host_header(&mut self) -> bool {
        false
    }

    /// For wasmtime's own handlers, whose place [`handler`] takes.
    fn send_request(
        &mut self,
        _: Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Rest)>> + Send> {
        Box::new(async { Err(Error::HttpRequestDenied) })
    }
}
