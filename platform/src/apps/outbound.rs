//! Which hosts a component may send requests to: the `allowed_outbound_hosts` of its manifest.
//!
//! Pure policy: no network in it. Each entry is `scheme://host[:port]`, where the scheme may be
//! `*`, the host `*`, `*.example.com` or `self`, and the port `*` or a range `8000..9000` that
//! leaves out its end, as in Spin. Without a port the scheme's own is meant. Entries of other
//! schemes than HTTP's (databases, say) are valid and allow no HTTP request.

use url::Url;

/// The hosts that a component may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outbound {
    rules: Vec<Rule>,
}

/// Where a request that is allowed goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// To the host that its URL names.
    Elsewhere,
    /// Back to the application itself.
    Itself,
}

/// An entry of `allowed_outbound_hosts` that says nothing sensible.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the allowed outbound host '{entry}' {fault}")]
pub struct OutboundError {
    entry: String,
    fault: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    /// Nothing stands for any.
    scheme: Option<String>,
    host: Host,
    ports: Ports,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Any,
    Itself,
    /// With the dot in front.
    Below(String),
    Exactly(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Ports {
    Any,
    /// The scheme's own, for each scheme that the rule allows.
    Usual,
    Range(std::ops::Range<u32>),
}

impl Outbound {
    /// Reads the entries of a manifest.
    ///
    /// # Errors
    /// The first entry that is none.
    pub fn parse<S: AsRef<str>>(entries: &[S]) -> Result<Self, OutboundError> {
        let rules = entries
            .iter()
            .map(|entry| {
                Rule::parse(entry.as_ref().trim()).map_err(|fault| OutboundError {
                    entry: entry.as_ref().to_owned(),
                    fault,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { rules })
    }

    /// Whether a request to `url` is allowed, and where it goes to. It takes the URL as the client
    /// that sends the request reads it, so that both mean the same host.
    pub fn allows(&self, url: &Url) -> Option<Destination> {
        let scheme = url.scheme();
        let host = url
            .host_str()?
            .trim_matches(['[', ']'])
            .trim_end_matches('.');
        // Spin's two names for the application itself; `self.alt` is for clients that want a dot in
        // a host.
        if host == "self" || host == "self.alt" {
            return self
                .rules
                .iter()
                .any(|rule| {
                    rule.allows_scheme(scheme) && matches!(rule.host, Host::Itself | Host::Any)
                })
                .then_some(Destination::Itself);
        }
        let port = url.port_or_known_default()?;
        self.rules
            .iter()
            .any(|rule| rule.allows(scheme, host, port))
            .then_some(Destination::Elsewhere)
    }
}

impl Rule {
    fn parse(entry: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = entry
            .split_once("://")
            .ok_or("has no scheme: write 'https://example.com', or '*://*:*' for everything")?;
        if entry.contains(['{', '}']) {
            return Err("has a variable in it, which this platform can't resolve");
        }
        let scheme = match scheme {
            "*" => None,
            scheme
                if !scheme.is_empty()
                    && scheme
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) =>
            {
                Some(scheme.to_ascii_lowercase())
            }
            _ => return Err("has a scheme that is none"),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#', '@']) {
            return Err("has more in it than scheme, host and port");
        }
        // An IPv6 address has colons of its own, so it stands in brackets.
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (rest, None),
        };
        Ok(Self {
            ports: Ports::parse(port, scheme.as_deref())?,
            scheme,
            host: Host::parse(host)?,
        })
    }

    fn allows(&self, scheme: &str, host: &str, port: u16) -> bool {
        let host_allowed = match &self.host {
            Host::Any => true,
            Host::Itself => false,
            Host::Below(domain) => host.ends_with(domain.as_str()),
            Host::Exactly(exactly) => host == exactly,
        };
        let port_allowed = match &self.ports {
            Ports::Any => true,
            Ports::Usual => usual_port(scheme) == Some(port),
            Ports::Range(range) => range.contains(&u32::from(port)),
        };
        host_allowed && port_allowed && self.allows_scheme(scheme)
    }

    fn allows_scheme(&self, scheme: &str) -> bool {
        self.scheme
            .as_deref()
            .is_none_or(|allowed| allowed.eq_ignore_ascii_case(scheme))
    }
}

impl Host {
    fn parse(host: &str) -> Result<Self, &'static str> {
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        match host.as_str() {
            "" => Err("has no host"),
            "*" => Ok(Self::Any),
            "self" | "self.alt" => Ok(Self::Itself),
            host => match host.strip_prefix('*') {
                Some(domain)
                    if domain.len() > 1 && domain.starts_with('.') && !domain.contains('*') =>
                {
                    Ok(Self::Below(domain.to_owned()))
                }
                None if !host.contains('*') => Ok(Self::Exactly(host.to_owned())),
                _ => Err("has a '*' that isn't the whole host or its first label"),
            },
        }
    }
}

impl Ports {
    fn parse(port: Option<&str>, scheme: Option<&str>) -> Result<Self, &'static str> {
        const FAULT: &str = "has a port that is neither a number, a range like 8000..9000, nor '*'";
        let number = |text: &str| text.parse::<u16>().map(u32::from).map_err(|_| FAULT);
        match port {
            None => match scheme {
                Some(scheme) if usual_port(scheme).is_none() => {
                    Err("needs a port, because its scheme has none of its own")
                }
                _ => Ok(Self::Usual),
            },
            Some("*") => Ok(Self::Any),
            Some(port) => match port.split_once("..") {
                Some((start, end)) => Ok(Self::Range(number(start)?..number(end)?)),
                None => number(port).map(|port| Self::Range(port..port + 1)),
            },
        }
    }
}

/// The port of a scheme, for those that a manifest may name without one.
fn usual_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        "redis" => Some(6379),
        "mysql" => Some(3306),
        "postgres" => Some(5432),
        "mqtt" => Some(1883),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(entries: &[&str], url: &str) -> Option<Destination> {
        Outbound::parse(entries)
            .unwrap()
            .allows(&Url::parse(url).ok()?)
    }

    #[test]
    fn nothing_is_allowed_without_entries() {
        assert_eq!(allows(&[], "http://example.com/"), None);
        assert_eq!(allows(&[], "http://self/"), None);
    }

    #[test]
    fn each_part_counts() {
        let allowed = Some(Destination::Elsewhere);
        for (entry, url, expected) in [
            ("https://example.com", "https://example.com/x?y", allowed),
            ("https://example.com", "https://EXAMPLE.com./", allowed),
            ("https://example.com/", "https://example.com:443/", allowed),
            ("https://example.com", "http://example.com/", None),
            ("https://example.com", "https://example.com:8443/", None),
            ("https://example.com", "https://evil.com/?example.com", None),
            ("https://example.com", "https://example.com@evil.com/", None),
            ("https://example.com", "https://a.example.com/", None),
            ("https://*.example.com", "https://a.b.example.com/", allowed),
            ("https://*.example.com", "https://example.com/", None),
            ("https://*.example.com", "https://evilexample.com/", None),
            (
                "http://127.0.0.1:8000..8010",
                "http://127.0.0.1:8009/",
                allowed,
            ),
            (
                "http://127.0.0.1:8000..8010",
                "http://127.0.0.1:8010/",
                None,
            ),
            ("http://[::1]:8080", "http://[::1]:8080/", allowed),
            ("http://[::1]", "http://[::1]/", allowed),
            ("*://*:*", "http://anything:1/", allowed),
            ("*://example.com", "https://example.com/", allowed),
            ("*://example.com", "http://example.com:443/", None),
            ("http://*", "http://anything/", allowed),
            ("http://127.0.0.1", "http://0x7f.1/", allowed),
            (
                "http://*.example.com",
                "http://evil.com%2F.example.com/",
                None,
            ),
            ("redis://*:*", "http://anything/", None),
        ] {
            assert_eq!(allows(&[entry], url), expected, "{entry} and {url}");
        }
    }

    #[test]
    fn the_application_itself_is_a_destination_of_its_own() {
        let itself = Some(Destination::Itself);
        assert_eq!(allows(&["http://self"], "http://self/x"), itself);
        assert_eq!(allows(&["http://self"], "http://self.alt/x"), itself);
        assert_eq!(allows(&["*://*:*"], "http://self/x"), itself);
        assert_eq!(allows(&["https://self"], "http://self/x"), None);
        assert_eq!(allows(&["http://example.com"], "http://self/x"), None);
        assert_eq!(allows(&["http://self"], "http://example.com/x"), None);
    }

    #[test]
    fn nonsense_is_refused() {
        for entry in [
            "",
            "*",
            "example.com",
            "https://",
            "https://example.com/path",
            "https://user@example.com",
            "https://a.*.com",
            "https://*.*.com",
            "https://exa*mple.com",
            "https://*.",
            "https://example.com:http",
            "https://example.com:70000",
            "https://{{ host }}",
            "ftp://example.com",
            "ht tp://example.com",
        ] {
            assert!(Outbound::parse(&[entry]).is_err(), "{entry}");
        }
    }
}
