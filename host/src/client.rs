//! The one HTTP client.
//!
//! Requests of guests, the Bindle transport, readiness questions and downloads all go through it, so that proxies, trusted
//! certificates, `-k` and timeouts hold everywhere alike.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::grant::Reach;

mod address;
mod download;
mod error;
mod execute;
mod identity;
mod proxy;
mod resolver;
mod retry_after;
mod tls;

pub use download::{DownloadError, Whither, explanation, is_this_machine, without_secrets};
pub use error::{TransportError, TransportErrorKind};
pub(crate) use execute::Recorded;
pub use identity::{ClientIdentity, IdentityError};
pub use proxy::Proxies;
pub use retry_after::retry_after;

pub(crate) use address::is_public;
use resolver::Resolver;
use tls::Tls;

/// How [`HttpClient`] connects.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HttpOptions {
    /// Accept any TLS certificate (`-k`). Whoever sits on the way can then read and change everything.
    pub insecure: bool,
    /// Certificates of authorities, PEM-encoded and possibly several in one text, that are trusted besides those of the
    /// operating system.
    pub extra_certificates: Option<Vec<u8>>,
    /// Shown to servers that ask for a client certificate: to those that the user has named, not to others that a target declares itself, or
    /// to which a download is redirected.
    pub identity: Option<ClientIdentity>,
    /// How long connecting may take, name lookup and TLS included. 10 s: a dead server is noticed soon, and a slow link with
    /// two lost packets still connects.
    pub connect_timeout: Duration,
    /// How long a connection may stay silent while an answer is awaited or read. 60 s: Hippo answers some requests only
    /// after it has asked its Bindle server and its scheduler.
    pub idle_timeout: Duration,
    /// The proxies that requests go through.
    pub proxies: Proxies,
    /// Where [`HttpOptions::proxies`] names none, take those of the system's settings on macOS and Windows; reqwest then looks at
    /// the variables (`HTTPS_PROXY`, `NO_PROXY`, ...) too. Other systems have no such settings, and this changes nothing.
    pub system_proxy: bool,
    /// Value of the `User-Agent` header of requests that bring none.
    pub user_agent: String,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            insecure: false,
            extra_certificates: None,
            identity: None,
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            proxies: Proxies::default(),
            system_proxy: false,
            user_agent: concat!("bowline/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Why [`HttpClient::new`] could not make a client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpClientError {
    /// [`HttpOptions::extra_certificates`] holds no certificate at all.
    #[error("the additional certificates hold no PEM-encoded certificate")]
    NoCertificates,
    /// [`HttpOptions::extra_certificates`] is damaged PEM.
    #[error("the additional certificates are not PEM-encoded certificates")]
    Pem(#[source] rustls::pki_types::pem::Error),
    /// None of [`HttpOptions::extra_certificates`] can stand for an authority.
    #[error("none of the additional certificates can be used")]
    Certificates(#[source] rustls::Error),
    /// [`HttpOptions::identity`] can't be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// One of [`HttpOptions::proxies`] has no usable address. The address isn't repeated: it may hold a password.
    #[error("the proxy for {scheme} requests can't be used: {reason}")]
    Proxy {
        /// Scheme of the origins that it is for: `http` or `https`.
        scheme: &'static str,
        /// What is wrong with its address.
        reason: &'static str,
    },
    /// The TLS set-up failed.
    #[error("TLS could not be set up")]
    Tls(#[source] rustls::Error),
    /// [`HttpOptions::user_agent`] can't be a header value, or reqwest has another reason.
    #[error("the HTTP client could not be set up")]
    Build(#[source] reqwest::Error),
}

/// A cheap handle to one connection pool. It follows no redirects and resolves `localhost` and names below it to the
/// loopback addresses without asking anybody (RFC 6761, section 6.3).
#[derive(Debug, Clone)]
pub struct HttpClient {
    /// This one alone has the client certificate.
    anywhere: Pools,
    private_too: Pools,
    public_only: Pools,
    /// Judges names that a proxy looks up, where there is one.
    judge: Option<Resolver>,
    record: Option<execute::Record>,
}

#[derive(Debug, Clone)]
struct Pools {
    inner: reqwest::Client,
    unhurried: reqwest::Client,
}

impl HttpClient {
    /// Makes a client. Where the process has no default rustls provider yet, `ring` becomes it. The system's certificates are
    /// read when the first server shows its own.
    ///
    /// # Errors
    /// [`HttpClientError`] when the options can't be used.
    pub fn new(options: &HttpOptions) -> Result<Self, HttpClientError> {
        let tls = Tls::new(options)?;
        let identified = tls.config(options.identity.as_ref())?;
        let unidentified = match &options.identity {
            Some(_) => tls.config(None)?,
            None => identified.clone(),
        };
        let proxies: Arc<[String]> = options.proxies.hosts().into();
        let build = |reach, tls: &rustls::ClientConfig| {
            let resolver = Resolver::new(reach, Arc::clone(&proxies));
            Self::build(options, tls, resolver)
        };
        let patient = |builder: reqwest::ClientBuilder| {
            let builder = builder.read_timeout(options.idle_timeout);
            builder.build().map_err(HttpClientError::Build)
        };
        let pools = |reach, tls: &rustls::ClientConfig| {
            Ok::<_, HttpClientError>(Pools {
                inner: patient(build(reach, tls)?)?,
                unhurried: build(reach, tls)?.build().map_err(HttpClientError::Build)?,
            })
        };
        let anywhere = pools(Reach::Anywhere, &identified)?;
        let may_use_proxy = has_system_proxy(options) || !options.proxies.is_empty();
        Ok(Self {
            private_too: match &options.identity {
                Some(_) => pools(Reach::PrivateToo, &unidentified)?,
                None => anywhere.clone(),
            },
            public_only: pools(Reach::PublicOnly, &unidentified)?,
            anywhere,
            judge: may_use_proxy.then(|| Resolver::new(Reach::PublicOnly, Arc::clone(&proxies))),
            record: None,
        })
    }

    fn build(
        options: &HttpOptions,
        tls: &rustls::ClientConfig,
        resolver: Resolver,
    ) -> Result<reqwest::ClientBuilder, HttpClientError> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(options.connect_timeout)
            .user_agent(&options.user_agent)
            // Retrying is for those who know whether a request may be repeated.
            .retry(reqwest::retry::never())
            .dns_resolver(resolver)
            // Clones share what the first connection reads and learns: certificates, and sessions to resume.
            .tls_backend_preconfigured(tls.clone());
        if !has_system_proxy(options) {
            builder = builder.no_proxy();
        }
        for rule in options.proxies.rules()? {
            builder = builder.proxy(rule);
        }
        Ok(builder)
    }

    /// The reqwest client behind it. What it sends is in no journal. Errors of its requests are put into words by [`TransportError::new`].
    pub fn reqwest(&self) -> &reqwest::Client {
        &self.anywhere.inner
    }

    /// The same without [`HttpOptions::identity`], for servers that the user has not named, such as those to which a download is redirected.
    pub fn unidentified(&self) -> &reqwest::Client {
        &self.private_too.inner
    }

    /// The same without [`HttpOptions::idle_timeout`], for those who time their requests themselves. reqwest counts the time
    /// until an answer begins from when the request starts, its body included, so it would cut every upload that takes longer.
    pub fn unhurried(&self) -> &reqwest::Client {
        &self.anywhere.unhurried
    }

    /// The pool for requests of this reach, with or without [`HttpOptions::idle_timeout`].
    ///
    /// # Errors
    /// When the name that a proxy would look up is not at a public address, though it has to be, or can't be found.
    pub(crate) async fn pool(
        &self,
        reach: Reach,
        url: &Url,
        unhurried: bool,
    ) -> Result<&reqwest::Client, TransportError> {
        let pools = match reach {
            Reach::Anywhere => &self.anywhere,
            Reach::PrivateToo => &self.private_too,
            Reach::PublicOnly => &self.public_only,
        };
        if let (Reach::PublicOnly, Some(judge), Some(name)) = (reach, &self.judge, url.domain()) {
            let judged = judge.judge(name).await;
            judged.map_err(|error| TransportError::not_connected(url, error))?;
        }
        Ok(if unhurried {
            &pools.unhurried
        } else {
            &pools.inner
        })
    }
}

/// Whether the proxies are those of the system's settings.
fn has_system_proxy(options: &HttpOptions) -> bool {
    let has_settings = cfg!(any(windows, target_os = "macos"));
    options.system_proxy && has_settings && options.proxies.is_empty()
}

/// Whether RFC 6761 reserves this host name for the loopback addresses.
pub(crate) fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let last = name.rsplit('.').next().unwrap_or(name);
    last.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_and_its_children_are_loopback() {
        for name in [
            "localhost",
            "LOCALHOST",
            "localhost.",
            "app.localhost",
            "a.b.LocalHost.",
        ] {
            assert!(is_localhost(name), "{name}");
        }
        for name in [
            "localhost.example.com",
            "notlocalhost",
            "example.com",
            "",
            ".",
        ] {
            assert!(!is_localhost(name), "{name}");
        }
    }

    #[tokio::test]
    async fn names_below_localhost_need_no_dns() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut seen = vec![0; 4096];
            let n = socket.read(&mut seen).await.unwrap();
            socket
                .write_all(
                    b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n",
                )
                .await
                .unwrap();
            String::from_utf8_lossy(&seen[..n]).into_owned()
        });
        let client = direct();
        let url = format!("http://some.app.localhost:{port}/");
        let answer = client.reqwest().get(url).send().await.unwrap();
        assert_eq!(answer.status(), 302, "redirects are handed back");
        let request = server.await.unwrap().to_ascii_lowercase();
        assert!(
            request.contains(&format!("host: some.app.localhost:{port}")),
            "{request}"
        );
    }

    /// Without its judge the client would leave the name to the proxy, which finds servers within the user's network.
    #[tokio::test]
    async fn names_are_judged_before_a_proxy_hears_of_them() {
        let options = HttpOptions {
            proxies: Proxies {
                http: Some(crate::Secret::new("http://proxy.test:3128")),
                ..Proxies::default()
            },
            ..HttpOptions::default()
        };
        let mut client = HttpClient::new(&options).unwrap();
        let url: Url = "http://inner.test/".parse().unwrap();
        for (reach, address, refused) in [
            (Reach::PublicOnly, "10.0.0.1", true),
            (Reach::PublicOnly, "1.1.1.1", false),
            (Reach::PrivateToo, "10.0.0.1", false),
            (Reach::Anywhere, "10.0.0.1", false),
        ] {
            let judge = client.judge.take();
            client.judge = judge
                .map(|_| Resolver::fixed(Reach::PublicOnly, Arc::from([]), move || vec![address]));
            let error = client.pool(reach, &url, false).await.err();
            let found = error.and_then(|error| error.not_public());
            assert_eq!(
                found,
                refused.then(|| address.parse().unwrap()),
                "{reach:?} {address}"
            );
        }
    }

    #[tokio::test]
    async fn a_closed_port_is_a_refused_connection() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let url = format!("http://user:hidden@127.0.0.1:{port}/path?token=hidden");
        let error = direct().reqwest().get(&url).send().await.unwrap_err();
        let error = TransportError::new(error);
        assert_eq!(error.kind(), TransportErrorKind::Refused);
        assert_eq!(
            error.to_string(),
            format!("can't reach http://127.0.0.1:{port}: connection refused")
        );
        assert!(!format!("{error:?}").contains("hidden"), "{error:?}");
    }

    #[tokio::test]
    async fn an_unknown_name_is_told_apart() {
        let error = direct()
            .reqwest()
            .get("http://nowhere.invalid/")
            .send()
            .await
            .unwrap_err();
        let error = TransportError::new(error);
        assert_eq!(error.kind(), TransportErrorKind::NameNotFound, "{error:?}");
        assert!(
            error
                .to_string()
                .starts_with("can't reach http://nowhere.invalid: "),
            "{error}"
        );
    }

    #[tokio::test]
    async fn plain_http_behind_https_is_a_tls_failure() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            use tokio::io::AsyncWriteExt;
            let (mut socket, _) = listener.accept().await.unwrap();
            socket
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .await
                .unwrap();
        });
        let url = format!("https://127.0.0.1:{port}/");
        let error = TransportError::new(direct().reqwest().get(url).send().await.unwrap_err());
        assert_eq!(error.kind(), TransportErrorKind::Tls, "{error:?}");
    }

    #[test]
    fn certificates_that_are_none_are_refused() {
        use HttpClientError as E;
        let refusal = |pem: &str| {
            let options = HttpOptions {
                extra_certificates: Some(pem.as_bytes().to_vec()),
                ..HttpOptions::default()
            };
            HttpClient::new(&options).unwrap_err()
        };
        assert!(matches!(refusal(""), E::NoCertificates));
        assert!(matches!(refusal("hello"), E::NoCertificates));
        let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
        let error = refusal(&format!("{begin}\nAAAA\n{end}\n"));
        assert!(matches!(error, E::Certificates(_)), "{error:?}");
        let error = refusal(&format!("{begin}\nAAAA\n"));
        assert!(matches!(error, E::Pem(_)), "{error:?}");
    }

    fn direct() -> HttpClient {
        HttpClient::new(&HttpOptions::default()).unwrap()
    }
}
