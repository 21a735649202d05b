//! How the client shows who it is to servers that ask for a certificate.

use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::secrets::Secret;

/// A client certificate and its private key, both PEM-encoded.
#[derive(Debug, Clone)]
pub struct ClientIdentity {
    certificates: Vec<u8>,
    key: Secret,
}

impl ClientIdentity {
    /// `certificates` is the client's own certificate, and after it those that lead to an authority that the server trusts. `key` is the
    /// private key of the first (PKCS #8, PKCS #1 or SEC 1), without a passphrase. Both may be in one text, which is then given twice.
    ///
    /// Nothing is checked yet: [`HttpClient::new`](crate::HttpClient::new) does so.
    pub fn new(certificates: impl Into<Vec<u8>>, key: Secret) -> Self {
        Self {
            certificates: certificates.into(),
            key,
        }
    }

    pub(super) fn chain(&self) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
        let chain = CertificateDer::pem_slice_iter(&self.certificates)
            .collect::<Result<Vec<_>, _>>()
            .map_err(IdentityError::CertificatePem)?;
        if chain.is_empty() {
            return Err(IdentityError::NoCertificate);
        }
        Ok(chain)
    }

    pub(super) fn key(&self) -> Result<PrivateKeyDer<'static>, IdentityError> {
        let pem = self.key.expose();
        // RFC 7468, section 11, and RFC 1421 for the older form.
        if pem.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || pem.contains("4,ENCRYPTED") {
            return Err(IdentityError::Encrypted);
        }
        PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| match error {
            PemError::NoItemsFound => IdentityError::NoKey,
            error => IdentityError::KeyPem(error),
        })
    }
}

/// Why a [`ClientIdentity`] can't be used. No part of the key is repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// There is no certificate in the text.
    #[error("the client certificate's text holds no PEM-encoded certificate")]
    NoCertificate,
    /// The certificate's text is damaged.
    #[error("the client certificate is not a PEM-encoded certificate")]
    CertificatePem(#[source] PemError),
    /// There is no private key in the text.
    #[error("the client certificate's key is missing: there is no PEM-encoded private key")]
    NoKey,
    /// The key's text is damaged.
    #[error("the client certificate's key is not a PEM-encoded private key")]
    KeyPem(#[source] PemError),
    /// The key is protected by a passphrase.
    #[error("the client certificate's key is protected by a passphrase")]
    Encrypted,
    /// The key belongs to another certificate.
    #[error("the client certificate's key belongs to another certificate")]
    Mismatch,
    /// Certificate or key is of a kind that can't be used.
    #[error("the client certificate can't be used")]
    Unusable(#[source] rustls::Error),
}

impl From<rustls::Error> for IdentityError {
    fn from(error: rustls::Error) -> Self {
        match error {
            rustls::Error::InconsistentKeys(_) => Self::Mismatch,
            error => Self::Unusable(error),
        }
    }
}
