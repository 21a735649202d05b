//! Tells guests what became of their requests, in the words of `wasi:http`.

use wasmtime_wasi_http::Error;

use crate::client::{TransportError, TransportErrorKind};
use crate::error::Denial;
use crate::state::Run;

/// A request got no whole answer. The reason is noted, in case that the operation fails for it.
pub(super) fn unanswered(run: &Run, error: TransportError) -> Error {
    // A body that the host itself broke off has its own reason.
    let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(&error);
    while let Some(current) = cause {
        if let Some(super::outgoing::Broken(reason)) = current.downcast_ref() {
            return reason.error_under_way();
        }
        cause = current.source();
    }
    if let (Some(address), Ok(origin)) = (error.not_public(), error.origin().parse()) {
        return super::exchange::deny(run, Denial::Private { origin, address });
    }
    // A guest that hears of the connection only may send the request again.
    let connecting = std::error::Error::source(&error)
        .and_then(|source| source.downcast_ref::<reqwest::Error>())
        .is_some_and(reqwest::Error::is_connect);
    tracing::debug!(target = run.target, %error, "no answer");
    run.unanswered(&error);
    match error.kind() {
        TransportErrorKind::NameNotFound => Error::DnsError {
            rcode: None,
            info_code: None,
        },
        TransportErrorKind::Refused => Error::ConnectionRefused,
        TransportErrorKind::Unreachable => Error::DestinationIpUnroutable,
        TransportErrorKind::Proxy => Error::DestinationUnavailable,
        TransportErrorKind::TimedOut if connecting => Error::ConnectionTimeout,
        TransportErrorKind::TimedOut => Error::ConnectionReadTimeout,
        TransportErrorKind::Tls => Error::TlsProtocolError,
        TransportErrorKind::Certificate => Error::TlsCertificateError,
        TransportErrorKind::Closed => Error::ConnectionTerminated,
        TransportErrorKind::Protocol => Error::HttpProtocolError,
        TransportErrorKind::Unrecorded => Error::ConfigurationError,
        TransportErrorKind::Other => Error::InternalError(Some(error.reason().to_owned())),
    }
}
