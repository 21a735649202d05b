//! The body of an upload: known length, sent in blocks, each one reported.

use std::fs::File;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::Stream as _;
use http_body::{Frame, SizeHint};
use tokio::time::Instant;
use tokio_util::io::ReaderStream;

use super::progress::{Event, Progress};
use super::source::Source;

/// Size of the blocks: small enough that a slow link shows progress, large
/// enough that a fast one is not held up.
const BLOCK: usize = 256 * 1024;

/// The body. Its length is exact, so that `Content-Length` is sent.
pub(super) struct UploadBody {
    blocks: Blocks,
    left: u64,
    meter: Arc<Meter>,
}

enum Blocks {
    Memory(Bytes),
    File(ReaderStream<tokio::fs::File>),
}

impl UploadBody {
    /// `size` is that of the source.
    pub(super) fn new(source: Source, size: u64, meter: Arc<Meter>) -> Self {
        let blocks = match source {
            Source::Memory(bytes) => Blocks::Memory(bytes),
            Source::Snapshot(file) => Blocks::File(stream(file)),
        };
        Self {
            blocks,
            left: size,
            meter,
        }
    }
}

fn stream(file: File) -> ReaderStream<tokio::fs::File> {
    ReaderStream::with_capacity(tokio::fs::File::from_std(file), BLOCK)
}

impl http_body::Body for UploadBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let block = match &mut self.blocks {
            Blocks::Memory(bytes) => Ok(bytes.split_to(bytes.len().min(BLOCK))),
            Blocks::File(stream) => match ready!(Pin::new(stream).poll_next(context)) {
                Some(block) => block,
                None => Ok(Bytes::new()),
            },
        };
        let block = match block {
            Ok(block) if block.is_empty() => {
                return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
            }
            Ok(block) => block,
            Err(error) => return Poll::Ready(Some(Err(error))),
        };
        self.left = self.left.saturating_sub(block.len() as u64);
        self.meter.sent(block.len() as u64, self.left == 0);
        Poll::Ready(Some(Ok(Frame::data(block))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Watches one attempt to upload.
pub(super) struct Meter {
    sent: AtomicU64,
    latest: Mutex<Latest>,
    progress: Arc<dyn Progress>,
}

/// When the connection last took a block, and whether it was the last block.
#[derive(Clone, Copy)]
pub(super) struct Latest {
    pub(super) at: Instant,
    pub(super) complete: bool,
}

impl Meter {
    /// `size` is the number of bytes to be sent; an empty body is complete at once.
    pub(super) fn new(size: u64, progress: Arc<dyn Progress>) -> Self {
        Self {
            sent: AtomicU64::new(0),
            latest: Mutex::new(Latest {
                at: Instant::now(),
                complete: size == 0,
            }),
            progress,
        }
    }

    fn sent(&self, bytes: u64, complete: bool) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Latest {
            at: Instant::now(),
            complete,
        };
        self.progress.event(Event::Sent { bytes });
    }

    pub(super) fn latest(&self) -> Latest {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes back what this attempt reported.
    pub(super) fn withdraw(&self) {
        let bytes = self.sent.swap(0, Ordering::Relaxed);
        if bytes > 0 {
            self.progress.event(Event::Withdrawn { bytes });
        }
    }
}
