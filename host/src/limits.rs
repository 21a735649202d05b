//! What one operation of a target may use, and why that much.

use std::fmt;
use std::time::Duration;

/// Upper bounds for one operation of one target. Each field says its default and the reason for it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one linear memory, 256 MiB: a JavaScript or Python target starts with 10 to 40 MiB, and a target has no
    /// reason to hold an application's contents, which it reads in pieces.
    pub memory: usize,
    /// Elements of one table, 100 000: tables hold function pointers, of which a Python interpreter has some 20 000.
    pub table_elements: usize,
    /// Core instances, memories and tables together per kind, 100: componentize-py links a component from about 20 modules.
    pub instances: usize,
    /// Time that the guest itself computes, 30 s. Waiting for the host does not count, and a whole deploy by the Hippo target
    /// computes for some milliseconds.
    pub compute: Duration,
    /// Time of the whole operation, waiting included, 15 minutes: pushing some hundred megabytes over a slow line ends in it,
    /// a target that waits for ever doesn't. Questions to the user stop this clock.
    pub wall_clock: Duration,
    /// HTTP requests and uses of Bindle, 1 000: a deploy needs about ten, and some hundred where a platform has to be asked again and again.
    pub requests: u32,
    /// HTTP requests at the same time, 16: more help no platform, and each may hold up to 1 MiB of host memory.
    pub concurrent_requests: u32,
    /// Bytes of one request body, 1 GiB: a target may send whole applications itself, streamed.
    pub request_body: u64,
    /// Bytes of one response body, 64 MiB, streamed to the guest: answers of platforms are small, logs may be a few megabytes.
    pub response_body: u64,
    /// Bytes of the headers of one request or response, counted with some overhead for each, 128 KiB: servers accept 8 to 64 KiB.
    pub headers: usize,
    /// Live handles of the guest (bodies, streams, readers, ...), 1 000: guests that close what they open need a few dozen.
    pub handles: usize,
    /// Bytes that one call of the guest may hand to the host, 16 MiB: a body chunk has at most 1 MiB.
    pub call_bytes: usize,
    /// Messages to the console, 1 000: more can't be read. Further ones are dropped, which is no error.
    pub console_lines: u32,
    /// Characters of one message to the console, 500; the rest is cut off.
    pub console_line: usize,
    /// Bytes kept of what the guest writes to stdout and to stderr, 64 KiB each; the rest is dropped.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 256 << 20,
            table_elements: 100_000,
            instances: 100,
            compute: Duration::from_secs(30),
            wall_clock: Duration::from_secs(15 * 60),
            requests: 1_000,
            concurrent_requests: 16,
            request_body: 1 << 30,
            response_body: 64 << 20,
            headers: 128 << 10,
            handles: 1_000,
            call_bytes: 16 << 20,
            console_lines: 1_000,
            console_line: 500,
            output: 64 << 10,
        }
    }
}

impl Limits {
    /// For `describe`, which only hands out constants: 5 s of computing (a Python interpreter needs 0.1 s to start) and 10 s altogether.
    pub fn for_describe() -> Self {
        Self {
            compute: Duration::from_secs(5),
            wall_clock: Duration::from_secs(10),
            ..Self::default()
        }
    }
}

/// A limit that an operation ran into, with the value that it had.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitExceeded {
    /// [`Limits::memory`], in bytes.
    Memory(usize),
    /// [`Limits::table_elements`].
    TableElements(usize),
    /// [`Limits::instances`].
    Instances(usize),
    /// [`Limits::compute`].
    Compute(Duration),
    /// [`Limits::wall_clock`].
    WallClock(Duration),
    /// [`Limits::requests`].
    Requests(u32),
    /// [`Limits::concurrent_requests`].
    ConcurrentRequests(u32),
    /// [`Limits::request_body`], in bytes.
    RequestBody(u64),
    /// [`Limits::response_body`], in bytes.
    ResponseBody(u64),
    /// [`Limits::headers`], in bytes.
    Headers(usize),
    /// [`Limits::handles`].
    Handles(usize),
    /// [`Limits::call_bytes`].
    CallBytes(usize),
    /// The guest's call stack, whose size (512 KiB) is wasmtime's default.
    Stack,
}

impl LimitExceeded {
    /// The limit's name: lower-case words joined by `-`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Memory(_) => "memory",
            Self::TableElements(_) => "table-elements",
            Self::Instances(_) => "instances",
            Self::Compute(_) => "compute",
            Self::WallClock(_) => "wall-clock",
            Self::Requests(_) => "requests",
            Self::ConcurrentRequests(_) => "concurrent-requests",
            Self::RequestBody(_) => "request-body",
            Self::ResponseBody(_) => "response-body",
            Self::Headers(_) => "headers",
            Self::Handles(_) => "handles",
            Self::CallBytes(_) => "call-bytes",
            Self::Stack => "stack",
        }
    }
}

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(n) => write!(f, "more than {} of memory", Bytes(*n as u64)),
            Self::TableElements(n) => write!(f, "more than {n} table elements"),
            Self::Instances(n) => write!(f, "more than {n} instances, memories or tables"),
            Self::Compute(d) => write!(f, "more than {d:?} of computing"),
            Self::WallClock(d) => write!(f, "more than {d:?} altogether"),
            Self::Requests(n) => write!(f, "more than {n} requests"),
            Self::ConcurrentRequests(n) => {
                write!(f, "more than {n} HTTP requests at the same time")
            }
            Self::RequestBody(n) => write!(f, "a request body of more than {}", Bytes(*n)),
            Self::ResponseBody(n) => write!(f, "a response body of more than {}", Bytes(*n)),
            Self::Headers(n) => write!(f, "more than {} of headers", Bytes(*n as u64)),
            Self::Handles(n) => write!(f, "more than {n} handles"),
            Self::CallBytes(n) => write!(f, "more than {} in one call", Bytes(*n as u64)),
            Self::Stack => f.write_str("a deeper call stack than there is"),
        }
    }
}

/// A size in the largest binary unit that divides it.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] {
            if self.0 != 0 && self.0.trailing_zeros() >= shift {
                return write!(f, "{} {unit}", self.0 >> shift);
            }
        }
        write!(f, "{} bytes", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        assert_eq!(
            LimitExceeded::Memory(256 << 20).to_string(),
            "more than 256 MiB of memory"
        );
        assert_eq!(
            LimitExceeded::ResponseBody(1000).to_string(),
            "a response body of more than 1000 bytes"
        );
        assert_eq!(
            LimitExceeded::Compute(Duration::from_millis(1500)).to_string(),
            "more than 1.5s of computing"
        );
    }
}
