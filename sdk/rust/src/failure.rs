//! Shorter ways to make a [`Failure`].

use crate::http;
use crate::{Failure, InvalidSetting};

impl Failure {
    /// A setting that is missing or can't be used.
    ///
    /// `name` is the setting's name as the target's description has it, `reason` a sentence fragment that goes after
    /// it: `"has no host"`.
    pub fn invalid_setting(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::InvalidSetting(InvalidSetting {
            name: name.into(),
            reason: reason.into(),
        })
    }

    /// The failure that a missing answer is, unless the target knows better: `unavailable` when the platform could
    /// not be reached or the answer was lost, `forbidden` when the host granted no access, `unexpected` for the rest.
    #[must_use]
    pub fn from_http(error: &http::Error) -> Self {
        let message = error.to_string();
        match error {
            http::Error::Unreachable { .. } | http::Error::Lost { .. } => {
                Self::Unavailable(message)
            }
            http::Error::Unreadable(failure) => failure.clone(),
            http::Error::Denied { .. } => Self::Forbidden(message),
            http::Error::Invalid(_) | http::Error::TooLong { .. } => Self::Unexpected(message),
        }
    }
}

impl From<http::Error> for Failure {
    fn from(error: http::Error) -> Self {
        Self::from_http(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_request_is_no_outage() {
        let denied = http::Error::Denied {
            origin: "http://other".into(),
        };
        assert!(
            matches!(Failure::from(denied), Failure::Forbidden(text) if text.contains("http://other"))
        );
    }

    #[test]
    fn a_lost_answer_may_come_the_next_time() {
        let lost = http::Error::Lost {
            origin: "http://here".into(),
            reason: "it ended".into(),
        };
        assert_eq!(
            Failure::from(lost),
            Failure::Unavailable("no complete answer from http://here: it ended".into())
        );
    }
}
