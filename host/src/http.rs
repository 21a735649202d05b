//! Capability `wasi:http/outgoing-handler`: requests to granted origins, sent by the one HTTP client.

use std::sync::Arc;

use http::header::{self, HeaderName};
use http::{Request, Response};
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, Result, WasiBody,
    WasiHttpHooks,
};

use crate::state::Run;

mod exchange;
mod fault;
mod incoming;
mod outgoing;
mod planning;

/// Completes when all of the response has been received, or with why it was not.
type Rest = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// What wasmtime's implementation of `wasi:http` leaves to the host.
pub(crate) struct Hooks {
    run: Arc<Run>,
}

impl Hooks {
    pub(crate) fn new(run: Arc<Run>) -> Self {
        Self { run }
    }
}

impl WasiHttpHooks for Hooks {
    /// Guests can neither set nor see these: they belong to one connection, not to the request, or are the client's to set.
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        const MORE: [HeaderName; 3] = [header::TE, header::TRAILER, header::EXPECT];
        Arc::new(|name| {
            DEFAULT_FORBIDDEN_HEADERS.contains(name)
                || MORE.contains(name)
                || name.as_str().starts_with("proxy-")
        })
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

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Rest)>> + Send> {
        let run = Arc::clone(&self.run);
        let checked = planning::check(&run, &request);
        Box::new(async move {
            checked?;
            let response = exchange::exchange(&run, request, options.unwrap_or_default()).await?;
            // What goes wrong with the response's body is told to its reader.
            Ok((response, Box::new(async { Ok(()) }) as Rest))
        })
    }
}
