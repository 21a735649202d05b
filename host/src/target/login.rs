//! Logging in where a platform wants it, and doing again what it had refused.

use std::sync::Arc;

use super::Target;
use crate::contract::{Credential, TargetFailure};
use crate::error::HostError;
use crate::session::Session;

/// A session, and the logins that may still happen in it.
pub(super) struct Logins {
    pub(super) session: Session,
    /// What the last login brought.
    pub(super) credential: Option<Credential>,
    left: u32,
}

impl Logins {
    /// A credential that was got here and is refused may have expired on the way, so it is renewed once; a refusal after that is
    /// final.
    pub(super) fn new(session: &Session) -> Self {
        // Without a credential the first refusal says only that there is none.
        let left = if session.environment.credential().is_some() {
            1
        } else {
            2
        };
        Self {
            session: session.clone(),
            credential: None,
            left,
        }
    }

    /// Logs in, if that is what `refusal` asks for: then what was refused can be tried again.
    ///
    /// # Errors
    /// `refusal`, where a login would not help it; those of [`Target::authenticate`].
    pub(super) async fn renew(
        &mut self,
        target: &Target,
        refusal: HostError,
    ) -> Result<(), HostError> {
        let HostError::Failed {
            failure: TargetFailure::Unauthenticated(reason),
            ..
        } = &refusal
        else {
            return Err(refusal);
        };
        // It is no word of a credential that the target didn't get.
        if !target.may_log_in(&self.session) {
            return Err(refusal);
        }
        self.session.environment.forget_credential().await;
        if self.left == 0 {
            return Err(refusal);
        }
        tracing::debug!(target = target.name(), %reason, "logging in");
        self.left -= 1;
        let renewed = target.authenticate(&self.session).await?;
        // At once: what comes after it may fail, and the login was worth something all the same.
        self.session.environment.keep_credential(&renewed).await;
        self.session.environment = Arc::new(self.session.environment.renewed(renewed.clone()));
        self.credential = Some(renewed);
        Ok(())
    }
}
