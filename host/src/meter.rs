//! Keeps time for an operation: what the guest computes, and how long all of it takes.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::task::AtomicWaker;

use crate::limits::LimitExceeded;
use crate::state::Run;

/// After this time at the latest the clock is looked at again. It matters to the requests that are sent meanwhile: each sets a timer,
/// and setting one that is due before all others wakes the thread that waits for timers, which costs more than all the rest of it.
/// This timer is due before those.
const NEXT_LOOK: Duration = Duration::from_secs(5);

/// Drives a call, and the requests that it has begun ([`Run::drive`]), until it is done or one of the two clocks has run down. Then the call is
/// dropped, wherever it stands, and so are its requests.
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
    // Saturating, because whoever wants no limit sets the largest duration.
    let allowed = || {
        let wall_clock = run.limits.wall_clock;
        wall_clock.saturating_add(run.questions.elapsed())
    };
    let mut call = std::pin::pin!(call);
    // Requests of the guest. Those that are under way when the call ends are dropped with it.
    let mut begun = Vec::new();
    let turns = Arc::new(Turns::default());
    let waker = Waker::from(Arc::clone(&turns));
    let mut metered = poll_fn(move |context| {
        turns.operation.register(context.waker());
        // First, so that the call finds what has come.
        turns.call_is_next.store(true, Ordering::SeqCst);
        go_on(&mut begun, context);
        turns.call_is_next.store(false, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        let before = Instant::now();
        let outcome = call.as_mut().poll(&mut Context::from_waker(&waker));
        let spent = run.tally.compute(before.elapsed());
        if let Some(limit) = run.stopped() {
            return Poll::Ready(Err(limit));
        }
        match outcome {
            Poll::Ready(outcome) => Poll::Ready(Ok(outcome)),
            Poll::Pending if spent > compute => Poll::Ready(Err(LimitExceeded::Compute(compute))),
            // Where one thread does everything, a guest that computes leaves the runtime little time for its timers.
            Poll::Pending if before.duration_since(started) > allowed() => {
                Poll::Ready(Err(LimitExceeded::WallClock(run.limits.wall_clock)))
            }
            Poll::Pending => {
                let mut new = run.take_begun();
                if !new.is_empty() {
                    // Those that the call has given up make room first.
                    go_on(&mut begun, context);
                    go_on(&mut new, context);
                    begun.append(&mut new);
                }
                Poll::Pending
            }
        }
    });
    loop {
        // A question that is open just now moves the end on as time goes by, so it is looked at again after a while.
        let left = || allowed().saturating_sub(started.elapsed());
        let wait = left().clamp(Duration::from_millis(20), NEXT_LOOK);
        match tokio::time::timeout(wait, &mut metered).await {
            Ok(outcome) => return outcome,
            Err(_) if !left().is_zero() => {}
            Err(_) => return Err(LimitExceeded::WallClock(run.limits.wall_clock)),
        }
    }
}

/// What the host does within a guest's call, and the guest only waits for: its time is not the guest's.
///
/// It is pinned by the caller, for what is handed over to an asynchronous function has its place there twice.
pub(crate) async fn lent<T>(run: &Run, mut work: Pin<&mut impl Future<Output = T>>) -> T {
    poll_fn(move |context| {
        let before = Instant::now();
        let outcome = work.as_mut().poll(context);
        run.tally.lend(before.elapsed());
        outcome
    })
    .await
}

/// Looks at each: there are a few at most. `FuturesUnordered` would look at those that were woken only, and wake the operation once more for
/// each that it has looked at.
fn go_on(begun: &mut Vec<BoxFuture<'static, ()>>, context: &mut Context<'_>) {
    begun.retain_mut(|work| work.poll_unpin(context).is_pending());
}

/// Wakes the operation for its call, unless the call is about to be looked at anyway: that is when one of its requests has just been answered.
#[derive(Default)]
struct Turns {
    operation: AtomicWaker,
    call_is_next: AtomicBool,
}

impl Wake for Turns {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // With the other fence: either the call is looked at after what it is woken for has happened, or it is seen here that it is not next.
        fence(Ordering::SeqCst);
        if !self.call_is_next.load(Ordering::SeqCst) {
            self.operation.wake();
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use futures::channel::oneshot;

    use super::*;
    use crate::error::Operation;
    use crate::limits::Limits;

    fn run() -> Arc<Run> {
        Arc::new(Run::unlent("guest", Operation::Deploy, Limits::default()))
    }

    /// As a guest does that sends one request after the other. With too few wakes it would never end, with too many it would be asked more
    /// often than it goes on.
    #[tokio::test]
    async fn a_call_goes_on_when_what_it_has_begun_is_done() {
        let run = run();
        let asked = AtomicU32::new(0);
        let mut call = Box::pin(async {
            for turn in 0..100_u32 {
                let (sender, receiver) = oneshot::channel();
                let answer = async move {
                    // Some are done at once, others are woken from another thread.
                    if turn % 2 == 0 {
                        tokio::task::spawn_blocking(|| ()).await.unwrap();
                    }
                    sender.send(turn).unwrap();
                };
                run.drive(answer.boxed());
                assert_eq!(receiver.await, Ok(turn));
            }
        });
        let counted = poll_fn(|context| {
            asked.fetch_add(1, Ordering::Relaxed);
            call.as_mut().poll(context)
        });
        bounded(&run, counted).await.unwrap();
        let asked = asked.load(Ordering::Relaxed);
        assert!((101..=110).contains(&asked), "{asked}");
    }

    #[tokio::test]
    async fn what_a_call_has_begun_ends_with_it() {
        let run = run();
        let (seen, held) = (Arc::new(()), Arc::clone(&run));
        let mark = Arc::clone(&seen);
        let call = async {
            let endless = async move {
                let _held = (mark, held);
                std::future::pending::<()>().await;
            };
            run.drive(endless.boxed());
            tokio::task::yield_now().await;
        };
        bounded(&run, call).await.unwrap();
        assert_eq!(Arc::strong_count(&seen), 1);
    }

    /// What is begun last is driven by nobody, and keeps the operation that keeps it.
    #[tokio::test]
    async fn what_nobody_drives_is_dropped_with_the_end() {
        let run = run();
        let held = Arc::clone(&run);
        bounded(&run, async {
            run.drive(async move { drop(held) }.boxed());
        })
        .await
        .unwrap();
        run.end();
        assert_eq!(Arc::strong_count(&run), 1);
    }

    /// With a limit of one request, a target that gives one up and sends the next has never had two.
    #[tokio::test]
    async fn what_is_given_up_is_gone_before_the_next_begins() {
        let run = run();
        let (now, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        struct Place(Arc<AtomicU32>);
        impl Drop for Place {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let call = async {
            for _ in 0..5 {
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                let request = async move {
                    most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                    let _place = Place(now);
                    std::future::pending::<()>().await;
                };
                let (request, given_up) = request.remote_handle();
                run.drive(request.boxed());
                tokio::task::yield_now().await;
                drop(given_up);
            }
        };
        bounded(&run, call).await.unwrap();
        assert_eq!(most.load(Ordering::Relaxed), 1);
    }

    /// A guest need not wait between two requests, so nothing is looked at meanwhile.
    #[tokio::test]
    async fn what_is_begun_and_given_up_does_not_pile_up() {
        let run = run();
        bounded(&run, async {
            for _ in 0..1000 {
                let request = std::future::pending::<()>();
                let (request, given_up) = request.remote_handle();
                run.drive(request.boxed());
                drop(given_up);
            }
            assert!(run.take_begun().len() <= run.limits.concurrent_requests as usize);
        })
        .await
        .unwrap();
    }

    /// Also where the runtime has no time for its timers.
    #[tokio::test]
    async fn the_wall_clock_stops_a_call_that_never_waits() {
        let limits = Limits {
            wall_clock: Duration::from_millis(30),
            ..Limits::default()
        };
        let run = Run::unlent("guest", Operation::Deploy, limits);
        let mut turns = 0;
        let call = poll_fn(|context| {
            turns += 1;
            std::thread::sleep(Duration::from_millis(10));
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        });
        let outcome = bounded(&run, call).await;
        assert!(matches!(outcome, Err(LimitExceeded::WallClock(_))));
        // The runtime looks at its timers after 61.
        assert!(turns < 30, "{turns}");
    }

    #[tokio::test]
    async fn a_call_that_waits_for_others_is_woken_by_them() {
        let run = run();
        let (sender, receiver) = oneshot::channel();
        let begun = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            sender.send(()).unwrap();
            std::future::pending::<()>().await;
        };
        run.drive(begun.boxed());
        bounded(&run, receiver).await.unwrap().unwrap();
    }
}
