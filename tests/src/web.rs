//! Asks an application, as a browser would.

use std::net::SocketAddr;

use url::Url;

/// What an application answered.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Content type, or nothing.
    pub content_type: String,
    /// The body as text.
    pub body: String,
}

/// GETs `path` of the application at `url`. Names below `localhost` resolve to
/// loopback, as browsers resolve them (RFC 6761, 6.3).
///
/// # Panics
/// When nobody answers.
pub async fn get(url: &Url, path: &str) -> Answer {
    let url = url.join(path).expect("the path fits the URL");
    let host = url.host_str().expect("an application has a host");
    let port = url.port_or_known_default().expect("http has a port");
    let client = pinned(host, SocketAddr::from(([127, 0, 0, 1], port)));
    let response = client
        .get(url.clone())
        .send()
        .await
        .unwrap_or_else(|error| panic!("{url} does not answer: {error:?}"));
    Answer {
        status: response.status().as_u16(),
        content_type: response
            .headers()
            .get("content-type")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned(),
        body: response.text().await.expect("the body arrives"),
    }
}

/// A client of its own that knows one name.
fn pinned(host: &str, address: SocketAddr) -> reqwest::Client {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has TLS 1.2 and 1.3")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .resolve(host, address)
        .build()
        .expect("the client can be built")
}
