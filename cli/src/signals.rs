//! Ctrl-C and SIGTERM, which Spin sends to its plugins when the user presses Ctrl-C.

use std::io;

/// Hears of requests to stop, from its making on: from then on such a signal no longer ends the process by itself.
pub struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    presses: Presses,
}

/// Tells requests to stop from their echoes. Below Spin one press of Ctrl-C arrives twice: as SIGINT from the terminal, which
/// sends it to Spin and to its plugin, and as SIGTERM from Spin. Taken for two requests they would cut uploads off.
#[cfg(unix)]
#[derive(Debug, Default)]
struct Presses {
    first: Option<Kind>,
    echoed: bool,
}

#[cfg(unix)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Interrupt,
    Terminate,
}

#[cfg(unix)]
impl Presses {
    /// Whether this signal is a request of its own. The first one of the other kind is an echo, whichever comes first.
    fn count(&mut self, kind: Kind) -> bool {
        match self.first {
            Some(first) if first != kind && !self.echoed => {
                self.echoed = true;
                false
            }
            Some(_) => true,
            None => {
                self.first = Some(kind);
                true
            }
        }
    }
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
            presses: Presses::default(),
        })
    }

    /// Waits for the next request to stop.
    pub async fn next(&mut self) {
        loop {
            let kind = tokio::select! {
                _ = self.interrupt.recv() => Kind::Interrupt,
                _ = self.terminate.recv() => Kind::Terminate,
            };
            if self.presses.count(kind) {
                return;
            }
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

#[cfg(all(test, unix))]
mod tests {
    use super::Kind::{Interrupt, Terminate};
    use super::*;

    fn requests(signals: &[Kind]) -> usize {
        let mut presses = Presses::default();
        signals.iter().filter(|kind| presses.count(**kind)).count()
    }

    #[test]
    fn one_press_below_spin_is_one_request() {
        assert_eq!(requests(&[Interrupt, Terminate]), 1);
        assert_eq!(requests(&[Terminate, Interrupt]), 1);
        assert_eq!(requests(&[Interrupt, Terminate, Interrupt]), 2);
        assert_eq!(requests(&[Terminate, Interrupt, Terminate]), 2);
    }

    #[test]
    fn the_same_signal_again_is_another_request() {
        assert_eq!(requests(&[Interrupt, Interrupt]), 2);
        assert_eq!(requests(&[Terminate, Terminate]), 2);
    }
}
