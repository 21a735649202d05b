//! Looks at what the host holds for a guest, each time that the guest calls it.

use std::any::{Any, TypeId};

use http::HeaderMap;
use wasmtime_wasi_http::FieldMap;
use wasmtime_wasi_http::p2::types::{HostIncomingResponse, HostOutgoingRequest};

use super::{State, Tally};
use crate::http::Answer;
use crate::limits::LimitExceeded;

/// What one header takes besides its name and value.
const HEADER: usize = 64;

/// Headers are counted each time that the guest has called the host so often, for to count them at each call would take as long as the call. A
/// guest that makes more than it may is found out so many sets of headers later at the latest.
const CALLS: u32 = 8;

impl State {
    /// Notes how many handles there were at the same time. The table fills its gaps before it grows, so it is as long as it ever had entries.
    pub(super) fn look_at_handles(&mut self) {
        // The only thing that tells its length.
        let (_, length) = self.table.iter_mut().size_hint();
        Tally::peak(&self.run.tally.handles, length.unwrap_or(0));
    }

    /// Counts what the host holds for the guest.
    pub(super) fn look(&mut self) {
        self.look_at_handles();
        self.calls = self.calls.wrapping_add(1);
        if self.calls.is_multiple_of(CALLS) {
            self.look_at_headers();
        }
    }

    /// Counts the headers that there are now. Those of one request or answer are bounded by wasmtime, those of a
    /// thousand by nobody else. It has no place where it asks before they grow, so a guest that has too many is stopped
    /// when it next calls the host or goes round a loop.
    pub(crate) fn look_at_headers(&mut self) {
        let entries = self.table.iter_mut();
        let headers = entries
            .filter_map(|entry| headers_of(entry))
            .map(size)
            .sum();
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
    if kind == TypeId::of::<Answer>() {
        return entry.downcast_ref::<Answer>()?.headers();
    }
    None
}

fn size(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + HEADER)
        .sum()
}
