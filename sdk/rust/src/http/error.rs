//! Why there is no answer, and whether the platform may have acted all the same.

use std::fmt;

use wasip2::http::types::ErrorCode;

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

/// Sorts what the host reports.
pub(super) fn classify(origin: impl fmt::Display, code: &ErrorCode) -> Error {
    let origin = origin.to_string();
    let unreachable = |reason: &str| Error::Unreachable {
        origin: origin.clone(),
        reason: reason.to_owned(),
    };
    match code {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => {
            Error::Denied { origin }
        }
        ErrorCode::DnsTimeout => unreachable("looking up its address took too long"),
        ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
            unreachable("the host name could not be resolved")
        }
        ErrorCode::DestinationUnavailable | ErrorCode::DestinationIpUnroutable => {
            unreachable("there is no route to it")
        }
        ErrorCode::ConnectionRefused => unreachable("connection refused"),
        ErrorCode::ConnectionTimeout => unreachable("connecting took too long"),
        ErrorCode::ConnectionLimitReached => unreachable("there are too many connections"),
        ErrorCode::TlsCertificateError => unreachable("its TLS certificate is not trusted"),
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => {
            unreachable("the TLS handshake failed")
        }
        ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::HttpRequestLengthRequired
        | ErrorCode::HttpRequestBodySize(_)
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestHeaderSize(_)
        | ErrorCode::HttpRequestTrailerSectionSize(_)
        | ErrorCode::HttpRequestTrailerSize(_) => {
            Error::Invalid(format!("the host refuses it ({code})"))
        }
        ErrorCode::ConnectionTerminated => lost(origin, "the connection ended"),
        ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout => {
            lost(origin, "waiting for it took too long")
        }
        ErrorCode::ConnectionWriteTimeout => lost(origin, "sending to it took too long"),
        ErrorCode::HttpResponseIncomplete => lost(origin, "the answer ended too early"),
        ErrorCode::HttpProtocolError => lost(origin, "it does not speak HTTP as expected"),
        ErrorCode::InternalError(Some(reason)) => lost(origin, reason),
        other => lost(origin, &other.to_string()),
    }
}

/// The exchange broke off, at a time when the platform may have seen all of the request.
pub(super) fn lost(origin: String, reason: &str) -> Error {
    Error::Lost {
        origin,
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classified(code: ErrorCode) -> Error {
        classify("http://host", &code)
    }

    #[test]
    fn a_refused_connection_was_never_seen_by_the_platform() {
        assert!(!classified(ErrorCode::ConnectionRefused).may_have_acted());
        assert!(!classified(ErrorCode::HttpRequestDenied).may_have_acted());
    }

    #[test]
    fn an_ended_connection_may_hide_a_success() {
        assert!(classified(ErrorCode::ConnectionTerminated).may_have_acted());
        assert!(classified(ErrorCode::InternalError(None)).may_have_acted());
    }
}
