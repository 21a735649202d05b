//! Clocks for guests. They tick once in a millisecond: that is fine enough for expiry times and pauses, and too coarse to time the
//! processor's caches by, from which a guest could learn what else this machine computes.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

/// The time from one tick to the next.
const TICK: Duration = Duration::from_millis(1);

/// Counts from when the guest was started, which says nothing of when the machine was.
pub(super) struct Monotonic(Instant);

impl Monotonic {
    pub(super) fn new() -> Self {
        Self(Instant::now())
    }
}

impl HostMonotonicClock for Monotonic {
    fn resolution(&self) -> u64 {
        nanoseconds(TICK)
    }

    fn now(&self) -> u64 {
        nanoseconds(whole_ticks(self.0.elapsed()))
    }
}

/// The time of day.
pub(super) struct Wall;

impl HostWallClock for Wall {
    fn resolution(&self) -> Duration {
        TICK
    }

    fn now(&self) -> Duration {
        // A machine whose clock stands before 1970 has other troubles.
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        whole_ticks(now.unwrap_or_default())
    }
}

fn whole_ticks(time: Duration) -> Duration {
    let tick = TICK.as_nanos();
    let excess = time.as_nanos() % tick;
    time - Duration::from_nanos(u64::try_from(excess).unwrap_or_default())
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_ticks_are_told() {
        assert_eq!(whole_ticks(Duration::from_micros(5_999)), 5 * TICK);
        assert_eq!(whole_ticks(Duration::from_nanos(999_999)), Duration::ZERO);
        assert_eq!(Monotonic::new().now() % 1_000_000, 0);
        assert_eq!(Wall.now().subsec_nanos() % 1_000_000, 0);
        assert!(Wall.now() > Duration::from_secs(1_600_000_000));
    }
}
