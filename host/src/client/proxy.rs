//! The proxies that requests go through.

use url::Url;

use super::HttpClientError;
use crate::secrets::Secret;

/// What is never asked of a proxy: it would take these addresses for its own machine.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// Which requests go through which proxy. `localhost`, names below it and loopback addresses are always asked directly.
///
/// An address is that of an HTTP proxy (`http://`, the default, or `https://`) or a SOCKS proxy (`socks4://`, `socks4a://`,
/// `socks5://`, `socks5h://`), and may hold a user name and a password, percent-encoded. Requests to `https` origins go through a tunnel:
/// the proxy learns host and port and nothing else. It sees requests to `http` origins in full.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Proxies {
    /// Address of the proxy for requests to `http` origins.
    pub http: Option<Secret>,
    /// Address of the proxy for requests to `https` origins.
    pub https: Option<Secret>,
    /// Hosts that are asked directly, separated by commas: names, which stand for those below them too, addresses, networks
    /// such as `10.0.0.0/8`, or `*` for all.
    pub bypass: Option<String>,
}

impl Proxies {
    /// Whether no request goes through any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.http.is_none() && self.https.is_none()
    }

    /// All hosts that are asked directly: [`Proxies::bypass`], and the loopback addresses.
    #[must_use]
    pub fn bypassed(&self) -> String {
        match &self.bypass {
            Some(hosts) => format!("{LOOPBACK},{hosts}"),
            None => LOOPBACK.to_owned(),
        }
    }

    /// Names of the proxies' own hosts.
    pub(super) fn hosts(&self) -> Vec<String> {
        let addresses = [&self.http, &self.https].into_iter().flatten();
        addresses
            .filter_map(|address| parse(address.expose()).ok())
            .filter_map(|url| url.host_str().map(str::to_owned))
            .collect()
    }

    pub(super) fn rules(&self) -> Result<Vec<reqwest::Proxy>, HttpClientError> {
        let bypass = self.bypassed();
        let mut rules = Vec::new();
        for (scheme, address) in [("http", &self.http), ("https", &self.https)] {
            let Some(address) = address else { continue };
            let refused = |reason| HttpClientError::Proxy { scheme, reason };
            let url = parse(address.expose()).map_err(refused)?;
            let rule = match scheme {
                "http" => reqwest::Proxy::http(url),
                _ => reqwest::Proxy::https(url),
            };
            // What reqwest says could repeat the address, and the password in it.
            let rule = rule.map_err(|_| refused("it is not a URL"))?;
            rules.push(rule.no_proxy(reqwest::NoProxy::from_string(&bypass)));
        }
        Ok(rules)
    }
}

/// reqwest passes over proxies that it can't use, and asks directly.
fn parse(address: &str) -> Result<Url, &'static str> {
    let address = address.trim();
    let url = if address.contains("://") {
        Url::parse(address)
    } else {
        Url::parse(&format!("http://{address}"))
    };
    let url = url.map_err(|_| "it is not a URL")?;
    match url.scheme() {
        "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h" => {}
        _ => return Err("it is neither an HTTP nor a SOCKS proxy"),
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("it has no host");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_proxies() {
        for (address, expected) in [
            ("proxy.test:3128", "http://proxy.test:3128/"),
            ("http://proxy.test", "http://proxy.test/"),
            (
                "https://me:p%40ss@proxy.test",
                "https://me:p%40ss@proxy.test/",
            ),
            (" socks5h://10.0.0.1:1080 ", "socks5h://10.0.0.1:1080"),
            ("[::1]:3128", "http://[::1]:3128/"),
        ] {
            assert_eq!(parse(address).unwrap().as_str(), expected);
        }
        for address in [
            "",
            "http://",
            "ftp://proxy.test",
            "http://pr oxy",
            "socks5://",
            "file:///x",
        ] {
            parse(address).unwrap_err();
        }
    }

    #[test]
    fn passwords_stay_out_of_messages() {
        let proxies = Proxies {
            https: Some(Secret::new("ftp://me:canary@proxy.test")),
            ..Proxies::default()
        };
        assert!(!format!("{proxies:?}").contains("canary"));
        let error = proxies.rules().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the proxy for https requests can't be used: it is neither an HTTP nor a SOCKS proxy"
        );
        assert!(!format!("{error:?}").contains("canary"));
    }
}
