//! Ends a deploy before its end, without leaving anything half sent.

use std::time::Duration;

use bowline_host::bindle::Client;

use crate::error::Error;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::signals::{Signals, stopped};

/// How long uploads that run may take to end when the user wants to stop. Cutting one makes the Bindle server refuse that
/// parcel for ever, so they get more time than a person likes to wait; a second signal cuts them all the same.
const SETTLE: Duration = Duration::from_secs(60);

/// Hears Ctrl-C and its like from now on.
///
/// # Errors
/// When the system doesn't tell of them.
pub(crate) fn listen() -> Result<Signals, Error> {
    Signals::listen()
        .map_err(|error| Error::new(Exit::Internal, "can't listen for Ctrl-C").cause(&error))
}

/// The result of `work`, or `None` when the user wants to stop before it is there; then it is dropped.
pub(crate) async fn interruptible<T>(
    signals: &mut Signals,
    work: impl Future<Output = T>,
) -> Option<T> {
    tokio::select! {
        biased;
        result = work => Some(result),
        () = signals.next() => None,
    }
}

/// Lets uploads end that run, and says what is left.
pub(super) async fn wind_down(
    signals: &mut Signals,
    bindle: Option<&Client>,
    progress: &Progress,
) -> Error {
    let during = progress.current().unwrap_or_else(|| "deploying".to_owned());
    progress.abandon();
    progress.above("Stopping: letting running uploads end; press Ctrl-C again to stop at once");
    if settled(signals, bindle).await {
        stopped(format!(
            "stopped during: {during}; what was sent until then is kept"
        ))
    } else {
        stopped(format!("stopped during: {during}; uploads were cut off")).hint(
            "a Bindle server may refuse a parcel whose upload was cut off; if it does, deploying again says what its operator has to do",
        )
    }
}

/// Waits for uploads that run; whether none does any more.
pub(super) async fn settled(signals: &mut Signals, bindle: Option<&Client>) -> bool {
    match bindle {
        Some(client) => interruptible(signals, client.settle(SETTLE))
            .await
            .unwrap_or(false),
        None => true,
    }
}
