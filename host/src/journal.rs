//! What every run did to the world outside: each request that left the host, written down before it left and after it came back.
//!
//! A [`Journal`] is a folder. Each run has a file of its own in it, `<run>.ndjson`, with one JSON object a line (an [`Entry`]). The run's
//! name is a UUID of version 7 (RFC 9562, section 5.7), so names sort by time. Files are written by a [`Recorder`]; whatever is sent by
//! an [`HttpClient`](crate::HttpClient) that was [`recorded`](crate::HttpClient::recorded) goes through it. [`RunLog`] reads one back.
//!
//! - A request's line is in the file before its first byte leaves. Where it can't be written, the request is refused.
//! - Requests that can change something (all methods but those of RFC 9110, section 9.2.1) are on the disk by then, too; the
//!   others survive a crash of the process, and reach the disk with the next that is synced.
//! - A request without an answer's line may have been acted on.
//! - Secrets are not in it: a URL keeps the names of its query's parameters only, headers are left out, and digests are over what the target
//!   wrote and saw, in which secrets are placeholders.
//!
//! Why so: `docs/adr/0007-journal.md`. What the lines hold: `docs/journal.md`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use self::entry::{
    Answer, ApplicationRead, By, Content, Denied, End, Entry, Outcome, Request, SCHEMA, Sent,
    Start, TargetNote,
};
pub use self::log::{Damage, Effect, Fate, ReadError, RunLog};
pub(crate) use self::recorder::{Announced, Note, Streamed};
pub use self::recorder::{Receipt, Recorder};
pub use self::run::{ParseRunIdError, RunId};

mod entry;
mod folder;
mod log;
mod recorder;
mod run;

/// Most runs that are kept: years of a person's deploys, months of a busy pipeline's.
pub const MAX_RUNS: usize = 500;

/// Most bytes that are kept, in all runs together. A deploy writes some kilobytes.
pub const MAX_BYTES: u64 = 64 << 20;

/// Why the journal can't be kept.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the journal can't be {what} ({}): {reason}", .path.display())]
pub struct JournalError {
    what: &'static str,
    path: PathBuf,
    reason: String,
}

impl JournalError {
    fn new(what: &'static str, path: &Path, error: &io::Error) -> Self {
        Self {
            what,
            path: path.to_owned(),
            reason: error.to_string(),
        }
    }

    /// The file or folder that it is about.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What a run is about, for its first line.
#[derive(Debug, Clone)]
pub struct RunInfo {
    /// What the user asked for: `deploy`, `plan`, ...
    pub operation: String,
    /// The environment's name.
    pub environment: String,
    /// The target that runs.
    pub target: TargetNote,
    /// Who runs it, as in `bowline 0.1.0`.
    pub program: String,
}

/// A folder of runs. Only its owner can read it.
#[derive(Debug, Clone)]
pub struct Journal {
    folder: PathBuf,
}

impl Journal {
    /// Opens the folder, and makes it where it is missing, with mode 0700.
    ///
    /// # Errors
    /// When it can't be made, or other users have access to it.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, JournalError> {
        let folder = folder.into();
        folder::prepare(&folder).map_err(|error| JournalError::new("opened", &folder, &error))?;
        Ok(Self { folder })
    }

    /// A folder to read from. It may be missing: then there are no runs.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Begins a run. Its first line is on the disk when this returns. Afterwards the oldest runs beyond [`MAX_RUNS`] and [`MAX_BYTES`] are
    /// removed, but none that is still written to.
    ///
    /// # Errors
    /// When the file can't be made or written.
    pub fn begin(&self, info: RunInfo) -> Result<Recorder, JournalError> {
        let run = RunId::new();
        let path = self.path(run);
        let file =
            folder::create(&path).map_err(|error| JournalError::new("begun", &path, &error))?;
        let recorder = Recorder::begin(run, path, file, info)?;
        if let Err(error) = folder::prune(&self.folder, MAX_RUNS, MAX_BYTES) {
            tracing::warn!(folder = %self.folder.display(), %error, "old runs can't be removed from the journal");
        }
        Ok(recorder)
    }

    /// All runs, the latest first. Other files are passed over.
    ///
    /// # Errors
    /// When the folder is there and can't be read.
    pub fn runs(&self) -> Result<Vec<RunId>, JournalError> {
        let found = match fs::read_dir(&self.folder) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(JournalError::new("read", &self.folder, &error)),
        };
        let mut runs: Vec<RunId> = found
            .filter_map(|entry| RunId::of_file(&entry.ok()?.file_name()))
            .collect();
        runs.sort_unstable_by(|one, other| other.cmp(one));
        Ok(runs)
    }

    /// Reads one run.
    ///
    /// # Errors
    /// [`ReadError`]; damage inside the file is none, see [`RunLog::damage`].
    pub fn read(&self, run: RunId) -> Result<RunLog, ReadError> {
        RunLog::open(run, &self.path(run))
    }

    /// Whether a process still writes to this run.
    pub fn is_live(&self, run: RunId) -> bool {
        fs::File::open(self.path(run)).is_ok_and(|file| folder::is_live(&file))
    }

    /// The file of a run.
    pub fn path(&self, run: RunId) -> PathBuf {
        self.folder.join(run.file_name())
    }
}

#[cfg(test)]
mod tests;
