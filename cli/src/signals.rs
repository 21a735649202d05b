//! Ctrl-C and SIGTERM, which Spin sends to its plugins when the user presses Ctrl-C.

use std::io;

/// Hears of requests to stop, from its making on: from then on such a signal no longer ends the process by itself.
pub struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Starts to listen. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the operating system refuses the handler.
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next request to stop.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    /// Starts to listen. Needs a tokio runtime.
    ///
    /// # Errors
    /// None here; on Unix the operating system may refuse.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next request to stop.
    pub async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            // Nothing can be heard, so nothing will ever ask to stop.
            std::future::pending::<()>().await;
        }
    }
}
