//! Whom the client trusts: the authorities of the operating system, and those that the options add.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::HttpClientError;

/// The process's default provider; `ring` becomes it where there is none yet.
pub(super) fn provider() -> Arc<CryptoProvider> {
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
pub(super) fn authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, HttpClientError> {
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

/// Checks servers against the system's authorities and `extra`, and offers HTTP/2 and HTTP/1.1.
pub(super) fn config(extra: Vec<CertificateDer<'static>>) -> Result<ClientConfig, Error> {
    let provider = provider();
    let verifier = Verifier {
        provider: Arc::clone(&provider),
        extra,
        inner: OnceLock::new(),
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
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
