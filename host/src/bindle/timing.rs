//! How long to wait, and how often to try again.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// How long to wait for a Bindle server and how often to try again. The
/// defaults suit a server across the internet; tests shorten them.
#[derive(Clone, Debug)]
pub struct Timing {
    /// Longest wait for a whole answer, from sending the request (for an
    /// upload: from its last byte) to the end of the answer. Generous, because
    /// the reference server needs 20 s to list what is missing of 10,000 parcels.
    pub answer: Duration,
    /// Longest time in which an upload may make no progress. There is no limit
    /// on an upload as a whole: a slow link is not a fault, and cutting an
    /// upload leaves a parcel that the server then refuses for ever.
    pub idle: Duration,
    /// How often a request is repeated after a lost connection, a time-out or
    /// an answer like 503.
    pub retries: u32,
    /// Pause before the first repetition; doubles each time.
    pub first_pause: Duration,
    /// Longest pause between repetitions, also when the server asks for more (`Retry-After`).
    pub longest_pause: Duration,
    /// Pauses between looks at a parcel that the server refuses to take and
    /// yet does not have: somebody else may be uploading it this moment. When
    /// they are used up, the parcel counts as poisoned.
    pub conflict_pauses: Vec<Duration>,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(120),
            idle: Duration::from_secs(60),
            retries: 5,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
            conflict_pauses: [1, 2, 4, 8, 15, 30].map(Duration::from_secs).to_vec(),
        }
    }
}

impl Timing {
    /// Pause before repetition number `repetition` (from 0): doubling, capped,
    /// and spread over its upper half so that clients do not come in step.
    pub(super) fn pause(&self, repetition: u32, asked_by_server: Option<Duration>) -> Duration {
        let doubled = self
            .first_pause
            .saturating_mul(2u32.saturating_pow(repetition))
            .min(self.longest_pause);
        jitter(doubled).max(asked_by_server.unwrap_or_default().min(self.longest_pause))
    }

    /// Longest silence after the last byte of an upload: the reference server
    /// reads the whole parcel again to check its digest before it answers.
    pub(super) fn after_upload(&self, size: u64) -> Duration {
        const CHECKED_PER_SECOND: u64 = 10 * 1024 * 1024;
        self.answer
            .saturating_add(Duration::from_secs(size / CHECKED_PER_SECOND))
    }
}

/// Between half of `duration` and all of it.
pub(super) fn jitter(duration: Duration) -> Duration {
    // Each RandomState has fresh keys, which is randomness enough for this.
    let fraction = RandomState::new().build_hasher().finish() % 1024;
    let half = duration / 2;
    half.saturating_add(half.saturating_mul(fraction as u32) / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_cap_and_stay_in_their_upper_half() {
        let timing = Timing::default();
        for (repetition, full) in [(0, 500), (1, 1000), (3, 4000), (9, 30_000), (40, 30_000)] {
            let pause = timing.pause(repetition, None).as_millis();
            assert!(pause * 2 >= full && pause <= full, "{repetition}: {pause}");
        }
    }

    #[test]
    fn server_may_ask_for_more_but_not_for_ever() {
        let timing = Timing::default();
        assert_eq!(timing.pause(0, Some(Duration::from_secs(7))).as_secs(), 7);
        assert_eq!(
            timing.pause(0, Some(Duration::from_secs(9000))).as_secs(),
            30
        );
    }
}
