//! Whom the client trusts: the authorities of the operating system, and those that the options add; and who it says that it is.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::identity::{ClientIdentity, IdentityError};
use super::{HttpClientError, HttpOptions};

/// The process's default provider; `ring` becomes it where there is none yet.
fn provider() -> Arc<CryptoProvider> {
    if CryptoProvider::get_default().is_none() {
        // It fails only when another thread was quicker, which leaves a provider all the same.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
    }
    CryptoProvider::get_default().map_or_else(
        || rustls::crypto::ring::default_provider().into(),
        Arc::clone,
    )
}

/// The certificates of a PEM text that can stand for an authority. Bundles of operating systems hold a few that can't, which
/// are passed over; a text with nothing else is refused, as is one that breaks off.
fn authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, HttpClientError> {
    let found = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(HttpClientError::Pem)?;
    let mut unusable = None;
    let mut usable = Vec::new();
    for certificate in found {
        match RootCertStore::empty().add(certificate.clone()) {
            Ok(()) => usable.push(certificate),
            Err(error) => unusable = Some(error),
        }
    }
    if usable.is_empty() {
        return Err(unusable.map_or(
            HttpClientError::NoCertificates,
            HttpClientError::Certificates,
        ));
    }
    if let Some(error) = unusable {
        tracing::debug!(%error, "some of the additional certificates can't be used");
    }
    Ok(usable)
}

/// How servers are judged, and in which protocols they are spoken to: HTTP/2 and HTTP/1.1.
pub(super) struct Tls {
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
}

impl Tls {
    /// Checks servers against the system's authorities and those of the options, unless the options say not to.
    pub(super) fn new(options: &HttpOptions) -> Result<Self, HttpClientError> {
        let provider = provider();
        let extra = match &options.extra_certificates {
            Some(pem) => authorities(pem)?,
            None => Vec::new(),
        };
        let verifier: Arc<dyn ServerCertVerifier> = if options.insecure {
            Arc::new(Anybody(Arc::clone(&provider)))
        } else {
            Arc::new(Verifier {
                provider: Arc::clone(&provider),
                extra,
                inner: OnceLock::new(),
            })
        };
        Ok(Self { provider, verifier })
    }

    /// A configuration that shows this identity to servers that ask for one. Those of one [`Tls`] share what the first connection reads
    /// of the system's certificates, but no sessions.
    pub(super) fn config(
        &self,
        identity: Option<&ClientIdentity>,
    ) -> Result<ClientConfig, HttpClientError> {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(HttpClientError::Tls)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&self.verifier));
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let (chain, key) = (identity.chain()?, identity.key()?);
                let made = builder.with_client_auth_cert(chain, key);
                made.map_err(IdentityError::from)?
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Trusts every server (`-k`). That the server has the key of the certificate that it shows is checked all the same.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Reads the system's certificates when the first server shows its own: that takes milliseconds, and those who deploy to a
/// platform on their own machine never need them.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    extra: Vec<CertificateDer<'static>>,
    inner: OnceLock<Result<Arc<dyn ServerCertVerifier>, Error>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.inner
            .get_or_init(|| system(self.extra.clone(), Arc::clone(&self.provider)))
            .as_ref()
            .map_err(Clone::clone)?
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// The operating system judges by itself where it can.
#[cfg(any(windows, target_vendor = "apple"))]
fn system(
    extra: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(extra, provider)?;
    Ok(Arc::new(verifier))
}

/// Elsewhere the system has folders of certificates. `rustls-platform-verifier` would read the variable `SSL_CERT_FILE`, and
/// then leave the system's out.
#[cfg(not(any(windows, target_vendor = "apple")))]
fn system(
    extra: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let mut roots = RootCertStore::empty();
    for folder in openssl_probe::candidate_cert_dirs() {
        let found = rustls_native_certs::load_certs_from_paths(None, Some(folder));
        for error in found.errors {
            tracing::debug!(%error, "a certificate of the system can't be read");
        }
        roots.add_parsable_certificates(found.certs);
    }
    if roots.is_empty() {
        // Some systems keep one file instead, in places that this crate knows.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    tracing::debug!(
        system = roots.len(),
        extra = extra.len(),
        "trusted authorities"
    );
    roots.add_parsable_certificates(extra);
    if roots.is_empty() {
        return Err(Error::General(
            "this system has no certificates of authorities; install its package `ca-certificates`"
                .to_owned(),
        ));
    }
    let verifier =
        rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
    Ok(verifier)
}
