//! Which proxies the variables name.

use bowline_host::{Proxies, Secret};

use crate::error::Error;
use crate::exit::Exit;
use crate::variables::Variables;

/// Variables that say which proxies to use. Of two names for one thing the first beats the second.
pub const PROXY_VARIABLES: &[&str] = &[
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// Web servers hand the `Proxy` header of a request to CGI programs as `HTTP_PROXY`, and set this one too.
const CGI: &str = "REQUEST_METHOD";

/// What the variables say of proxies: the name of the variable, and its value.
pub(super) struct Found<'a> {
    pub(super) http: Option<(&'static str, &'a str)>,
    pub(super) https: Option<(&'static str, &'a str)>,
    bypass: Option<(&'static str, &'a str)>,
}

impl<'a> Found<'a> {
    pub(super) fn among(variables: &'a Variables) -> Result<Self, Error> {
        let first = |names: &[&'static str]| {
            let mut set = names
                .iter()
                .filter(|name| **name != "HTTP_PROXY" || variables.os(CGI).is_none())
                .filter_map(|name| Some((*name, variables.os(name)?)));
            match set.next() {
                None => Ok(None),
                Some((name, value)) => match value.to_str() {
                    Some(text) => Ok(Some((name, text))),
                    None => Err(Error::new(
                        Exit::Usage,
                        format!("the variable {name} is not readable as text"),
                    )),
                },
            }
        };
        let all = first(&["ALL_PROXY", "all_proxy"])?;
        Ok(Self {
            http: first(&["HTTP_PROXY", "http_proxy"])?.or(all),
            https: first(&["HTTPS_PROXY", "https_proxy"])?.or(all),
            bypass: first(&["NO_PROXY", "no_proxy"])?,
        })
    }

    pub(super) fn proxies(&self) -> Proxies {
        let mut proxies = Proxies::default();
        proxies.http = self.http.map(|(_, address)| Secret::new(address));
        proxies.https = self.https.map(|(_, address)| Secret::new(address));
        proxies.bypass = self.bypass.map(|(_, hosts)| hosts.to_owned());
        proxies
    }

    pub(super) fn variable(&self, scheme: &str) -> &'static str {
        let found = if scheme == "http" {
            self.http
        } else {
            self.https
        };
        found.map_or("ALL_PROXY", |(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pairs: &[(&str, &str)]) -> [Option<String>; 3] {
        let variables = Variables::from_pairs(pairs.iter().copied());
        let proxies = Found::among(&variables).unwrap().proxies();
        let text = |secret: Option<Secret>| secret.map(|secret| secret.expose().to_owned());
        [text(proxies.http), text(proxies.https), proxies.bypass]
    }

    #[test]
    fn which_proxy_is_taken() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(found(&[]), [None, None, None]);
        assert_eq!(
            found(&[("http_proxy", "h"), ("HTTPS_PROXY", "s"), ("no_proxy", "n")]),
            [some("h"), some("s"), some("n")]
        );
        assert_eq!(
            found(&[("ALL_PROXY", "a"), ("https_proxy", "s")]),
            [some("a"), some("s"), None]
        );
        assert_eq!(
            found(&[("HTTPS_PROXY", "upper"), ("https_proxy", "lower")]),
            [None, some("upper"), None]
        );
        assert_eq!(
            found(&[("HTTPS_PROXY", ""), ("https_proxy", "lower")]),
            [None, some("lower"), None]
        );
        assert_eq!(
            found(&[("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "of the request")]),
            [None, None, None]
        );
    }
}
