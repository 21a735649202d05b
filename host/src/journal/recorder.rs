//! Writes a run's file.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use bowline_app::{Application, Digest};
use http::Method;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::entry::{
    Answer, ApplicationRead, By, Content, Denied, End, Entry, Outcome, Request, SCHEMA, Sent, Start,
};
use super::run::now;
use super::{JournalError, RunId, RunInfo};
use crate::error::{Denial, Operation};
use crate::http::overrides;
use crate::text;

/// Longest URL that is written, in characters.
const MAX_URL: usize = 2000;
/// Most bytes of lines that wait for the next.
const MAX_HELD: usize = 4096;
/// Longest text of an error or a denial, in characters.
const MAX_TEXT: usize = 500;

/// Writes the file of one run. Cheap to clone; the run is over when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Recorder {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    run: RunId,
    path: PathBuf,
    file: File,
    requests: AtomicU64,
    /// Held while a line is written.
    writing: Mutex<Writing>,
}

#[derive(Debug, Default)]
struct Writing {
    /// Why the file can take no more: a line that was written in part would swallow the next one.
    broken: Option<JournalError>,
    /// Lines that go with the next one. To write is to call the operating system, which costs as much as all the rest of a line.
    held: Vec<u8>,
}

/// Whether a line is in the file when [`Inner::append`] returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Now,
    /// Together with the next line, or when the run ends: what is lost with a process that is killed until then changes nothing.
    WithNext,
}

/// What a request's line says besides the request itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Note {
    pub(crate) during: Option<Operation>,
    pub(crate) body: Announced,
    pub(crate) secrets: Vec<String>,
}

/// What a request's line says of its body.
#[derive(Debug, Clone, Default)]
pub(crate) enum Announced {
    /// The body's own bytes. They hold no secret.
    #[default]
    AsItIs,
    /// This.
    Known(Content),
    /// At most the length. The rest is known when it has left, and has a line of its own.
    Streamed(Option<u64>, SentLine),
}

/// Where the line of a streamed body goes, once its request has one.
#[derive(Debug, Clone, Default)]
pub(crate) struct SentLine(Arc<OnceLock<(Recorder, u64)>>);

/// A body that is streamed. Its line is written when this is dropped. Without a journal it does nothing.
#[derive(Debug)]
pub(crate) struct Streamed {
    line: SentLine,
    /// Its length, where it was announced: the client asks for no more than that, so it doesn't come to the end.
    size: Option<u64>,
    tally: Tally,
    ended: bool,
}

impl Streamed {
    /// One of which the length was announced, or was not.
    pub(crate) fn new(size: Option<u64>) -> Self {
        Self {
            line: SentLine::default(),
            size,
            tally: Tally::default(),
            ended: false,
        }
    }

    /// For the request's line.
    pub(crate) fn announced(&self) -> Announced {
        Announced::Streamed(self.size, self.line.clone())
    }

    /// These bytes leave next.
    pub(crate) fn data(&mut self, bytes: &[u8]) {
        if self.line.0.get().is_some() {
            self.tally.add(bytes);
        }
    }

    /// All of it has left.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }
}

impl Drop for Streamed {
    fn drop(&mut self) {
        let Some((recorder, n)) = self.line.0.get() else {
            return;
        };
        let body = std::mem::take(&mut self.tally).content();
        let entry = Entry::Sent(Sent {
            at: now(),
            n: *n,
            body,
            complete: self.ended || body.size == self.size,
        });
        if let Err(error) = recorder.append(&entry) {
            tracing::error!(%error, "what was sent is not in the journal");
        }
    }
}

/// Size and digest of bytes that come by and by.
#[derive(Debug, Clone, Default)]
struct Tally {
    size: u64,
    hasher: Sha256,
}

impl Tally {
    fn add(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.hasher.update(bytes);
    }

    fn content(self) -> Content {
        Content {
            size: Some(self.size),
            digest: Some(Digest::from_bytes(self.hasher.finalize().into())),
        }
    }
}

impl Note {
    /// Says this of the body.
    pub(crate) fn of(body: Content) -> Self {
        Self {
            body: Announced::Known(body),
            ..Self::default()
        }
    }
}

impl Recorder {
    pub(super) fn begin(
        run: RunId,
        path: PathBuf,
        file: File,
        info: RunInfo,
    ) -> Result<Self, JournalError> {
        let recorder = Self {
            inner: Arc::new(Inner {
                run,
                path,
                file,
                requests: AtomicU64::new(0),
                writing: Mutex::default(),
            }),
        };
        let RunInfo {
            operation,
            environment,
            target,
            program,
        } = info;
        recorder.append(&Entry::Start(Start {
            at: now(),
            schema: SCHEMA,
            run,
            program,
            operation,
            environment,
            target,
        }))?;
        recorder.inner.sync()?;
        Ok(recorder)
    }

    /// The run's name.
    pub fn run(&self) -> RunId {
        self.inner.run
    }

    /// The run's file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Notes which application the run is about.
    ///
    /// # Errors
    /// When the line can't be written.
    pub fn application(&self, application: &Application) -> Result<(), JournalError> {
        self.append(&Entry::Application(ApplicationRead {
            at: now(),
            name: application.name().to_owned(),
            revision: application.revision(),
            digest: application.digest(),
        }))
    }

    /// Notes how the run ended, and sees to it that all lines are on the disk.
    ///
    /// # Errors
    /// When the line can't be written.
    pub fn end(&self, outcome: Outcome, error: Option<&str>) -> Result<(), JournalError> {
        self.append(&Entry::End(End {
            at: now(),
            outcome,
            error: error.map(|error| text::line(error, MAX_TEXT)),
        }))?;
        self.inner.sync()
    }

    /// Notes a refusal. That it can't be written stops the requests that come after it.
    pub(crate) fn denied(&self, operation: Operation, denial: &Denial) {
        let entry = Entry::Denied(Denied {
            at: now(),
            during: Some(operation.to_string()),
            what: text::line(&denial.to_string(), MAX_TEXT),
        });
        if let Err(error) = self.append(&entry) {
            tracing::error!(%error, "a refusal is not in the journal");
        }
    }

    /// Notes a request that is about to leave; it must not leave unless this succeeds.
    pub(crate) async fn request(
        &self,
        by: By,
        request: &reqwest::Request,
        note: Note,
    ) -> Result<Receipt, JournalError> {
        let body = match &note.body {
            Announced::Known(content) => Some(*content),
            Announced::Streamed(size, _) => Some(Content {
                size: *size,
                digest: None,
            }),
            Announced::AsItIs => request.body().map(|body| match body.as_bytes() {
                Some(bytes) => Content::of(bytes),
                None => Content::default(),
            }),
        };
        let overridden_by = overrides::method(request.headers());
        let n = self.inner.requests.fetch_add(1, Ordering::Relaxed) + 1;
        self.append(&Entry::Request(Request {
            at: now(),
            n,
            by,
            during: note.during.map(|operation| operation.to_string()),
            method: text::line(request.method().as_str(), 32),
            overridden_by: overridden_by.map(ToOwned::to_owned),
            url: shown(request.url()),
            body,
            secrets: note.secrets,
        }))?;
        if let Announced::Streamed(_, line) = note.body {
            // A body has one request.
            let _ = line.0.set((self.clone(), n));
        }
        let safe = overridden_by.is_none()
            && matches!(
                *request.method(),
                Method::GET | Method::HEAD | Method::OPTIONS
            );
        if !safe {
            let inner = Arc::clone(&self.inner);
            let synced = tokio::task::spawn_blocking(move || inner.sync()).await;
            synced.map_err(|error| {
                let error = std::io::Error::other(error);
                JournalError::new("written", &self.inner.path, &error)
            })??;
        }
        Ok(Receipt(Some(Open {
            recorder: self.clone(),
            n,
            after: if safe { When::WithNext } else { When::Now },
            started: Instant::now(),
            status: None,
            received: Tally::default(),
        })))
    }

    fn append(&self, entry: &Entry) -> Result<(), JournalError> {
        self.inner.append(entry, When::Now)
    }

    /// Writes to this from now on.
    #[cfg(test)]
    pub(super) fn write_to(&mut self, file: File) {
        Arc::get_mut(&mut self.inner).unwrap().file = file;
    }
}

impl Inner {
    fn append(&self, entry: &Entry, when: When) -> Result<(), JournalError> {
        let mut writing = self.writing();
        if let Some(error) = &writing.broken {
            return Err(error.clone());
        }
        let Writing { held, .. } = &mut *writing;
        let whole = held.len();
        if let Err(error) = serde_json::to_writer(&mut *held, entry) {
            // What there is of the line must not stand before the next.
            held.truncate(whole);
            return Err(self.failed(&error.into()));
        }
        held.push(b'\n');
        if when == When::WithNext && held.len() < MAX_HELD {
            return Ok(());
        }
        self.write(&mut writing)
    }

    /// Writes what is held.
    fn write(&self, writing: &mut Writing) -> Result<(), JournalError> {
        let written = (&self.file).write_all(&writing.held);
        writing.held.clear();
        written.map_err(|error| {
            let error = self.failed(&error);
            writing.broken = Some(error.clone());
            error
        })
    }

    fn sync(&self) -> Result<(), JournalError> {
        self.file.sync_data().map_err(|error| {
            let error = self.failed(&error);
            // What the disk has of the file is unknown from here on.
            self.writing().broken = Some(error.clone());
            error
        })
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, error: &std::io::Error) -> JournalError {
        JournalError::new("written", &self.path, error)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let mut writing = std::mem::take(
            self.writing
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner),
        );
        if writing.held.is_empty() || writing.broken.is_some() {
            return;
        }
        if let Err(error) = self.write(&mut writing) {
            tracing::error!(%error, "an answer is not in the journal");
        }
    }
}

/// A URL as the journal has it: without user, fragment and the values of its query.
fn shown(url: &Url) -> String {
    let mut shown = String::with_capacity(url.as_str().len());
    shown.push_str(&url[..url::Position::BeforeUsername]);
    shown.push_str(&url[url::Position::BeforeHost..url::Position::AfterPath]);
    if let Some(query) = url.query() {
        let mut mark = '?';
        for parameter in query.split('&') {
            shown.push(mark);
            match parameter.split_once('=') {
                Some((name, _)) => {
                    shown.push_str(name);
                    shown.push_str("=*");
                }
                // All of it may be a value.
                None => shown.push('*'),
            }
            mark = '&';
        }
    }
    if shown.len() > MAX_URL {
        shown = text::line(&shown, MAX_URL);
    }
    shown
}

/// A request without its answer's line. Tell it what comes; the line is written when the answer has ended, and says so if this is dropped
/// before. Without a journal it does nothing.
#[derive(Debug)]
pub struct Receipt(Option<Open>);

#[derive(Debug)]
struct Open {
    recorder: Recorder,
    n: u64,
    /// When its answer's line is written.
    after: When,
    started: Instant,
    status: Option<u16>,
    received: Tally,
}

impl Receipt {
    /// For a request that is in no journal.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Whether its line is still to be written.
    pub(crate) fn is_open(&self) -> bool {
        self.0.is_some()
    }

    /// The answer's status has come.
    pub(crate) fn status(&mut self, status: u16) {
        if let Some(open) = &mut self.0 {
            open.status = Some(status);
        }
    }

    /// These bytes of its body have come.
    pub(crate) fn data(&mut self, bytes: &[u8]) {
        if let Some(open) = &mut self.0 {
            open.received.add(bytes);
        }
    }

    /// All of it has come.
    pub(crate) fn complete(&mut self) {
        self.close(true, None, false);
    }

    /// Nothing more comes.
    pub(crate) fn failed(&mut self, reason: &str, never_sent: bool) {
        self.close(false, Some(text::line(reason, MAX_TEXT)), never_sent);
    }

    fn close(&mut self, complete: bool, error: Option<String>, never_sent: bool) {
        let Some(open) = self.0.take() else {
            return;
        };
        let body = open.status.is_some().then(|| open.received.content());
        let entry = Entry::Answer(Answer {
            at: now(),
            n: open.n,
            status: open.status,
            body,
            complete,
            took: u64::try_from(open.started.elapsed().as_micros()).unwrap_or(u64::MAX),
            error,
            never_sent,
        });
        if let Err(error) = open.recorder.inner.append(&entry, open.after) {
            tracing::error!(%error, "an answer is not in the journal");
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        let reason = match &self.0 {
            Some(Open {
                status: Some(_), ..
            }) => None,
            _ => Some("nobody waited for the answer any more".to_owned()),
        };
        self.close(false, reason, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_shown_without_what_may_be_secret() {
        let shown = |url: &str| shown(&Url::parse(url).unwrap());
        assert_eq!(
            shown("https://me:hidden@a.test:8443/x/y?token=hidden&page=2&hidden#hidden"),
            "https://a.test:8443/x/y?token=*&page=*&*"
        );
        assert_eq!(shown("http://[::1]:80/"), "http://[::1]/");
        assert!(shown(&format!("http://a.test/{}", "x".repeat(9000))).len() < 2010);
    }
}
