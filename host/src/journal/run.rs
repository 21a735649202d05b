//! Names of runs.

use std::ffi::OsStr;
use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

const EXTENSION: &str = ".ndjson";

/// Names a run: a UUID of version 7, which sorts by the time when the run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(Uuid);

/// A text that names no run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a run, which is a UUID")]
pub struct ParseRunIdError;

impl RunId {
    /// A name for a run that begins now.
    pub(super) fn new() -> Self {
        // Of a random UUID the bytes that hold neither version nor variant.
        let random = Uuid::new_v4().into_bytes();
        let [a, b, c, d, e, f, _, g, _, h, i, j, ..] = random;
        let [.., last] = random;
        let counter = [a, b, c, d, e, f, g, h, i ^ j, last];
        Self(Builder::from_unix_timestamp_millis(now(), &counter).into_uuid())
    }

    /// When it began, in milliseconds since 1970.
    pub fn began(&self) -> u64 {
        let mut millis = [0; 8];
        millis[2..].copy_from_slice(&self.0.as_bytes()[..6]);
        u64::from_be_bytes(millis)
    }

    pub(super) fn file_name(&self) -> String {
        format!("{}{EXTENSION}", self.0)
    }

    /// The run whose file this is. Only the canonical spelling is one.
    pub(super) fn of_file(name: &OsStr) -> Option<Self> {
        let run: Self = name.to_str()?.strip_suffix(EXTENSION)?.parse().ok()?;
        (OsStr::new(&run.file_name()) == name).then_some(run)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RunId {
    type Err = ParseRunIdError;

    fn from_str(text: &str) -> Result<Self, ParseRunIdError> {
        Uuid::try_parse(text).map(Self).map_err(|_| ParseRunIdError)
    }
}

/// Milliseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
