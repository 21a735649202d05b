//! Scheme, host and port: what the web calls an origin.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The origin of `http` and `https` URLs in canonical form. Two spellings of one origin are equal: host names are lower-case ASCII
/// (names in other scripts in their `xn--` form) without a final dot, IP addresses have one form only, and the port is always there.
/// Serialised as its text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin {
    https: bool,
    host: String,
    port: u16,
}

/// Why a text or URL names no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OriginError {
    /// It is no absolute URL at all.
    #[error("it is not an absolute URL ({0})")]
    Syntax(#[from] url::ParseError),
    /// Neither `http` nor `https`.
    #[error("its scheme is '{0}', and only 'http' and 'https' can be used")]
    Scheme(String),
    /// It has a user name or password before the host.
    #[error("it holds a user name or password, which has to be given in a setting of its own")]
    Credentials,
    /// The host is empty or only a dot.
    #[error("it has no host")]
    NoHost,
    /// It goes on after the port, where an origin ends.
    #[error("an origin is scheme, host and port only, without path, query and fragment")]
    NotOnlyOrigin,
}

impl Origin {
    /// The origin of a URL, whatever its path, query and fragment are.
    ///
    /// # Errors
    /// Every [`OriginError`] but [`OriginError::Syntax`] and [`OriginError::NotOnlyOrigin`].
    pub fn of(url: &Url) -> Result<Self, OriginError> {
        let (https, default_port) = match url.scheme() {
            "http" => (false, 80),
            "https" => (true, 443),
            other => return Err(OriginError::Scheme(other.to_owned())),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OriginError::Credentials);
        }
        let host = match url.host().ok_or(OriginError::NoHost)? {
            // A name with a final dot is the same name; with the dot left in, it would not match its own grant.
            Host::Domain(name) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                if name.is_empty() || name.ends_with('.') {
                    return Err(OriginError::NoHost);
                }
                name.to_owned()
            }
            // As the URL has written it, IPv6 in brackets.
            Host::Ipv4(_) | Host::Ipv6(_) => url.host_str().unwrap_or_default().to_owned(),
        };
        Ok(Self {
            https,
            host,
            port: url.port().unwrap_or(default_port),
        })
    }

    /// The origin of an absolute URL in text form.
    ///
    /// # Errors
    /// Every [`OriginError`] but [`OriginError::NotOnlyOrigin`].
    pub fn of_text(text: &str) -> Result<Self, OriginError> {
        Self::of(&Url::parse(text.trim())?)
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    /// Host name or IP address; IPv6 addresses stand in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, also where it is the scheme's own.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address, where the host is one and not a name.
    pub fn address(&self) -> Option<IpAddr> {
        let bare = self
            .host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        bare.unwrap_or(&self.host).parse().ok()
    }
}

impl TryFrom<String> for Origin {
    type Error = OriginError;

    fn try_from(text: String) -> Result<Self, OriginError> {
        text.parse()
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.to_string()
    }
}

/// Reads an origin and nothing else: a path other than `/`, a query or a fragment is an error.
impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let url = Url::parse(text)?;
        let origin = Self::of(&url)?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(OriginError::NotOnlyOrigin);
        }
        Ok(origin)
    }
}

/// `https://example.com`, with the port only where it isn't the scheme's own.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { https, host, port } = self;
        write!(f, "{}://{host}", self.scheme())?;
        match (https, port) {
            (true, 443) | (false, 80) => Ok(()),
            _ => write!(f, ":{port}"),
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({self})")
    }
}
