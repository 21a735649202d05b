//! Where the server is, and where its applications answer.

use bowline_target::Failure;
use http::Uri;

use crate::describe::names;

/// Address of a Hippo server, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    scheme: &'static str,
    address: String,
}

impl Base {
    /// Reads the setting `hippo-url`: an http or https URL without user, query and fragment. A path is kept, for servers
    /// behind a proxy that gives them one.
    ///
    /// # Errors
    /// [`Failure::InvalidSetting`], saying what the URL has or lacks.
    pub fn parse(url: &str) -> Result<Self, Failure> {
        let refuse = |reason: &str| Err(Failure::invalid_setting(names::URL, reason));
        let Ok(uri) = url.parse::<Uri>() else {
            return refuse("is no URL");
        };
        let scheme = match uri.scheme_str() {
            Some("http") => "http",
            Some("https") => "https",
            _ => return refuse("has to start with http:// or https://"),
        };
        let Some(authority) = uri.authority() else {
            return refuse("has no host");
        };
        if authority.as_str().contains('@') {
            return refuse("has a user in it: that goes into hippo-username and hippo-password");
        }
        if uri.query().is_some() || url.contains('#') {
            return refuse("has to end with its path");
        }
        let address = format!("{scheme}://{authority}{}", uri.path().trim_end_matches('/'));
        Ok(Self { scheme, address })
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.scheme
    }

    /// The address of a path below it, such as `/api/apps`.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }
}

/// The setting `hippo-app-url`: a URL with `{scheme}`, `{domain}`, `{app}` and `{channel}` in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppUrl(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Scheme,
    Domain,
    App,
    Channel,
}

impl AppUrl {
    /// Reads a template, and tries it.
    ///
    /// # Errors
    /// [`Failure::InvalidSetting`] for an unknown variable, an open brace, or what doesn't become a URL.
    pub fn parse(template: &str) -> Result<Self, Failure> {
        let refuse = |reason: String| Failure::invalid_setting(names::APP_URL, reason);
        let mut pieces = Vec::new();
        let mut rest = template;
        while let Some((text, after)) = rest.split_once('{') {
            let Some((variable, after)) = after.split_once('}') else {
                return Err(refuse("has a '{' without '}'".into()));
            };
            pieces.push(Piece::Text(text.into()));
            pieces.push(match variable {
                "scheme" => Piece::Scheme,
                "domain" => Piece::Domain,
                "app" => Piece::App,
                "channel" => Piece::Channel,
                _ => {
                    return Err(refuse(format!(
                        "has {{{variable}}} in it, and only {{scheme}}, {{domain}}, {{app}} and {{channel}} are known"
                    )));
                }
            });
            rest = after;
        }
        pieces.push(Piece::Text(rest.into()));
        let template = Self(pieces);
        template.fill("http", "a.example", "a", "a")?;
        Ok(template)
    }

    /// Puts values in the place of the variables.
    ///
    /// # Errors
    /// [`Failure::InvalidSetting`] if the result is no http or https URL.
    pub fn fill(
        &self,
        scheme: &str,
        domain: &str,
        app: &str,
        channel: &str,
    ) -> Result<String, Failure> {
        let url: String = self
            .0
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.as_str(),
                Piece::Scheme => scheme,
                Piece::Domain => domain,
                Piece::App => app,
                Piece::Channel => channel,
            })
            .collect();
        let good = url.parse::<Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.authority().is_some_and(|a| !a.host().is_empty())
        });
        if good {
            return Ok(url);
        }
        Err(Failure::invalid_setting(
            names::APP_URL,
            format!("makes '{url}', which is no http or https URL"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused<T: std::fmt::Debug>(result: Result<T, Failure>, setting: &str) {
        assert!(
            matches!(&result, Err(Failure::InvalidSetting(it)) if it.name == setting),
            "{result:?}"
        );
    }

    #[test]
    fn an_address_loses_its_last_slash() {
        let base = Base::parse("http://127.0.0.1:5309/").unwrap();
        assert_eq!(base.join("/api/apps"), "http://127.0.0.1:5309/api/apps");
        assert_eq!(
            Base::parse("https://host/hippo//")
                .unwrap()
                .join("/healthz"),
            "https://host/hippo/healthz"
        );
    }

    #[test]
    fn addresses_of_other_kinds_are_refused() {
        for bad in [
            "",
            "host",
            "ftp://host",
            "http://me@host",
            "http://h?x=1",
            "http://h/#top",
            "http://",
            "/path",
        ] {
            is_refused(Base::parse(bad), "hippo-url");
        }
    }

    #[test]
    fn a_template_is_filled() {
        let url = AppUrl::parse("{scheme}://{domain}:5309").unwrap();
        assert_eq!(
            url.fill("http", "hello.localhost", "hello", "c").unwrap(),
            "http://hello.localhost:5309"
        );
        let url = AppUrl::parse("https://apps.example/{app}/{channel}/").unwrap();
        assert_eq!(
            url.fill("http", "d.io", "hello", "c").unwrap(),
            "https://apps.example/hello/c/"
        );
    }

    #[test]
    fn bad_templates_are_refused_before_anything_is_sent() {
        for bad in [
            "",
            "{domain}",
            "{scheme}://{host}",
            "{scheme",
            "http://{scheme}:{domain}:x",
        ] {
            is_refused(AppUrl::parse(bad), "hippo-app-url");
        }
    }
}
