//! Finds the addresses of names, and refuses those where a request must not go.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_public;
use super::error::LookupError;
use super::is_localhost;
use crate::grant::Reach;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A server is not at a public address, though it has to be.
#[derive(Debug, Clone)]
pub(crate) struct NotPublic(pub(crate) IpAddr);

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it is at the private address {}", self.0)
    }
}

impl std::error::Error for NotPublic {}

/// Answers for `localhost` itself and asks the operating system for everything else. The connection goes to the very addresses that were
/// judged here, so a name that changes its mind in between (DNS rebinding) gains nothing.
#[derive(Clone)]
pub(super) struct Resolver {
    reach: Reach,
    /// Hosts of the user's proxies, which may be anywhere.
    proxies: Arc<[String]>,
    lookup: Lookup,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver")
            .field("reach", &self.reach)
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
enum Lookup {
    System,
    #[cfg(test)]
    Fixed(Arc<dyn Fn() -> Vec<IpAddr> + Send + Sync>),
}

impl Resolver {
    pub(super) fn new(reach: Reach, proxies: Arc<[String]>) -> Self {
        Self {
            reach,
            proxies,
            lookup: Lookup::System,
        }
    }

    /// Finds these addresses for every name.
    #[cfg(test)]
    pub(super) fn fixed(
        reach: Reach,
        proxies: Arc<[String]>,
        answer: impl Fn() -> Vec<&'static str> + Send + Sync + 'static,
    ) -> Self {
        let answer = move || answer().iter().map(|text| text.parse().unwrap()).collect();
        Self {
            lookup: Lookup::Fixed(Arc::new(answer)),
            ..Self::new(reach, proxies)
        }
    }

    /// The addresses of a name: none, if any of them is where the request must not go.
    async fn find(self, name: String) -> Result<Vec<IpAddr>, BoxError> {
        let found = match &self.lookup {
            _ if is_localhost(&name) => vec![
                IpAddr::V4(Ipv4Addr::LOCALHOST),
                IpAddr::V6(Ipv6Addr::LOCALHOST),
            ],
            Lookup::System => tokio::net::lookup_host((name.as_str(), 0))
                .await
                .map_err(|error| LookupError(Arc::new(error)))?
                .map(|address| address.ip())
                .collect(),
            #[cfg(test)]
            Lookup::Fixed(answer) => answer(),
        };
        let exempt = self.reach != Reach::PublicOnly || self.proxies.contains(&name);
        match found
            .iter()
            .find(|address| !exempt && !is_public(**address))
        {
            Some(private) => Err(NotPublic(*private).into()),
            None => Ok(found),
        }
    }

    /// Judges a name that a proxy will look up again. What this machine can't find is refused: nobody knows where it leads.
    pub(super) async fn judge(&self, name: &str) -> Result<(), BoxError> {
        let all = Self {
            proxies: Arc::from([]),
            ..self.clone()
        };
        all.find(name.to_owned()).await.map(|_| ())
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.clone().find(name.as_str().to_owned());
        Box::pin(async move {
            let found = found.await?.into_iter();
            Ok(Box::new(found.map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn resolver(
        reach: Reach,
        answer: impl Fn() -> Vec<&'static str> + Send + Sync + 'static,
    ) -> Resolver {
        Resolver::fixed(reach, Arc::from(["proxy.test".to_owned()]), answer)
    }

    async fn refused(resolver: &Resolver, name: &str) -> bool {
        let found = resolver.clone().find(name.to_owned()).await;
        found.is_err_and(|error| error.is::<NotPublic>())
    }

    #[tokio::test]
    async fn one_private_address_is_enough_to_refuse() {
        let mixed = resolver(Reach::PublicOnly, || vec!["1.1.1.1", "10.0.0.1"]);
        assert!(refused(&mixed, "a.test").await);
        assert!(refused(&mixed, "localhost").await);
        assert!(refused(&mixed, "x.localhost").await);
        assert!(!refused(&mixed, "proxy.test").await);
        assert!(
            mixed.judge("proxy.test").await.is_err(),
            "a target can't declare the user's proxy"
        );
        let public = resolver(Reach::PublicOnly, || vec!["1.1.1.1", "2606:4700::1111"]);
        assert!(!refused(&public, "a.test").await);
        for reach in [Reach::PrivateToo, Reach::Anywhere] {
            let private = resolver(reach, || vec!["127.0.0.1"]);
            assert!(!refused(&private, "a.test").await, "{reach:?}");
        }
    }

    /// A name that is public when it is looked at and private when it is connected to: each connection looks for itself.
    #[tokio::test]
    async fn rebinding_reaches_nobody() {
        let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = server.local_addr().unwrap().port();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let rebinding = resolver(Reach::PublicOnly, move || {
            match count.fetch_add(1, Ordering::Relaxed) {
                0 => vec!["1.1.1.1"],
                _ => vec!["127.0.0.1"],
            }
        });
        assert!(rebinding.judge("rebind.test").await.is_ok());
        let client = reqwest::Client::builder()
            .no_proxy()
            .dns_resolver(rebinding)
            .tls_danger_accept_invalid_certs(true);
        crate::client::HttpClient::new(&Default::default()).unwrap();
        let client = client.build().unwrap();
        let error = client
            .get(format!("http://rebind.test:{port}/"))
            .send()
            .await
            .unwrap_err();
        let error = crate::TransportError::new(error);
        assert_eq!(error.reason(), "it is at the private address 127.0.0.1");
        assert!(error.never_sent());
        assert_eq!(error.not_public(), Some("127.0.0.1".parse().unwrap()));
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }
}
