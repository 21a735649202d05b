//! Says what could not be reached, and why.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::{AlertDescription, CertificateError};
use url::Url;

use super::resolver::NotPublic;

/// What is said of a server that wants a client certificate.
const NO_CERTIFICATE: &str = "it wants a client certificate";

/// What kept a request from being answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The host name could not be resolved.
    NameNotFound,
    /// Nothing listens at that address and port.
    Refused,
    /// There is no way to that address.
    Unreachable,
    /// No connection, or no answer, in time.
    TimedOut,
    /// The TLS handshake failed for another reason than the certificate.
    Tls,
    /// The server's TLS certificate isn't trusted.
    Certificate,
    /// The proxy can't be reached, or would not connect to the server.
    Proxy,
    /// The connection ended before the answer did.
    Closed,
    /// What came back isn't HTTP.
    Protocol,
    /// It did not leave, because the journal could not be written.
    Unrecorded,
    /// Anything else; the source tells more.
    Other,
}

/// A request that got no whole answer. The message names the origin only: paths, queries and credentials stay out of it.
#[derive(Debug, Clone)]
pub struct TransportError {
    kind: TransportErrorKind,
    origin: String,
    reason: String,
    source: Arc<dyn Error + Send + Sync>,
}

impl TransportError {
    /// Finds out what a reqwest error is about.
    pub fn new(error: reqwest::Error) -> Self {
        let origin = error
            .url()
            .map_or_else(|| "the server".to_owned(), origin_of);
        // The address may carry credentials or tokens, and would be repeated by every message of the chain.
        Self::from_parts(origin, error.without_url())
    }

    /// As [`TransportError::new`], for errors that have lost their URL.
    pub fn at(url: &Url, error: reqwest::Error) -> Self {
        Self::from_parts(origin_of(url), error.without_url())
    }

    /// A request that did not leave, because it could not be written down before.
    pub(crate) fn unrecorded(url: &Url, error: crate::journal::JournalError) -> Self {
        Self {
            kind: TransportErrorKind::Unrecorded,
            origin: origin_of(url),
            reason: error.to_string(),
            source: Arc::new(error),
        }
    }

    fn from_parts(origin: String, error: reqwest::Error) -> Self {
        use TransportErrorKind as Kind;
        let (kind, reason) = classify(&error);
        // Once the connection stood, the server may have seen the request.
        let kind = match kind {
            Kind::Unreachable | Kind::Tls if !error.is_connect() => Kind::Closed,
            kind => kind,
        };
        Self {
            kind,
            origin,
            reason,
            source: Arc::new(error),
        }
    }

    /// A request that was given up before there was a connection.
    pub(crate) fn not_connected(url: &Url, error: Box<dyn Error + Send + Sync>) -> Self {
        let (kind, reason) = classify_direct(&*error);
        Self {
            kind,
            origin: origin_of(url),
            reason,
            source: Arc::from(error),
        }
    }

    /// The address of the server, where it is what forbade the request.
    pub(crate) fn not_public(&self) -> Option<IpAddr> {
        let mut next: Option<&(dyn Error + 'static)> = Some(&*self.source);
        while let Some(current) = next {
            if let Some(NotPublic(address)) = current.downcast_ref() {
                return Some(*address);
            }
            next = current.source();
        }
        None
    }

    /// Whether the server wants a client certificate, and was shown none.
    pub fn wants_certificate(&self) -> bool {
        self.reason == NO_CERTIFICATE
    }

    /// What kept it from being answered.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Scheme, host and port of the server that was asked.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The reason alone, without the origin.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Whether it is certain that the server saw nothing of the request: it may be sent again whatever it asked for.
    pub fn never_sent(&self) -> bool {
        use TransportErrorKind as Kind;
        matches!(
            self.kind,
            Kind::NameNotFound
                | Kind::Refused
                | Kind::Unreachable
                | Kind::Tls
                | Kind::Certificate
                | Kind::Proxy
                | Kind::Unrecorded
        )
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, reason, .. } = self;
        match self.kind {
            TransportErrorKind::Closed | TransportErrorKind::Protocol => {
                write!(f, "no usable answer from {origin}: {reason}")
            }
            TransportErrorKind::Unrecorded => {
                write!(f, "the request to {origin} was not sent: {reason}")
            }
            _ => write!(f, "can't reach {origin}: {reason}"),
        }
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// A failed name lookup, kept apart from other I/O errors.
#[derive(Debug, Clone)]
pub(super) struct LookupError(pub(super) Arc<io::Error>);

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host name could not be resolved")
    }
}

impl Error for LookupError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

fn origin_of(url: &Url) -> String {
    let ascii = url.origin().ascii_serialization();
    if ascii == "null" {
        format!("{}:", url.scheme())
    } else {
        ascii
    }
}

fn classify(error: &reqwest::Error) -> (TransportErrorKind, String) {
    if let Some(reason) = tunnel_reason(error) {
        return (TransportErrorKind::Proxy, reason);
    }
    classify_direct(error)
}

/// What hindered the tunnel that a proxy makes to an `https` origin.
fn tunnel_reason(error: &reqwest::Error) -> Option<String> {
    let mut next = error.source();
    while let Some(current) = next {
        // hyper-util keeps the type of these errors to itself.
        if let Some(tunnel) = current.to_string().strip_prefix("tunnel error: ") {
            return Some(match tunnel {
                "proxy authorization required" => {
                    "the proxy wants another user name and password".to_owned()
                }
                "unsuccessful" => "the proxy refuses to connect to it".to_owned(),
                "failed to create underlying connection" => match current.source() {
                    Some(inner) => format!("its proxy can't be used: {}", classify_direct(inner).1),
                    None => "its proxy can't be reached".to_owned(),
                },
                other => format!(
                    "the proxy gave no usable answer ({})",
                    crate::text::line(other, 200)
                ),
            });
        }
        next = current.source();
    }
    None
}

fn classify_direct(error: &(dyn Error + 'static)) -> (TransportErrorKind, String) {
    use TransportErrorKind as Kind;
    let mut fallback = None;
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(current) = next {
        if let Some(NotPublic(address)) = current.downcast_ref() {
            return (Kind::Unreachable, NotPublic(*address).to_string());
        }
        if current.is::<LookupError>() {
            return (
                Kind::NameNotFound,
                "the host name could not be resolved".to_owned(),
            );
        }
        if let Some(tls) = current.downcast_ref::<rustls::Error>() {
            return tls_reason(tls);
        }
        if let Some(io) = current.downcast_ref::<io::Error>() {
            let known = match io.kind() {
                io::ErrorKind::ConnectionRefused => Some((Kind::Refused, "connection refused")),
                io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                    Some((Kind::Unreachable, "there is no route to it"))
                }
                io::ErrorKind::TimedOut => Some((Kind::TimedOut, "it did not answer in time")),
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof => Some((Kind::Closed, "the connection was closed")),
                _ => None,
            };
            if let Some((kind, reason)) = known {
                return (kind, reason.to_owned());
            }
        }
        // The innermost message that is no mere wrapper says the most.
        fallback = Some(current);
        // An I/O error's source is that of the error inside it, which itself would be passed over.
        let inside = current
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = inside
            .map(|inside| inside as &(dyn Error + 'static))
            .or_else(|| current.source());
    }
    let innermost = fallback.map(ToString::to_string).unwrap_or_default();
    let request = error.downcast_ref::<reqwest::Error>();
    if request.is_some_and(reqwest::Error::is_timeout) {
        (Kind::TimedOut, "it did not answer in time".to_owned())
    } else if innermost.contains("connection closed before message completed")
        || innermost.contains("end of file before message length reached")
    {
        (Kind::Closed, "the connection was closed".to_owned())
    } else if request.is_some_and(|error| {
        !error.is_connect() && (error.is_request() || error.is_body() || error.is_decode())
    }) {
        (Kind::Protocol, crate::text::line(&innermost, 200))
    } else {
        (Kind::Other, crate::text::line(&innermost, 200))
    }
}

fn tls_reason(error: &rustls::Error) -> (TransportErrorKind, String) {
    match error {
        rustls::Error::InvalidCertificate(reason) => {
            (TransportErrorKind::Certificate, certificate_reason(reason))
        }
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            (TransportErrorKind::Tls, NO_CERTIFICATE.to_owned())
        }
        rustls::Error::AlertReceived(
            alert @ (AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied),
        ) => (
            TransportErrorKind::Tls,
            format!("it does not accept the client certificate ({alert:?})"),
        ),
        rustls::Error::InvalidMessage(_) => (
            TransportErrorKind::Tls,
            "it doesn't speak TLS; is it an http:// server?".to_owned(),
        ),
        other => (
            TransportErrorKind::Tls,
            format!(
                "the TLS handshake failed ({})",
                crate::text::line(&other.to_string(), 200)
            ),
        ),
    }
}

fn certificate_reason(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => {
            "its TLS certificate is signed by an authority that is not trusted; if you know that authority, add its certificate \
             to the trusted ones"
                .to_owned()
        }
        CertificateError::BadSignature => {
            "its TLS certificate names a trusted authority, but is not signed with its key: there is an impostor, or the authority \
             has a new key; if you know that it has, trust its new certificate"
                .to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its TLS certificate has expired; it has to be renewed, if the clock of this machine is right".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its TLS certificate is not valid yet; check the clock of this machine".to_owned()
        }
        CertificateError::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
            // rustls writes names as `DnsName("a.test")`.
            let names: Vec<&str> = presented
                .iter()
                .map(|name| name.split('"').nth(1).unwrap_or(name))
                .collect();
            format!(
                "its TLS certificate is for another server ({}); check the address",
                crate::text::line(&names.join(", "), 200)
            )
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its TLS certificate is for another server; check the address".to_owned()
        }
        // webpki's own errors come in a box that only shows their names.
        other if other.to_string().contains("CaUsedAsEndEntity") => {
            "its TLS certificate is that of an authority; the server needs one of its own, signed by that authority".to_owned()
        }
        other => format!(
            "its TLS certificate is not trusted ({})",
            crate::text::line(&other.to_string(), 200)
        ),
    }
}
