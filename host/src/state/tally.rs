//! Counts what an operation uses.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::limits::{LimitExceeded, Limits};

/// What an operation has used up to now. Where it can go down as well, the most that there was.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Bytes of memory; a guest can't give it back.
    pub(crate) memory: AtomicU64,
    pub(crate) table_elements: AtomicU64,
    /// Nanoseconds.
    compute: AtomicU64,
    /// Nanoseconds within the guest's calls that are not its own, since they were last taken off.
    lent: AtomicU64,
    pub(crate) concurrent_requests: AtomicU32,
    largest_request: AtomicU64,
    request_bytes: AtomicU64,
    largest_response: AtomicU64,
    response_bytes: AtomicU64,
    pub(crate) handles: AtomicU64,
    pub(crate) live_headers: AtomicU64,
    pub(crate) console_bytes: AtomicU64,
}

/// Bodies on one of the two ways.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    Out,
    In,
}

impl Tally {
    /// Of the guest's call that is under way, so long was not its own.
    pub(crate) fn lend(&self, time: Duration) {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.lent.fetch_add(time, Ordering::Relaxed);
    }

    /// The guest has computed for so long, without what was [lent](Self::lend) meanwhile; what is returned is the time altogether.
    pub(crate) fn compute(&self, more: Duration) -> Duration {
        let more = u64::try_from(more.as_nanos()).unwrap_or(u64::MAX);
        let more = more.saturating_sub(self.lent.swap(0, Ordering::Relaxed));
        let before = self.compute.fetch_add(more, Ordering::Relaxed);
        Duration::from_nanos(before.saturating_add(more))
    }

    /// Notes that there is so much of something now.
    pub(crate) fn peak(counter: &AtomicU64, now: usize) {
        counter.fetch_max(now as u64, Ordering::Relaxed);
    }

    /// Counts `more` bytes of a body that has `body` bytes with them.
    pub(super) fn body(
        &self,
        way: Way,
        body: u64,
        more: u64,
        limits: &Limits,
    ) -> Result<(), LimitExceeded> {
        let (largest, all, most, most_of_all) = match way {
            Way::Out => (
                &self.largest_request,
                &self.request_bytes,
                limits.request_body,
                limits.request_bytes,
            ),
            Way::In => (
                &self.largest_response,
                &self.response_bytes,
                limits.response_body,
                limits.response_bytes,
            ),
        };
        largest.fetch_max(body, Ordering::Relaxed);
        let before = all.fetch_add(more, Ordering::Relaxed);
        match way {
            Way::Out if body > most => Err(LimitExceeded::RequestBody(most)),
            Way::In if body > most => Err(LimitExceeded::ResponseBody(most)),
            _ if before.saturating_add(more) <= most_of_all => Ok(()),
            Way::Out => Err(LimitExceeded::RequestBytes(most_of_all)),
            Way::In => Err(LimitExceeded::ResponseBytes(most_of_all)),
        }
    }

    /// All figures at this moment, by the names of their limits.
    pub(super) fn figures(&self) -> [(&'static str, u64); 10] {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("memory", of(&self.memory)),
            ("table-elements", of(&self.table_elements)),
            (
                "concurrent-requests",
                self.concurrent_requests.load(Ordering::Relaxed).into(),
            ),
            ("request-body", of(&self.largest_request)),
            ("request-bytes", of(&self.request_bytes)),
            ("response-body", of(&self.largest_response)),
            ("response-bytes", of(&self.response_bytes)),
            ("handles", of(&self.handles)),
            ("live-headers", of(&self.live_headers)),
            ("console-bytes", of(&self.console_bytes)),
        ]
    }

    pub(super) fn computed(&self) -> Duration {
        Duration::from_nanos(self.compute.load(Ordering::Relaxed))
    }
}
