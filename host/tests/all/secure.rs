//! TLS servers on loopback with certificates made for the test, and a proxy.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, Version};
use bowline_host::HttpOptions;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// An authority that nobody knows.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub fn new() -> Self {
        Self::named("Authority of a test")
    }

    pub fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// A certificate for a client of this name, and its key, both PEM-encoded.
    pub fn client(&self, name: &str) -> (String, String) {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// Options of a client that trusts it.
    pub fn trusted(&self) -> HttpOptions {
        let mut options = HttpOptions::default();
        options.extra_certificates = Some(self.pem.clone().into_bytes());
        options
    }

    /// A certificate for these names, as far as `change` leaves it so.
    pub fn issue(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity::new(certificate.der().clone(), &key)
    }
}

/// What a server shows.
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    pub fn new(certificate: CertificateDer<'static>, key: &KeyPair) -> Self {
        Self {
            certificate,
            key: PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        }
    }
}

/// One request that came in.
#[derive(Debug, Clone)]
pub struct Seen {
    pub version: Version,
    pub path: String,
    pub headers: HeaderMap,
    /// The certificates that the client has shown.
    pub client: Option<Vec<CertificateDer<'static>>>,
}

/// A server that speaks HTTP within TLS; it ends with the test's runtime.
pub struct SecureServer {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl SecureServer {
    /// Answers by this function, and offers these protocols (ALPN) in this order.
    pub async fn start(
        identity: Identity,
        protocols: &[&str],
        answer: impl Fn(&Seen) -> Response<Body> + Clone + Send + Sync + 'static,
    ) -> Self {
        Self::launch(
            identity,
            WebPkiClientVerifier::no_client_auth(),
            protocols,
            answer,
        )
        .await
    }

    /// Says yes to everybody with a certificate of this authority, by HTTP/1.1; with `optional` to those without one, too.
    pub async fn for_members(identity: Identity, authority: &Authority, optional: bool) -> Self {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let members = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let members = if optional {
            members.allow_unauthenticated()
        } else {
            members
        };
        let members = members.build().unwrap();
        Self::launch(identity, members, &["http/1.1"], |_| Response::default()).await
    }

    async fn launch(
        identity: Identity,
        clients: Arc<dyn ClientCertVerifier>,
        protocols: &[&str],
        answer: impl Fn(&Seen) -> Response<Body> + Clone + Send + Sync + 'static,
    ) -> Self {
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_client_cert_verifier(clients)
                .with_single_cert(vec![identity.certificate], identity.key)
                .unwrap();
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, log, answer) = (acceptor.clone(), Arc::clone(&log), answer.clone());
                tokio::spawn(async move {
                    // Clients that don't trust it go away in the middle of the handshake.
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let client = stream.get_ref().1.peer_certificates();
                    let client = client.map(|shown| {
                        shown
                            .iter()
                            .map(|one| one.clone().into_owned())
                            .collect::<Vec<_>>()
                    });
                    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    let service = hyper::service::service_fn(
                        move |request: Request<hyper::body::Incoming>| {
                            let seen = Seen {
                                version: request.version(),
                                path: request.uri().path().to_owned(),
                                headers: request.headers().clone(),
                                client: client.clone(),
                            };
                            let answer = answer(&seen);
                            log.lock().unwrap().push(seen);
                            async { Ok::<_, Infallible>(answer) }
                        },
                    );
                    let stream = TokioIo::new(stream);
                    // How the connection ends is the client's business.
                    let _ended = if http2 {
                        hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                            .serve_connection(stream, service)
                            .await
                    } else {
                        hyper::server::conn::http1::Builder::new()
                            .serve_connection(stream, service)
                            .await
                    };
                });
            }
        });
        Self { address, seen }
    }

    /// Says yes to everything, by HTTP/1.1.
    pub async fn obliging(identity: Identity) -> Self {
        Self::start(identity, &["http/1.1"], |_| Response::default()).await
    }

    /// Its address under this name.
    pub fn url(&self, name: &str) -> String {
        format!("https://{name}:{}", self.address.port())
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// An HTTP proxy that knows a few names. It remembers the head of each request, as it came; it ends with the test's runtime.
pub struct Proxy {
    pub address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Leads to `servers` by host name; other tunnels are refused. To requests that need none it answers `hello` by itself.
    pub async fn start(servers: &[(&str, SocketAddr)]) -> Self {
        let servers: BTreeMap<String, SocketAddr> = servers
            .iter()
            .map(|(name, address)| ((*name).to_owned(), *address))
            .collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&heads);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, servers.clone(), Arc::clone(&log)));
            }
        });
        Self { address, heads }
    }

    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn serve(
    stream: TcpStream,
    servers: BTreeMap<String, SocketAddr>,
    log: Arc<Mutex<Vec<String>>>,
) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await.unwrap_or(0) == 0 {
                return;
            }
        }
        log.lock().unwrap().push(head.clone());
        let Some(place) = head.strip_prefix("CONNECT ") else {
            // A HEAD request has no use for the body, which then is the last that is heard of this connection.
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
            stream.write_all(answer.as_bytes()).await.unwrap();
            continue;
        };
        let name = place.split(':').next().unwrap();
        let Some(server) = servers.get(name) else {
            let answer = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
            return;
        };
        let mut server = TcpStream::connect(server).await.unwrap();
        let answer = "HTTP/1.1 200 Connection established\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        // Either side may hang up.
        let _ended = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
        return;
    }
}

/// Takes one connection, and cuts it after the first bytes.
pub async fn cut() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut byte = [0];
        // What came is of no interest.
        let _read = stream.read(&mut byte).await;
    });
    address
}
