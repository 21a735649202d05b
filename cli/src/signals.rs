//! Ctrl-C and SIGTERM, which Spin sends to its plugins when the user presses Ctrl-C.

use std::io::{self, IsTerminal as _};
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, mpsc};
use std::thread;

use crate::ask;
use crate::error::Error;
use crate::events::Events;
use crate::exit::Exit;
use crate::output::{self, Format};

/// What is said when somebody wants to stop while nobody else listens.
static LAST_WORDS: Mutex<Option<LastWords>> = Mutex::new(None);

struct LastWords {
    words: String,
    format: Format,
    events: Arc<Events>,
}

/// From now on, a request to stop ends the process at once, with exit code 130 and these words: what was done, and what not. It is for work
/// that is whole or not done at any moment. Whoever has to end something first calls [`Signals::listen`], which takes over.
pub fn end_with(words: &str, format: Format, events: &Arc<Events>) {
    static LISTENS: Once = Once::new();
    *last_words() = Some(LastWords {
        words: words.to_owned(),
        format,
        events: Arc::clone(events),
    });
    LISTENS.call_once(|| {
        let (ready, listens) = mpsc::channel();
        let started = thread::Builder::new()
            .name("bowline-signals".to_owned())
            .spawn(move || end_when_asked(&ready));
        // Without it the signal ends the process without a word, as ever.
        if started.is_ok() {
            let _ = listens.recv();
        }
    });
}

fn end_when_asked(ready: &mpsc::Sender<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async {
        let Ok(mut signals) = Signals::start() else {
            return;
        };
        // Whoever waits for it may be gone.
        let _ = ready.send(());
        loop {
            signals.next().await;
            let Some(last) = last_words().take() else {
                continue;
            };
            // A question may have hidden the cursor.
            if io::stderr().is_terminal() {
                output::line("\x1b[?25h");
            }
            ask::restore_terminal();
            let error = stopped(last.words);
            last.events.error(&error);
            last.events.ended(Exit::Cancelled.code());
            output::error(&error, last.format, false);
            process::exit(Exit::Cancelled.code().into());
        }
    });
}

fn last_words() -> MutexGuard<'static, Option<LastWords>> {
    LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The error of a command that the user has stopped.
#[must_use]
pub fn stopped(message: impl Into<String>) -> Error {
    Error::new(Exit::Cancelled, message).hint("run the same command again: it goes on from there")
}

/// Hears of requests to stop, from its making on: from then on such a signal no longer ends the process by itself.
pub struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    presses: Presses,
}

impl Signals {
    /// Starts to listen, in the place of [`end_with`]. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the operating system refuses the handler.
    pub fn listen() -> io::Result<Self> {
        let signals = Self::start()?;
        *last_words() = None;
        Ok(signals)
    }
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
    fn start() -> io::Result<Self> {
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
    fn start() -> io::Result<Self> {
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
