//! What a push tells about itself while it runs.

use std::time::Duration;

use bowline_app::Digest;

/// Receives the events of a push, in the order in which they happen. Called
/// from the tasks that upload, so an implementation must return quickly.
pub trait Progress: Send + Sync {
    /// Something happened.
    fn event(&self, event: Event<'_>);
}

impl<F: Fn(Event<'_>) + Send + Sync> Progress for F {
    fn event(&self, event: Event<'_>) {
        self(event);
    }
}

/// One step of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The server said what it lacks. May come again when it turns out to lack
    /// more; the numbers are then those still to be sent.
    Planned {
        /// Parcels to send.
        parcels: usize,
        /// Their bytes.
        bytes: u64,
        /// Parcels the server has already.
        reused: usize,
    },
    /// These many bytes more went out.
    Sent {
        /// Bytes since the last such event of the same parcel.
        bytes: u64,
    },
    /// An attempt failed; these bytes will be sent again, so they no longer count.
    Withdrawn {
        /// Bytes that were counted by [`Event::Sent`].
        bytes: u64,
    },
    /// The server confirmed a parcel.
    Stored {
        /// Which parcel.
        digest: &'a Digest,
        /// Its size in bytes.
        size: u64,
    },
    /// The push pauses.
    Waiting {
        /// Why.
        reason: Waiting,
        /// For how long.
        pause: Duration,
    },
    /// The server predates signatures and does not know our key, so the
    /// invoice goes without a signature.
    Unsigned,
}

/// Why a push pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waiting {
    /// The server or the connection failed; the request is repeated.
    ServerTrouble,
    /// Another upload of the same parcels seems to be under way; this many
    /// parcels are awaited.
    OtherUpload {
        /// Number of parcels.
        parcels: usize,
    },
}

/// Progress that nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _event: Event<'_>) {}
}
