//! Takes a grant back while it is in use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// A handle by which the grant of a run can be taken back. Its clones are the same handle.
///
/// Requests and uses of Bindle that come after [`Revocation::revoke`] are refused, and pushes and bodies that are being sent are broken off; only
/// parcels that have begun come to their end, because a Bindle server may refuse for ever what was cut: [`settle`](crate::bindle::Client::settle) waits for them. An answer that is awaited is still read. An
/// operation that goes on to its end nevertheless fails; but what a deploy has done is done, so its result is returned, and the
/// [`Observer`](crate::Observer) hears of the refusal.
#[derive(Debug, Clone, Default)]
pub struct Revocation(Arc<State>);

#[derive(Debug, Default)]
struct State {
    is_revoked: AtomicBool,
    changed: Notify,
}

impl Revocation {
    /// A handle to a grant that holds until [`Revocation::revoke`] is called.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the grant back, for good.
    pub fn revoke(&self) {
        self.0.is_revoked.store(true, Ordering::Release);
        self.0.changed.notify_waiters();
    }

    /// Whether it has been taken back.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.0.is_revoked.load(Ordering::Acquire)
    }

    /// Waits until it is taken back.
    pub(crate) async fn revoked(&self) {
        // Made before the look, so that nothing that happens in between is missed.
        let changed = self.0.changed.notified();
        if !self.is_revoked() {
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_clone_hears_of_it() {
        let first = Revocation::new();
        let second = first.clone();
        assert!(!second.is_revoked());
        let waiting = tokio::spawn(async move { second.revoked().await });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        first.revoke();
        waiting.await.unwrap();
        first.revoked().await;
        assert!(first.is_revoked() && !Revocation::new().is_revoked());
    }
}
