//! Uploading parcels, several at once, without ever cutting one short.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bowline_app::{BindleId, Content, Digest};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{Method, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::address::Root;
use super::body::{Meter, UploadBody};
use super::error::Error;
use super::progress::{Event, Progress};
use super::source::{self, Source};
use super::wire::{Answer, Lost, Wire};
use crate::journal::{self, Note};

/// Uploads that run at the same time. The reference server gains nothing from
/// more than four on the same machine; the others hide the latency of a long way.
const PARALLEL: usize = 8;
/// Parcels that are read and checked while all of these are busy, so that a
/// server with many small ones to take never waits for our disk.
const AHEAD: usize = 4;
/// Failures in a row after which no further upload starts in a batch: a server
/// that is down should not be asked a thousand times, a single lost connection
/// should not hold up the rest.
const FAILURES: usize = 3;
/// Memory for parcels that are sent from memory, in KiB.
const MEMORY: u32 = 32 * 1024;
/// What a parcel that is sent from a file needs in blocks under way, in KiB.
const STREAMING: u32 = 1024;

/// Uploads parcels to one server.
#[derive(Debug)]
pub(super) struct Uploader {
    wire: Arc<Wire>,
    snapshots: Option<PathBuf>,
    memory: Arc<Semaphore>,
    running: watch::Sender<usize>,
}

/// What became of one parcel.
#[derive(Debug)]
enum Outcome {
    /// The server has it.
    Stored,
    /// The server has something under that digest already (409).
    Conflict,
    /// No telling: the connection or the server failed on the way.
    Unsure(Error, Option<Duration>),
    /// Nothing was sent, because of what became of others.
    Withheld,
}

/// What became of a batch of parcels.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Confirmed by the server.
    pub(super) stored: Vec<Digest>,
    /// Refused because something is there already.
    pub(super) conflicts: Vec<Digest>,
    /// Sent, and the answer lost.
    pub(super) unsure: Vec<Digest>,
    /// Why, of the last of them.
    pub(super) trouble: Option<Error>,
    /// The pause that the server asked for.
    pub(super) asked: Option<Duration>,
}

impl Uploader {
    pub(super) fn new(wire: Arc<Wire>, snapshots: Option<PathBuf>) -> Self {
        Self {
            wire,
            snapshots,
            memory: Arc::new(Semaphore::new(MEMORY as usize)),
            running: watch::Sender::new(0),
        }
    }

    /// Waits until no upload runs any more, at most `bound`. Says whether that came true.
    pub(super) async fn settle(&self, bound: Duration) -> bool {
        let mut running = self.running.subscribe();
        tokio::time::timeout(bound, running.wait_for(|running| *running == 0))
            .await
            .is_ok_and(|waited| waited.is_ok())
    }

    /// Uploads a batch, the largest first. After an error, or a few failures, no
    /// further upload starts, but those that run come to their end: a body that
    /// is cut spoils its digest on the server for ever. For the same reason each runs
    /// in a task of its own, which lives on when this future is dropped.
    pub(super) async fn batch(
        self: &Arc<Self>,
        root: &Root,
        id: &BindleId,
        mut parcels: Vec<Content>,
        progress: &Arc<dyn Progress>,
    ) -> Result<Batch, Error> {
        // Taken from the end.
        parcels.sort_by_key(Content::size);
        let mut batch = Batch::default();
        let mut fatal = None;
        let mut failures = 0;
        let mut tasks = FuturesUnordered::new();
        let gate = Gate::new();
        let _shut_when_dropped = Shut(Arc::clone(&gate));
        loop {
            let open = fatal.is_none() && failures < FAILURES;
            gate.open.store(open, Ordering::Relaxed);
            while open && tasks.len() < PARALLEL + AHEAD {
                let Some(content) = parcels.pop() else { break };
                let digest = content.digest();
                let url = root.parcel(id, &digest);
                let task = Arc::clone(self).run(
                    url,
                    id.clone(),
                    content,
                    Arc::clone(progress),
                    Arc::clone(&gate),
                );
                let running = Running::new(self.running.clone());
                let handle = tokio::spawn(async move {
                    let outcome = task.await;
                    drop(running);
                    outcome
                });
                tasks.push(async move { (digest, handle.await) });
            }
            let Some((digest, outcome)) = tasks.next().await else {
                break;
            };
            match outcome {
                Ok(Ok(Outcome::Stored)) => {
                    failures = 0;
                    batch.stored.push(digest);
                }
                Ok(Ok(Outcome::Conflict)) => {
                    failures = 0;
                    batch.conflicts.push(digest);
                }
                Ok(Ok(Outcome::Unsure(error, asked))) => {
                    failures += 1;
                    tracing::debug!(%digest, %error, "upload is uncertain");
                    batch.unsure.push(digest);
                    batch.asked = batch.asked.max(asked);
                    batch.trouble = Some(error);
                }
                Ok(Ok(Outcome::Withheld)) => {}
                Ok(Err(error)) => {
                    // The first error is the cause, later ones are mostly its echo.
                    fatal.get_or_insert(error);
                }
                Err(_stopped) => {
                    fatal.get_or_insert(Error::Cancelled);
                }
            }
        }
        match fatal {
            Some(error) => Err(error),
            None => Ok(batch),
        }
    }

    async fn run(
        self: Arc<Self>,
        url: String,
        id: BindleId,
        content: Content,
        progress: Arc<dyn Progress>,
        gate: Arc<Gate>,
    ) -> Result<Outcome, Error> {
        let needed = if source::is_copied(&content) {
            STREAMING
        } else {
            u32::try_from(content.size().div_ceil(1024)).map_or(MEMORY, |kib| kib.min(MEMORY))
        };
        let _memory = Arc::clone(&self.memory)
            .acquire_many_owned(needed)
            .await
            .map_err(|_closed| Error::Cancelled)?;
        let (digest, size) = (content.digest(), content.size());
        let folder = self.snapshots.clone();
        let source = tokio::task::spawn_blocking(move || source::fix(&content, folder.as_deref()))
            .await
            .map_err(|_stopped| Error::Cancelled)??;
        let Some(_slot) = gate.enter().await else {
            return Ok(Outcome::Withheld);
        };
        let meter = Arc::new(Meter::new(size, Arc::clone(&progress)));
        let outcome = match self.send(&url, source, (size, digest), &meter).await {
            Ok(answer) => self.judge(&answer, &id, &digest),
            Err(lost) => Ok(Outcome::Unsure(self.wire.lost(lost), None)),
        };
        match &outcome {
            Ok(Outcome::Stored) => progress.event(Event::Stored {
                digest: &digest,
                size,
            }),
            _ => meter.withdraw(),
        }
        outcome
    }

    fn judge(&self, answer: &Answer, id: &BindleId, digest: &Digest) -> Result<Outcome, Error> {
        match answer.status {
            status if status.is_success() => Ok(Outcome::Stored),
            StatusCode::CONFLICT => Ok(Outcome::Conflict),
            _ => {
                let error = self
                    .wire
                    .refusal(answer, &format!("parcel {digest}"), Some(id));
                // When two upload the same parcel at the same moment, one may be
                // told 404 or 500: the first to end removes the other's file.
                let raced = answer.status == StatusCode::NOT_FOUND && answer.error().is_some();
                if raced || answer.is_trouble() {
                    Ok(Outcome::Unsure(error, answer.retry_after()))
                } else {
                    Err(error)
                }
            }
        }
    }

    /// Sends one body and reads the answer. Given up only when nothing moves any more.
    async fn send(
        &self,
        url: &str,
        source: Source,
        (size, digest): (u64, Digest),
        meter: &Arc<Meter>,
    ) -> Result<Answer, Lost> {
        let body = UploadBody::new(source, size, Arc::clone(meter));
        let request = self
            .wire
            .request(Method::POST, url)
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_LENGTH, size)
            .body(reqwest::Body::wrap(body));
        let note = Note::of(journal::Content {
            size: Some(size),
            digest: Some(digest),
        });
        let exchange = async {
            let response = self.wire.send(request, note).await?;
            self.wire.read(response).await
        };
        tokio::pin!(exchange);
        let timing = self.wire.timing();
        loop {
            let latest = meter.latest();
            let allowance = if latest.complete {
                timing.after_upload(size)
            } else {
                timing.idle
            };
            let deadline = latest.at + allowance;
            tokio::select! {
                answer = &mut exchange => return answer,
                () = tokio::time::sleep_until(deadline) => {
                    if meter.latest().at == latest.at {
                        return Err(Lost::TimedOut(allowance));
                    }
                }
            }
        }
    }
}

/// Lets so many uploads of a batch through at once, and none any more when it is shut.
#[derive(Debug)]
struct Gate {
    slots: Arc<Semaphore>,
    open: AtomicBool,
}

impl Gate {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            slots: Arc::new(Semaphore::new(PARALLEL)),
            open: AtomicBool::new(true),
        })
    }

    /// Waits for a slot. `None` when the upload is not to start.
    async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        let slot = Arc::clone(&self.slots).acquire_owned().await.ok()?;
        self.open.load(Ordering::Relaxed).then_some(slot)
    }
}

/// Shuts the gate of a batch that nobody waits for any more.
struct Shut(Arc<Gate>);

impl Drop for Shut {
    fn drop(&mut self) {
        self.0.open.store(false, Ordering::Relaxed);
    }
}

/// Counts one running upload for as long as it exists.
struct Running(watch::Sender<usize>);

impl Running {
    fn new(count: watch::Sender<usize>) -> Self {
        count.send_modify(|running| *running += 1);
        Self(count)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running -= 1);
    }
}
