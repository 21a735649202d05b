//! What stands before servers in companies: TLS with a private authority, which asks for client certificates.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, header};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use crate::background::{self, Background};

/// Most bytes of a body that are let through.
const MAX_BODY: usize = 64 << 20;

/// An authority that only this test knows.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

impl Authority {
    /// A new one.
    ///
    /// # Panics
    /// When no key can be made.
    #[allow(clippy::new_without_default, reason = "making one takes time")]
    pub fn new() -> Authority {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "Authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params.self_signed(&key).expect("it can be signed");
        Authority {
            pem: certificate.pem(),
            certificate: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    /// Its certificate, for those who trust it.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A client's certificate and key, both PEM-encoded.
    ///
    /// # Panics
    /// When no key can be made.
    pub fn client(&self) -> (String, String) {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "ann");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params
            .signed_by(&key, &self.issuer)
            .expect("it can be signed");
        (certificate.pem(), key.serialize_pem())
    }

    /// What a server of this name needs: one that talks to this authority's clients only, or to anybody.
    fn server(&self, name: &str, members: bool) -> TlsAcceptor {
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = CertificateParams::new(vec![name.to_owned()])
            .and_then(|params| params.signed_by(&key, &self.issuer))
            .expect("it can be signed");
        let mut roots = RootCertStore::empty();
        roots
            .add(self.certificate.clone())
            .expect("it is an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clients = if members {
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .expect("clients can be told apart")
        } else {
            WebPkiClientVerifier::no_client_auth()
        };
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has TLS 1.2 and 1.3")
            .with_client_cert_verifier(clients)
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .expect("key and certificate belong together");
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Hands requests on to a server, which sees its own name in them; stopped when dropped.
pub struct Gateway {
    address: SocketAddr,
    _background: Background,
}

impl Gateway {
    /// Without TLS.
    ///
    /// # Panics
    /// When no port is free.
    pub fn plain(server: SocketAddr) -> Gateway {
        Self::start(server, None)
    }

    /// With TLS under this name, for those with a certificate of this authority.
    ///
    /// # Panics
    /// When no port is free.
    pub fn for_members(server: SocketAddr, name: &str, authority: &Authority) -> Gateway {
        Self::start(server, Some(authority.server(name, true)))
    }

    /// With TLS under this name, for everybody.
    ///
    /// # Panics
    /// When no port is free.
    pub fn for_all(server: SocketAddr, name: &str, authority: &Authority) -> Gateway {
        Self::start(server, Some(authority.server(name, false)))
    }

    /// The port at which it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    fn start(server: SocketAddr, tls: Option<TlsAcceptor>) -> Gateway {
        let client = client();
        let (address, listener) = background::listen();
        let background = Background::serve(listener, |listener| async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, client) = (tls.clone(), client.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, server, client).await,
                        // Those without a certificate go no further.
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, server, client).await;
                            }
                        }
                    }
                });
            }
        });
        Gateway {
            address,
            _background: background,
        }
    }
}

async fn serve<S>(stream: S, server: SocketAddr, client: reqwest::Client)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |request| {
        let client = client.clone();
        async move { Ok::<_, Infallible>(forward(request, server, &client).await) }
    });
    // How the connection ends is the client's business.
    let _ended = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn forward(
    request: Request<Incoming>,
    server: SocketAddr,
    client: &reqwest::Client,
) -> Response<Body> {
    let (mut head, body) = request.into_parts();
    for name in [header::HOST, header::CONNECTION, header::TRANSFER_ENCODING] {
        head.headers.remove(name);
    }
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let body = to_bytes(Body::new(body), MAX_BODY)
        .await
        .expect("the body arrives");
    let answer = client
        .request(head.method, format!("http://{server}{path}"))
        .headers(head.headers)
        .body(body)
        .send()
        .await
        .expect("the server answers");
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if *name != header::TRANSFER_ENCODING && *name != header::CONNECTION {
            response = response.header(name, value);
        }
    }
    let body = answer.bytes().await.expect("the answer arrives");
    response.body(Body::from(body)).expect("it was an answer")
}

fn client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has TLS 1.2 and 1.3")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .expect("the client can be built")
}
