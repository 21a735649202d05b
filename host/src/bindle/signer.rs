//! The key that signs invoices.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_app::invoice::{Invoice, Signature};
use ed25519_dalek::{Signer as _, SigningKey};

pub use self::key_file::KeyFileError;

mod key_file;

/// The role under which an invoice's author signs it.
const CREATOR: &str = "creator";

/// An Ed25519 key and the label under which it signs. The secret half is wiped
/// from memory on drop and shown nowhere.
#[derive(Clone)]
pub struct Signer {
    label: String,
    key: SigningKey,
}

impl Signer {
    /// The name that signatures carry (`by`), for people to recognise the key.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The public half, base64: what a server's operator needs in order to
    /// accept our bindles.
    #[must_use]
    pub fn public_key(&self) -> String {
        STANDARD.encode(self.key.verifying_key().as_bytes())
    }

    /// Signs an invoice as its creator. `at` is recorded, but not signed.
    #[must_use]
    pub fn sign(&self, invoice: &Invoice, at: SystemTime) -> Signature {
        let signature = self.key.sign(cleartext(invoice, &self.label).as_bytes());
        Signature {
            by: self.label.clone(),
            signature: STANDARD.encode(signature.to_bytes()),
            key: self.public_key(),
            role: CREATOR.to_owned(),
            at: at
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        }
    }
}

/// What a creator's signature covers. The Bindle signing specification lists
/// the time as well; the reference implementation (`Invoice::cleartext` of
/// bindle 0.9.1) leaves it out, and verifies so.
fn cleartext(invoice: &Invoice, by: &str) -> String {
    let mut lines = vec![
        by,
        &invoice.bindle.name,
        &invoice.bindle.version,
        CREATOR,
        "~",
    ];
    lines.extend(
        invoice
            .parcel
            .iter()
            .map(|parcel| parcel.label.sha256.as_str()),
    );
    lines.join("\n")
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("label", &self.label)
            .field("public_key", &self.public_key())
            .finish_non_exhaustive()
    }
}
