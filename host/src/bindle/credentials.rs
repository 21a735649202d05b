//! User name and password for a Bindle server.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::RequestBuilder;
use zeroize::Zeroizing;

use crate::secrets::redact::{Pattern, Patterns};

/// User name and password of a Bindle server (HTTP Basic, RFC 7617). Sent to
/// the server's own origin only. The password is wiped from memory when the
/// value is dropped and is never shown by `Debug`.
#[derive(Clone)]
pub struct Credentials {
    username: String,
    password: Zeroizing<String>,
}

/// Why a user name or password cannot be sent. Neither is repeated here.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialsError {
    /// HTTP Basic separates the two with the first colon.
    #[error("the bindle user name contains a colon, which HTTP Basic authentication cannot carry")]
    Colon,
    /// RFC 7617 forbids control characters in both.
    #[error("the bindle user name or password contains a control character")]
    Control,
}

impl Credentials {
    /// Takes a user name without colon and a password, both without control characters.
    ///
    /// # Errors
    /// [`CredentialsError`] when the protocol cannot carry them.
    pub fn new(username: String, password: String) -> Result<Self, CredentialsError> {
        let password = Zeroizing::new(password);
        if username.contains(':') {
            return Err(CredentialsError::Colon);
        }
        if username
            .chars()
            .chain(password.chars())
            .any(char::is_control)
        {
            return Err(CredentialsError::Control);
        }
        Ok(Self { username, password })
    }

    /// What must not be shown of an answer: the password, and the whole as it was sent.
    pub(super) fn patterns(&self) -> Patterns {
        let pair = Zeroizing::new(format!("{}:{}", self.username, self.password.as_str()));
        let sent = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
        [self.password.as_str(), sent.as_str()]
            .into_iter()
            .filter_map(Pattern::new)
            .map(Arc::new)
            .collect()
    }

    /// Adds the credentials to a request; the header is marked sensitive, so
    /// that it is neither shown nor put into compression tables.
    pub(super) fn add_to(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(&self.username, Some(self.password.as_str()))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .field("password", &"<redacted>")
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_is_never_shown() {
        let credentials = Credentials::new("ann".into(), "s3:cret".into()).unwrap();
        let shown = format!("{credentials:?}");
        assert!(shown.contains("ann") && !shown.contains("s3"), "{shown}");
    }

    #[test]
    fn what_basic_cannot_carry_is_refused() {
        let new = |u: &str, p: &str| Credentials::new(u.into(), p.into()).map(|_| ());
        assert_eq!(new("a:b", "c"), Err(CredentialsError::Colon));
        assert_eq!(new("a", "b\r\nc"), Err(CredentialsError::Control));
    }
}
