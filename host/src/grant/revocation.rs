//! Takes a grant back while it is in use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A handle by which the grant of a run can be taken back. Its clones are the same handle.
///
/// Requests and uses of Bindle that come after [`Revocation::revoke`] are refused; those that are under way go on.
#[derive(Debug, Clone, Default)]
pub struct Revocation(Arc<AtomicBool>);

impl Revocation {
    /// A handle to a grant that holds until [`Revocation::revoke`] is called.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the grant back, for good.
    pub fn revoke(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it has been taken back.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clone_hears_of_it() {
        let first = Revocation::new();
        let second = first.clone();
        assert!(!second.is_revoked());
        first.revoke();
        assert!(second.is_revoked() && !Revocation::new().is_revoked());
    }
}
