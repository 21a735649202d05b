//! Keeps time for an operation: what the guest computes, and how long all of it takes.

use std::future::{Future, poll_fn};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::limits::LimitExceeded;
use crate::state::Run;

/// After this time at the latest the clock is looked at again. It matters to the requests that are sent meanwhile: each sets a timer,
/// and setting one that is due before all others wakes the thread that waits for timers, which costs more than all the rest of it.
/// This timer is due before those.
const NEXT_LOOK: Duration = Duration::from_secs(5);

/// Drives a call until it is done or one of the two clocks has run down. Then the call is dropped, wherever it stands.
///
/// The guest computes only while its future is polled, and wasmtime gives the thread back at every tick of the engine, so the time
/// spent in polls is the guest's (and that of the host functions it called, which do not block). Waiting for the host costs nothing.
/// It is read from the wall clock: asking the kernel for a thread's own time would cost a hundred times as much as a small poll.
pub(crate) async fn bounded<T>(
    run: &Run,
    call: impl Future<Output = T>,
) -> Result<T, LimitExceeded> {
    let started = Instant::now();
    let compute = run.limits.compute;
    let mut call = std::pin::pin!(call);
    let mut metered = poll_fn(move |context| {
        let before = Instant::now();
        let outcome = call.as_mut().poll(context);
        let spent = run.tally.compute(before.elapsed());
        if let Some(limit) = run.stopped() {
            return Poll::Ready(Err(limit));
        }
        match outcome {
            Poll::Ready(outcome) => Poll::Ready(Ok(outcome)),
            Poll::Pending if spent > compute => Poll::Ready(Err(LimitExceeded::Compute(compute))),
            Poll::Pending => Poll::Pending,
        }
    });
    loop {
        // Saturating, because whoever wants no limit sets the largest duration. A question that is open just now moves the end
        // on as time goes by, so it is looked at again after a while.
        let left = || {
            let allowed = run
                .limits
                .wall_clock
                .saturating_add(run.questions.elapsed());
            allowed.saturating_sub(started.elapsed())
        };
        let wait = left().clamp(Duration::from_millis(20), NEXT_LOOK);
        match tokio::time::timeout(wait, &mut metered).await {
            Ok(outcome) => return outcome,
            Err(_) if !left().is_zero() => {}
            Err(_) => return Err(LimitExceeded::WallClock(run.limits.wall_clock)),
        }
    }
}

/// A clock that runs only while the user is being asked something.
#[derive(Debug, Default)]
pub(crate) struct Questions(Mutex<(Duration, Option<Instant>)>);

impl Questions {
    /// How long the user has been asked altogether.
    pub(crate) fn elapsed(&self) -> Duration {
        let (before, since) = *self.lock();
        before + since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Lets the clock run until what is returned is dropped. A guest asks one thing at a time.
    pub(crate) fn open(&self) -> Question<'_> {
        self.lock().1 = Some(Instant::now());
        Question(self)
    }

    fn lock(&self) -> MutexGuard<'_, (Duration, Option<Instant>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A question that has no answer yet.
pub(crate) struct Question<'a>(&'a Questions);

impl Drop for Question<'_> {
    fn drop(&mut self) {
        let mut clock = self.0.lock();
        if let Some(since) = clock.1.take() {
            clock.0 += since.elapsed();
        }
    }
}
