//! What a guest writes to stdout and stderr: each line goes to the observer, and the end is kept for when the guest breaks down.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::observer::{GuestStream, Observer};
use crate::text;

/// Bytes that the guest may write at once; it asks for room again afterwards.
const ROOM: usize = 64 << 10;

/// Characters of a line that are told.
const LINE: usize = 500;

/// Lines that are shown when the guest breaks down.
const SHOWN: usize = 40;

/// Both streams of one guest.
#[derive(Clone)]
pub(crate) struct Output {
    stdout: Stream,
    stderr: Stream,
}

impl Output {
    /// Tells the observer at most `limit` bytes of each stream, and keeps as many of each one's end.
    pub(crate) fn new(observer: &Arc<dyn Observer>, limit: usize) -> Self {
        let stream = |kind| Stream {
            kind,
            state: Arc::new(Mutex::new(Kept {
                observer: Arc::clone(observer),
                limit,
                told: 0,
                line: Vec::new(),
                tail: VecDeque::new(),
            })),
        };
        Self {
            stdout: stream(GuestStream::Stdout),
            stderr: stream(GuestStream::Stderr),
        }
    }

    pub(crate) fn stdout(&self) -> Stream {
        self.stdout.clone()
    }

    pub(crate) fn stderr(&self) -> Stream {
        self.stderr.clone()
    }

    /// Bytes of the stream to which more was written, as far as they were told.
    pub(crate) fn written(&self) -> u64 {
        let (out, err) = (self.stdout.lock().told, self.stderr.lock().told);
        out.max(err) as u64
    }

    /// Tells the lines that have no end yet.
    pub(crate) fn finish(&self) {
        self.stdout.lock().finish_line(GuestStream::Stdout);
        self.stderr.lock().finish_line(GuestStream::Stderr);
    }

    /// The last lines of both streams, clean; stdout comes first.
    pub(crate) fn last_lines(&self) -> String {
        let mut parts = Vec::new();
        for stream in [&self.stdout, &self.stderr] {
            let mut kept = stream.lock();
            let bytes = kept.tail.make_contiguous();
            let all = String::from_utf8_lossy(bytes);
            let lines: Vec<&str> = all.lines().collect();
            let from = lines.len().saturating_sub(SHOWN);
            let clean = text::block(&lines[from..].join("\n"), SHOWN, LINE);
            if !clean.trim().is_empty() {
                parts.push(clean);
            }
        }
        parts.join("\n")
    }
}

/// One stream; clones write to the same.
#[derive(Clone)]
pub(crate) struct Stream {
    kind: GuestStream,
    state: Arc<Mutex<Kept>>,
}

struct Kept {
    observer: Arc<dyn Observer>,
    limit: usize,
    told: usize,
    line: Vec<u8>,
    tail: VecDeque<u8>,
}

impl Kept {
    fn take(&mut self, kind: GuestStream, bytes: &[u8]) {
        self.tail.extend(bytes);
        let excess = self.tail.len().saturating_sub(self.limit);
        self.tail.drain(..excess);
        for &byte in bytes {
            if byte == b'\n' {
                self.finish_line(kind);
            } else if self.told < self.limit {
                self.told += 1;
                self.line.push(byte);
                if self.told == self.limit {
                    self.line.extend("…".as_bytes());
                    self.finish_line(kind);
                }
            }
        }
    }

    fn finish_line(&mut self, kind: GuestStream) {
        let line = std::mem::take(&mut self.line);
        let line = text::line(&String::from_utf8_lossy(&line), LINE);
        if !line.is_empty() {
            self.observer.guest_output(kind, &line);
        }
    }
}

impl Stream {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IsTerminal for Stream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stream {
    /// WASI 0.2 guests write through [`OutputStream`]; this is for other kinds of guests, which aren't run here.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Stream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.lock().take(self.kind, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(ROOM)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Stream {
    async fn ready(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);

    impl Observer for Lines {
        fn guest_output(&self, stream: GuestStream, line: &str) {
            self.0.lock().unwrap().push(format!("{stream:?} {line}"));
        }
    }

    #[test]
    fn lines_are_told_whole_and_clean_and_the_end_is_kept() {
        let lines = Arc::new(Lines::default());
        let observer: Arc<dyn Observer> = lines.clone();
        let output = Output::new(&observer, 40);
        let (mut out, mut err) = (output.stdout(), output.stderr());
        out.write(Bytes::from_static(b"one\ntw")).unwrap();
        err.write(Bytes::from_static(b"\x1b[2Jbad\n")).unwrap();
        out.write(Bytes::from_static(b"o\n\nthree")).unwrap();
        output.finish();
        assert_eq!(
            *lines.0.lock().unwrap(),
            ["Stdout one", "Stderr [2Jbad", "Stdout two", "Stdout three"]
        );
        for number in 0..100 {
            err.write(Bytes::from(format!("line {number}\n"))).unwrap();
        }
        let told: usize = lines.0.lock().unwrap().iter().map(String::len).sum();
        assert!(told < 150, "{told}");
        assert_eq!(
            output.last_lines(),
            "one\ntwo\n\nthree\nline 95\nline 96\nline 97\nline 98\nline 99"
        );
    }
}
