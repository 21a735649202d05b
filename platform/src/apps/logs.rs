//! What an application wrote: the last lines of its standard output and error, kept in memory.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Most lines that are kept; older ones make room. Enough to see what led to a failure, little
/// enough to show whole.
const LINES: usize = 1000;

/// Most bytes of one line. A longer one is broken, so that a component which never ends its line
/// can't fill the memory.
const LINE_BYTES: usize = 4096;

/// The log of one channel. It outlives restarts, so that the reason of one can still be read after
/// it.
#[derive(Debug, Default)]
pub struct Logs {
    lines: Mutex<VecDeque<String>>,
}

impl Logs {
    /// Adds what the platform itself has to say.
    pub fn note(&self, text: impl AsRef<str>) {
        self.push(&format!("bowline: {}", text.as_ref()));
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> Vec<String> {
        locked(&self.lines).iter().cloned().collect()
    }

    /// A stream whose lines are kept under the component's name.
    pub fn stream(self: &Arc<Self>, component: &str) -> LogStream {
        LogStream {
            writer: Arc::new(Mutex::new(LineWriter {
                logs: Arc::clone(self),
                component: component.to_owned(),
                line: Vec::new(),
            })),
        }
    }

    fn push(&self, line: &str) {
        // Whoever shows the log may show it in a terminal.
        let line: String = line
            .chars()
            .filter(|c| !c.is_control() || *c == '\t')
            .collect();
        let mut lines = locked(&self.lines);
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// A guest's standard output or error. All handles that the guest makes of it share one unfinished
/// line.
#[derive(Clone)]
pub struct LogStream {
    writer: Arc<Mutex<LineWriter>>,
}

struct LineWriter {
    logs: Arc<Logs>,
    component: String,
    line: Vec<u8>,
}

impl LineWriter {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\n' {
                self.end_line();
                continue;
            }
            if self.line.len() == LINE_BYTES {
                self.end_line();
            }
            self.line.push(*byte);
        }
    }

    fn end_line(&mut self) {
        let text = String::from_utf8_lossy(&self.line);
        self.logs.push(&format!("{}: {text}", self.component));
        self.line.clear();
    }
}

impl Drop for LineWriter {
    fn drop(&mut self) {
        if !self.line.is_empty() {
            self.end_line();
        }
    }
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for LogStream {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        locked(&self.writer).write(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl OutputStream for LogStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        locked(&self.writer).write(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 * 1024)
    }
}

#[async_trait]
impl Pollable for LogStream {
    async fn ready(&mut self) {}
}

/// A panic elsewhere while a line was written leaves nothing worse than half a line.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_and_free_of_control_characters() {
        let logs = Arc::new(Logs::default());
        let stream = logs.stream("hello");
        locked(&stream.writer).write(b"one\ntw");
        locked(&stream.writer).write(b"o \x1b[31mred\n");
        assert_eq!(logs.lines(), ["hello: one", "hello: two [31mred"]);
    }

    #[test]
    fn an_unfinished_line_is_kept_when_the_guest_ends() {
        let logs = Arc::new(Logs::default());
        let stream = logs.stream("hello");
        locked(&stream.writer).write(b"panicked");
        assert!(logs.lines().is_empty());
        drop(stream);
        assert_eq!(logs.lines(), ["hello: panicked"]);
    }

    #[test]
    fn old_lines_and_endless_lines_are_bounded() {
        let logs = Arc::new(Logs::default());
        let stream = logs.stream("c");
        locked(&stream.writer).write(&vec![b'x'; 3 * LINE_BYTES]);
        assert_eq!(logs.lines().len(), 2);
        for number in 0..2 * LINES {
            logs.note(number.to_string());
        }
        let lines = logs.lines();
        assert_eq!(lines.len(), LINES);
        assert_eq!(
            lines.last().map(String::as_str),
            Some(format!("bowline: {}", 2 * LINES - 1).as_str())
        );
    }
}
