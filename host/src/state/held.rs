//! Looks at what the host holds for a guest, each time that the guest calls it.

use std::any::{Any, TypeId};

use http::HeaderMap;
use wasmtime_wasi_http::FieldMap;
use wasmtime_wasi_http::p2::types::{
    HostFutureIncomingResponse, HostIncomingResponse, HostOutgoingRequest,
};

use super::{State, Tally};
use crate::limits::LimitExceeded;

/// What one header takes besides its name and value.
const HEADER: usize = 64;

impl State {
    /// Counts the handles that there are now.
    pub(super) fn look_at_handles(&mut self) {
        Tally::peak(&self.run.tally.handles, self.table.iter_mut().count());
    }

    /// Counts the handles and the headers that there are now. Headers of one request or answer are bounded by wasmtime, those of a
    /// thousand by nobody else. It has no place where it asks before they grow, so a guest that has too many is stopped
    /// when it next calls the host or goes round a loop.
    pub(super) fn look(&mut self) {
        let (mut handles, mut headers) = (0, 0);
        for entry in self.table.iter_mut() {
            handles += 1;
            headers += headers_of(entry).map_or(0, size);
        }
        Tally::peak(&self.run.tally.handles, handles);
        Tally::peak(&self.run.tally.live_headers, headers);
        let limit = self.run.limits.live_headers;
        if headers > limit {
            self.run.stop(LimitExceeded::LiveHeaders(limit));
            self.engine.increment_epoch();
        }
    }
}

fn headers_of(entry: &dyn Any) -> Option<&HeaderMap> {
    // Asked once: it is a call through a table, and most entries are none of these.
    let kind = entry.type_id();
    if kind == TypeId::of::<FieldMap>() {
        return entry.downcast_ref::<FieldMap>().map(|fields| &**fields);
    }
    if kind == TypeId::of::<HostOutgoingRequest>() {
        let request = entry.downcast_ref::<HostOutgoingRequest>()?;
        return Some(&request.headers);
    }
    if kind == TypeId::of::<HostIncomingResponse>() {
        let response = entry.downcast_ref::<HostIncomingResponse>()?;
        return Some(&response.headers);
    }
    if kind != TypeId::of::<HostFutureIncomingResponse>() {
        return None;
    }
    match entry.downcast_ref::<HostFutureIncomingResponse>()? {
        HostFutureIncomingResponse::Ready(Ok((response, _))) => Some(response.headers()),
        _ => None,
    }
}

fn size(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + HEADER)
        .sum()
}
