//! Why there is no answer, and whether the platform may have acted all the same.

use crate::Failure;

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request can't be sent as it is. It has not left the target.
    #[error("the request is not valid: {0}")]
    Invalid(String),
    /// The host let nothing out, because this origin was not granted to the target.
    #[error("the target has no grant for {origin}")]
    Denied {
        /// Scheme, host and port of the request.
        origin: String,
    },
    /// There was no connection, so the platform has not seen the request.
    #[error("can't reach {origin}: {reason}")]
    Unreachable {
        /// Scheme, host and port of the request.
        origin: String,
        /// What prevented the connection.
        reason: String,
    },
    /// The connection ended, ran out of time or made no sense after the request was on its way: **the platform may
    /// have acted.** Look at its state before you send the request again.
    #[error("no complete answer from {origin}: {reason}")]
    Lost {
        /// Scheme, host and port of the request.
        origin: String,
        /// What ended the exchange.
        reason: String,
    },
    /// The content that was to be sent can't be read, or has changed since the application was read: what reading it fails with. The
    /// platform has not got all of it.
    #[error("the content can't be sent: {}", said(.0))]
    Unreadable(Failure),
    /// The answer's body is longer than the limit; the platform may have acted.
    #[error("the answer from {origin} is longer than {limit} bytes")]
    TooLong {
        /// Scheme, host and port of the request.
        origin: String,
        /// Longest body that would have been taken, in bytes.
        limit: usize,
    },
}

impl Error {
    /// Whether the platform may have acted on the request though it has no answer.
    #[must_use]
    pub fn may_have_acted(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::TooLong { .. })
    }
}

fn said(failure: &Failure) -> &str {
    match failure {
        Failure::InvalidSetting(setting) => &setting.reason,
        Failure::UnsupportedApplication(text)
        | Failure::Unauthenticated(text)
        | Failure::Forbidden(text)
        | Failure::NotFound(text)
        | Failure::Conflict(text)
        | Failure::Unavailable(text)
        | Failure::UnsupportedOperation(text)
        | Failure::Unexpected(text) => text,
    }
}
