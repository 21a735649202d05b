//! Pushing bindles to a Bindle server, and asking what it holds.
//!
//! [`Client`] speaks the Bindle 1.0 protocol as the reference server (0.8 and
//! 0.9) does. It exists because uploads are dangerous there: a body that is cut
//! or does not match its digest makes the server refuse that digest for ever,
//! whoever sends it. So bytes are fixed and checked before they leave, running
//! uploads are never cut, and nothing is believed until the server was asked
//! again. [`Signer`] keeps the Ed25519 key that signs the invoices.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use self::address::{AddressError, ServerAddress};
pub use self::credentials::{Credentials, CredentialsError};
pub use self::error::Error;
pub use self::preview::Preview;
pub use self::progress::{Event, Progress, Silent, Waiting};
pub use self::signer::{KeyFileError, Signer};
pub use self::timing::Timing;
use self::upload::Uploader;
use self::wire::Wire;
use crate::client::HttpClient;
use crate::journal::By;

mod address;
mod body;
mod capability;
mod compare;
mod create;
mod credentials;
mod error;
mod missing;
mod preview;
mod progress;
mod push;
mod query;
mod signer;
mod source;
mod timing;
mod upload;
mod wire;

/// A client of one Bindle server. Cheap to clone; clones share limits.
#[derive(Clone, Debug)]
pub struct Client {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    wire: Arc<Wire>,
    uploader: Arc<Uploader>,
    signer: Option<Signer>,
    archive: Archive,
}

/// Whether files are sent in archives ([`bowline_app::archive`]) instead of as a parcel each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Archive {
    /// In archives when there are more than [`bowline_app::archive::MANY_FILES`] of them, and the platform accepts archives.
    #[default]
    Auto,
    /// In archives, however few they are. A platform that doesn't say that it accepts them gets nothing.
    Always,
    /// As parcels, however many they are.
    Never,
}

/// What a [`Client`] needs to know.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientOptions {
    /// Where the server is.
    pub address: ServerAddress,
    /// Sent to that server's origin only, with every request.
    pub credentials: Option<Credentials>,
    /// Signs pushed invoices. Servers from 0.9 on refuse invoices without a signature they know.
    pub signer: Option<Signer>,
    /// Waiting and trying again.
    pub timing: Timing,
    /// Where private copies of large parcels are made while they are uploaded.
    /// By default beside the original, where file systems that can do so share
    /// the blocks, else in the system's temporary folder. Copies have no name
    /// and vanish with the process.
    pub snapshot_folder: Option<PathBuf>,
    /// Whether a target's pushes send the files of an application in archives.
    pub archive: Archive,
}

impl ClientOptions {
    /// A server that is used without credentials and signatures, with default timing.
    #[must_use]
    pub fn new(address: ServerAddress) -> Self {
        Self {
            address,
            credentials: None,
            signer: None,
            timing: Timing::default(),
            snapshot_folder: None,
            archive: Archive::default(),
        }
    }
}

/// What a push did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// `name/version` under which the server holds the bindle.
    pub id: String,
    /// The server had this very bindle, complete, before; nothing was sent.
    pub existed: bool,
    /// Parcels that were sent.
    pub uploaded: usize,
    /// Their bytes.
    pub uploaded_bytes: u64,
    /// Parcels that the server had already, or got from somebody else meanwhile.
    pub reused: usize,
    /// The server holds the invoice with our signature.
    pub signed: bool,
    /// How many of the bindle's parcels are archives, with several files in each: none in the plain form.
    pub archives: usize,
}

impl Client {
    /// Makes a client; no request is sent yet.
    #[must_use]
    pub fn new(http: &HttpClient, options: ClientOptions) -> Self {
        let wire = Arc::new(Wire::new(
            http.sent_by(By::Bindle),
            options.address,
            options.credentials,
            options.timing,
        ));
        Self {
            inner: Arc::new(Inner {
                uploader: Arc::new(Uploader::new(Arc::clone(&wire), options.snapshot_folder)),
                wire,
                signer: options.signer,
                archive: options.archive,
            }),
        }
    }

    /// Scheme, host and port of the server.
    #[must_use]
    pub fn server(&self) -> String {
        self.inner.wire.server()
    }

    /// The public key (base64) that a server must trust to accept our pushes, if we sign.
    #[must_use]
    pub fn public_key(&self) -> Option<String> {
        self.inner.signer.as_ref().map(Signer::public_key)
    }

    /// Waits until uploads that outlived their push have ended, at most `bound`.
    /// `false` when some still run then; ending the process now would cut them.
    pub async fn settle(&self, bound: Duration) -> bool {
        self.inner.uploader.settle(bound).await
    }

    fn wire(&self) -> &Wire {
        &self.inner.wire
    }
}
