//! How the host tells what is going on, without printing anything itself.

use crate::error::Denial;
use crate::usage::Usage;

/// One of the two streams that a guest writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GuestStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How far a push to Bindle is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Upload {
    /// Bytes that went out.
    pub sent: u64,
    /// Bytes that have to be sent.
    pub total: u64,
    /// Parcels that the server confirmed.
    pub stored: u32,
    /// Parcels that have to be sent, those that are stored included.
    pub parcels: u32,
}

/// How far the body of a target's request is. Its bytes count when they are taken to be sent, up to 1 MiB before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sending {
    /// Bytes that went out.
    pub sent: u64,
    /// Bytes of all of it.
    pub total: u64,
}

/// Hears of what happens during an operation. All text comes clean: without control characters and cut to a length. Methods are
/// called from the threads of the async runtime and must return quickly; each does nothing by default.
pub trait Observer: Send + Sync {
    /// The target starts a step, e.g. `Creating application`.
    fn step(&self, message: &str) {
        let _ = message;
    }

    /// The target warns of something.
    fn warn(&self, message: &str) {
        let _ = message;
    }

    /// The target wants the user to open a page. `url` is an `http` or `https` URL.
    fn link(&self, message: &str, url: &str) {
        let _ = (message, url);
    }

    /// The guest wrote one line to stdout or stderr: for the log.
    fn guest_output(&self, stream: GuestStream, line: &str) {
        let _ = (stream, line);
    }

    /// The host refused something that the target tried. The operation may go on; if it fails, its error says this again.
    fn denied(&self, denial: &Denial) {
        let _ = denial;
    }

    /// An operation has ended, well or not, and used that much.
    fn used(&self, usage: &Usage) {
        let _ = usage;
    }

    /// The application was packed for a push to Bindle, or to see what one would send: its `files` files are in `archives` archives,
    /// or, if those are none, parcels by themselves.
    fn packed(&self, files: usize, archives: usize) {
        let _ = (files, archives);
    }

    /// A push to Bindle got further.
    fn upload(&self, upload: &Upload) {
        let _ = upload;
    }

    /// The body of a request that the target makes by the contract's `http` got further: a file of the application, or bytes of its own, of
    /// more than 1 MiB. There is one such request at a time.
    fn sending(&self, sending: &Sending) {
        let _ = sending;
    }

    /// A push to Bindle ended well.
    fn pushed(&self, receipt: &crate::bindle::Receipt) {
        let _ = receipt;
    }
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}
