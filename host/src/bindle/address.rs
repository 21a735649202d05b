//! Where a Bindle server is, and how a bindle is named in its URLs.

use std::fmt;
use std::str::FromStr;

use bowline_app::BindleId;
use bowline_app::Digest;
use url::Url;

/// Address of a Bindle server: an `http` or `https` URL.
///
/// The reference server mounts its interface under `/v1`, so users write
/// `https://bindle.example.com/v1`. The forms without `/v1` and with a trailing
/// slash are taken too: an address whose path does not end in `/v1` is probed
/// once, before the first request, by asking for its index below `/v1`; when
/// that route does not exist, the address is used as it was written (a proxy
/// may mount the interface elsewhere).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    // Without trailing slash, user name, password, query and fragment.
    base: String,
    origin: String,
    health: Url,
}

/// Why an address of a Bindle server was not accepted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// It is no URL at all.
    #[error("the bindle server address is not a URL: write it as http://host:port/v1")]
    NotUrl(#[source] url::ParseError),
    /// Its scheme is neither `http` nor `https`.
    #[error("the bindle server address has the scheme `{scheme}`: only http and https can be used")]
    Scheme {
        /// The scheme found.
        scheme: String,
    },
    /// It carries a user name or a password. Neither is repeated here.
    #[error(
        "the bindle server address contains a user name or password: give them as bindle user name and bindle password"
    )]
    Credentials,
    /// It has a query (`?`) or fragment (`#`), which nothing would read.
    #[error("the bindle server address has a `?` or `#` part: leave that out")]
    Suffix,
}

impl ServerAddress {
    /// Scheme, host and port, as in `https://bindle.example.com`: what the
    /// credentials belong to, and what messages show.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Where the reference server tells its version, outside of `/v1`.
    pub(super) fn health(&self) -> &Url {
        &self.health
    }

    /// The roots the interface may have, likeliest first.
    pub(super) fn roots(&self) -> Vec<Root> {
        let given = Root(self.base.clone());
        if self.base.ends_with("/v1") {
            vec![given]
        } else {
            vec![Root(format!("{}/v1", self.base)), given]
        }
    }
}

impl FromStr for ServerAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let url = Url::parse(text.trim()).map_err(AddressError::NotUrl)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(AddressError::Scheme {
                scheme: url.scheme().to_owned(),
            });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(AddressError::Suffix);
        }
        let base = url.as_str().trim_end_matches('/').to_owned();
        let above = base.strip_suffix("/v1").unwrap_or(&base);
        let health = Url::parse(&format!("{above}/healthz")).map_err(AddressError::NotUrl)?;
        Ok(Self {
            origin: url.origin().ascii_serialization(),
            base,
            health,
        })
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

/// The URL below which `_i`, `_q` and `_r` are found; no trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Root(String);

impl Root {
    /// `POST` here creates an invoice.
    pub(super) fn invoices(&self) -> String {
        format!("{}/_i", self.0)
    }

    /// The invoice of a bindle. The server does not decode percent signs, so
    /// the `+` of build metadata stands in the path as it is.
    pub(super) fn invoice(&self, id: &BindleId) -> String {
        format!("{}/_i/{id}", self.0)
    }

    /// One parcel of a bindle.
    pub(super) fn parcel(&self, id: &BindleId, digest: &Digest) -> String {
        format!("{}/_i/{id}@{digest}", self.0)
    }

    /// The parcels of a bindle that the server does not hold.
    pub(super) fn missing(&self, id: &BindleId) -> String {
        format!("{}/_r/missing/{id}", self.0)
    }

    /// One page of the index: bindles whose name contains `name`.
    pub(super) fn query(&self, name: &str, offset: u64, limit: u8) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("q", name)
            .append_pair("strict", "true")
            .append_pair("o", &offset.to_string())
            .append_pair("l", &limit.to_string());
        format!("{}/_q?{}", self.0, query.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> ServerAddress {
        text.parse().unwrap()
    }

    #[test]
    fn versioned_address_is_used_as_written() {
        for text in ["http://h:1/v1", "http://h:1/v1/", " http://h:1/v1// "] {
            let address = address(text);
            assert_eq!(address.roots(), [Root("http://h:1/v1".into())], "{text}");
            assert_eq!(address.health().as_str(), "http://h:1/healthz");
        }
    }

    #[test]
    fn other_address_is_tried_below_v1_first() {
        let address = address("https://h/sub/");
        assert_eq!(
            address.roots(),
            [
                Root("https://h/sub/v1".into()),
                Root("https://h/sub".into())
            ]
        );
        assert_eq!(address.health().as_str(), "https://h/sub/healthz");
        assert_eq!(address.origin(), "https://h");
    }

    #[test]
    fn unusable_addresses_are_refused() {
        let parse = |text: &str| text.parse::<ServerAddress>().unwrap_err();
        assert!(matches!(parse("localhost"), AddressError::NotUrl(_)));
        assert!(matches!(parse("ftp://h/v1"), AddressError::Scheme { .. }));
        assert!(matches!(
            parse("localhost:8080/v1"),
            AddressError::Scheme { .. }
        ));
        assert_eq!(parse("http://me:secret@h/v1"), AddressError::Credentials);
        assert!(
            !parse("http://me:secret@h/v1")
                .to_string()
                .contains("secret")
        );
        assert_eq!(parse("http://h/v1?x=1"), AddressError::Suffix);
    }

    #[test]
    fn build_metadata_stays_raw_in_paths_and_is_encoded_in_queries() {
        let root = Root("http://h/v1".into());
        let id: BindleId = "shop/front/1.0.0+q1a".parse().unwrap();
        let url = Url::parse(&root.invoice(&id)).unwrap();
        assert_eq!(url.as_str(), "http://h/v1/_i/shop/front/1.0.0+q1a");
        assert_eq!(
            root.query("a b+c", 40, 20),
            "http://h/v1/_q?q=a+b%2Bc&strict=true&o=40&l=20"
        );
    }
}
