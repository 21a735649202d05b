//! Looks whether an approval still stands while a target runs.

use std::sync::Arc;
use std::time::Duration;

use bowline_host::Revocation;
use tokio::task::JoinHandle;

use crate::error::Error;

/// How often: soon enough for a person who changes their mind, seldom enough to cost nothing.
const INTERVAL: Duration = Duration::from_millis(500);

/// A look-out. It ends when it is dropped.
#[derive(Debug)]
pub struct Watch(JoinHandle<()>);

impl Watch {
    /// Asks `stands` twice a second whether the approval is still there; once it isn't, revokes the run's grant and tells `tell`.
    /// A file that can't be read may be about to be written by an editor, so only when it can't be read twice in a row is it taken for
    /// a revocation. Needs a tokio runtime.
    pub fn start(
        stands: impl Fn() -> Result<bool, Error> + Send + Sync + 'static,
        revocation: Revocation,
        tell: impl FnOnce() + Send + 'static,
    ) -> Self {
        Self(tokio::spawn(look_out(INTERVAL, stands, revocation, tell)))
    }
}

async fn look_out(
    interval: Duration,
    stands: impl Fn() -> Result<bool, Error> + Send + Sync + 'static,
    revocation: Revocation,
    tell: impl FnOnce() + Send + 'static,
) {
    let stands = Arc::new(stands);
    let mut unreadable = 0;
    while unreadable < 2 {
        tokio::time::sleep(interval).await;
        let stands = Arc::clone(&stands);
        match tokio::task::spawn_blocking(move || stands()).await {
            Ok(Ok(true)) => unreadable = 0,
            Ok(Ok(false)) => break,
            Ok(Err(_)) | Err(_) => unreadable += 1,
        }
    }
    revocation.revoke();
    tell();
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What the user hears of it.
#[must_use]
pub fn taken_back(target: &str) -> String {
    format!("the approval of the target '{target}' was taken back: it gets nothing more")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::exit::Exit;

    /// How many of these answers it takes until the grant is revoked.
    async fn revoked_after(answers: &[Result<bool, ()>]) -> usize {
        let asked = Arc::new(AtomicUsize::new(0));
        let left: Mutex<Vec<_>> = Mutex::new(answers.iter().rev().copied().collect());
        let (revocation, told) = (Revocation::new(), Arc::new(AtomicUsize::new(0)));
        let (count, hear) = (Arc::clone(&asked), Arc::clone(&told));
        let stands = move || {
            count.fetch_add(1, Ordering::SeqCst);
            let answer = left.lock().unwrap().pop().unwrap();
            answer.map_err(|()| Error::new(Exit::Usage, "broken"))
        };
        let tell = move || {
            hear.fetch_add(1, Ordering::SeqCst);
        };
        look_out(Duration::ZERO, stands, revocation.clone(), tell).await;
        assert!(revocation.is_revoked());
        assert_eq!(told.load(Ordering::SeqCst), 1);
        asked.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn an_approval_that_goes_away_is_noticed() {
        let (stands, gone, broken) = (Ok(true), Ok(false), Err(()));
        assert_eq!(revoked_after(&[gone]).await, 1);
        assert_eq!(revoked_after(&[stands, stands, gone]).await, 3);
        assert_eq!(
            revoked_after(&[stands, broken, stands, broken, stands, gone]).await,
            6
        );
        assert_eq!(revoked_after(&[stands, broken, broken]).await, 3);
    }
}
