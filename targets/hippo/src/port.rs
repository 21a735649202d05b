//! What the logic needs from the world outside, so that it can be tested, and measured, without a sandbox.

use bowline_target::bindle::PushPreview;
use bowline_target::{Failure, http as transport};
use http::{Request, Response};

/// Sends requests.
pub trait Http {
    /// Sends one request and waits for the whole answer, whatever its status.
    ///
    /// # Errors
    /// Why there is no answer, and whether Hippo may have acted all the same.
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, transport::Error>;
}

/// Everything that a deploy needs, or the plan of one.
pub trait Host: Http {
    /// Tells the person at the terminal what starts now.
    fn step(&self, message: &str);

    /// Tells the person at the terminal what is odd, though the deploy goes on.
    fn warn(&self, message: &str);

    /// Tells the host that the platform runs applications whose files are in archives.
    fn accept_archives(&self);

    /// Makes sure that the Bindle server has the application under `id`, which is `name/version`.
    ///
    /// # Errors
    /// As the host reports it.
    fn push(&self, id: &str) -> Result<(), Failure>;

    /// What [`push`](Self::push) would send. Asks only.
    ///
    /// # Errors
    /// As the host reports it.
    fn preview(&self, id: &str) -> Result<PushPreview, Failure>;
}
