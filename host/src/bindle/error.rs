//! What can go wrong between us and a Bindle server.

use std::io;
use std::path::PathBuf;

use bowline_app::Digest;

use crate::client::TransportError;

/// Why a Bindle operation failed. `server` is the server's origin; texts of
/// the server are cleaned of control characters and shortened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server holds another bindle under this name and version. Bindles
    /// are immutable, so it can neither be replaced nor completed.
    #[error(
        "{server} has another bindle under the name {id} ({difference}): change the application's version, bindles cannot be replaced"
    )]
    VersionTaken {
        /// Origin of the server.
        server: String,
        /// `name/version`.
        id: String,
        /// The first difference found, in words.
        difference: String,
    },
    /// The server refuses to take a parcel and yet does not have it: an upload
    /// was cut once, and the reference server's file store never forgets that.
    #[error(
        "{server} has a half-written copy of parcel {digest} and refuses a new one: its operator must remove the folder `parcels/{digest}` from the server's store if it has no `parcel.dat`, then deploy again"
    )]
    PoisonedParcel {
        /// Origin of the server.
        server: String,
        /// The parcel.
        digest: Digest,
    },
    /// The server says that the bindle exists, but does not show it: a creation was cut once.
    #[error(
        "{server} has a half-written invoice for {id}: its operator must remove the `invoice.toml.part` of that bindle from the server's store; or deploy with another version"
    )]
    StuckInvoice {
        /// Origin of the server.
        server: String,
        /// `name/version`.
        id: String,
    },
    /// The bindle was withdrawn; the server never takes it again.
    #[error("{id} was yanked from {server} and cannot come back: deploy with another version")]
    Yanked {
        /// Origin of the server.
        server: String,
        /// `name/version`.
        id: String,
    },
    /// The server does not accept the invoice's signature, mostly because it does not know the key.
    #[error(
        "{server} does not accept our signature ({message}): ask its operator to trust this creator key, label `{label}`: {public_key}"
    )]
    SignatureRefused {
        /// Origin of the server.
        server: String,
        /// What the server said.
        message: String,
        /// The label under which we sign.
        label: String,
        /// Our Ed25519 public key, base64; `(none)` when the push had no key.
        public_key: String,
    },
    /// Credentials are missing or wrong (401).
    #[error("{server} {}", if *.credentials_given {
        "rejects the bindle user name or password: correct them"
    } else {
        "asks for credentials: give a bindle user name and password"
    })]
    Unauthorized {
        /// Origin of the server.
        server: String,
        /// Whether the request carried credentials.
        credentials_given: bool,
    },
    /// The server understood who asks, and refuses (403).
    #[error("{server} refuses access ({message}): ask its operator for the right to push")]
    Forbidden {
        /// Origin of the server.
        server: String,
        /// What the server said.
        message: String,
    },
    /// What answers there is not a Bindle server, or something between changes its answers.
    #[error(
        "{server} does not answer like a Bindle server (status {status}: {excerpt}): check the bindle server address, it mostly ends in /v1"
    )]
    NotBindle {
        /// Origin of the server.
        server: String,
        /// HTTP status of the answer.
        status: u16,
        /// Beginning of the answer, or what is wrong with it.
        excerpt: String,
    },
    /// The server could not be reached, or its answers were lost, after all repetitions.
    #[error("the Bindle server is not available")]
    Unreachable(#[source] TransportError),
    /// The server did not answer in time, after all repetitions.
    #[error("{server} did not answer within {seconds} s: check that it is running, then try again")]
    TimedOut {
        /// Origin of the server.
        server: String,
        /// The limit that was passed, in seconds.
        seconds: u64,
    },
    /// The server reports trouble of its own (5xx, 429), after all repetitions.
    #[error("{server} is in trouble (status {status}: {excerpt}): try again later")]
    Unavailable {
        /// Origin of the server.
        server: String,
        /// HTTP status of the last answer.
        status: u16,
        /// Beginning of that answer.
        excerpt: String,
    },
    /// A file of the application is not what it was when the application was loaded. Nothing of it was sent.
    #[error("`{}` changed while it was being deployed: deploy again when nothing is building it", .path.display())]
    ContentChanged {
        /// The file.
        path: PathBuf,
    },
    /// A file of the application, or room for its snapshot, is not available. Nothing of it was sent.
    #[error("cannot {action} `{}`", .path.display())]
    File {
        /// `read`, or `make a snapshot of`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file of the application could not be read when it was to be packed. Nothing was sent. The cause names it.
    #[error("cannot pack the files of the application")]
    Unpacked(#[source] io::Error),
    /// The server, or something before it, takes nothing this large (413), or answers more than we read.
    #[error("{what} is too large for {server}: {hint}")]
    TooLarge {
        /// Origin of the server.
        server: String,
        /// What is too large.
        what: String,
        /// What to do.
        hint: &'static str,
    },
    /// The server refuses what was sent for a reason of its own.
    #[error("{server} refuses {what} (status {status}): {message}")]
    Refused {
        /// Origin of the server.
        server: String,
        /// What was sent.
        what: String,
        /// HTTP status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// The bundle names a parcel that it does not contain, or an invoice that cannot be written.
    #[error("the bundle for {id} is not usable: {reason}")]
    Bundle {
        /// `name/version`.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The push was abandoned before it ended.
    #[error("the push was cancelled")]
    Cancelled,
}
