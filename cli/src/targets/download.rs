//! Gets bytes from web servers: bounded, and hashed as they come.

use std::error::Error as _;

use bowline_app::Digest;
use bowline_host::client::{DownloadError, explanation, without_secrets};
use bowline_host::{HttpClient, Origin, TransportError};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::hex;
use crate::error::Error;
use crate::exit::Exit;

/// What to get.
pub(super) struct Download<'a> {
    /// What it is, for messages: `the target`.
    pub(super) what: &'a str,
    /// Where it is.
    pub(super) url: Url,
    /// The `Accept` header.
    pub(super) accept: Option<&'a str>,
    /// The `Authorization` header. Other origins, to which one is redirected, don't get it.
    pub(super) authorization: Option<&'a str>,
    /// Bytes that it may have.
    pub(super) limit: u64,
    /// How it ends when it has more.
    pub(super) too_large: Error,
    /// What it has to be.
    pub(super) expected: Option<Expected>,
}

/// What content has to be, and who says so.
pub(super) struct Expected {
    pub(super) digest: Digest,
    /// Whose word it is, for messages: `--sha256`.
    pub(super) by: String,
    /// How it ends when it is something else.
    pub(super) otherwise: Exit,
}

/// What came.
pub(super) struct Downloaded {
    pub(super) bytes: Vec<u8>,
    pub(super) digest: Digest,
    /// Value of the header `Docker-Content-Digest`.
    pub(super) claimed: Option<String>,
}

impl Download<'_> {
    /// Gets it. Redirects are followed for a few steps: within one origin, or to an `https` URL, without credentials there.
    ///
    /// # Errors
    /// By the answer's status; when it is too large; when its content is not what was expected.
    pub(super) async fn get(self, http: &HttpClient) -> Result<Downloaded, Error> {
        if let Err(error) = Origin::of(&self.url) {
            let message = format!("{} can't be asked", without_secrets(&self.url));
            return Err(Error::new(Exit::Usage, message).cause(&error));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in [(ACCEPT, self.accept), (AUTHORIZATION, self.authorization)] {
            let Some(value) = value else { continue };
            let mut value = HeaderValue::from_str(value).map_err(|error| {
                Error::new(Exit::Usage, format!("the header {name} can't be sent")).cause(&error)
            })?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let (url, answer) = http.download(&self.url, &headers).await.map_err(failed)?;
        match answer.status().as_u16() {
            200 => self.read(answer).await,
            status => Err(self.refused(&url, status, answer).await),
        }
    }

    async fn read(self, mut answer: reqwest::Response) -> Result<Downloaded, Error> {
        if answer
            .content_length()
            .is_some_and(|length| length > self.limit)
        {
            return Err(self.too_large);
        }
        let claimed = answer
            .headers()
            .get("docker-content-digest")
            .and_then(|value| value.to_str().ok())
            .map(ToOwned::to_owned);
        let (mut bytes, mut hasher) = (Vec::new(), Sha256::new());
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| transport(TransportError::at(&self.url, error)))?
        {
            if (bytes.len() + chunk.len()) as u64 > self.limit {
                return Err(self.too_large);
            }
            hasher.update(&chunk);
            bytes.extend_from_slice(&chunk);
        }
        let digest = Digest::from_bytes(hasher.finalize().into());
        match &self.expected {
            Some(expected) if expected.digest != digest => {
                Err(self.other_content(expected, &digest))
            }
            _ => Ok(Downloaded {
                bytes,
                digest,
                claimed,
            }),
        }
    }

    fn other_content(&self, expected: &Expected, found: &Digest) -> Error {
        other_content(self.what, &without_secrets(&self.url), expected, found)
    }

    async fn refused(&self, url: &Url, status: u16, answer: reqwest::Response) -> Error {
        let said = explanation(answer).await;
        Error::new(
            Exit::of_status(status),
            format!(
                "{} does not give out {} (status {status}{said})",
                without_secrets(url),
                self.what
            ),
        )
    }
}

/// The error about content that is not what it has to be.
pub(super) fn other_content(what: &str, place: &str, expected: &Expected, found: &Digest) -> Error {
    Error::new(
        expected.otherwise,
        format!(
            "{what} at {place} is not what {} says: its digest is {}, not {}",
            expected.by,
            hex::text(found),
            hex::text(&expected.digest)
        ),
    )
}

fn failed(error: DownloadError) -> Error {
    match error {
        DownloadError::Transport(error) => transport(error),
        error => Error::new(Exit::UnexpectedAnswer, error.to_string()),
    }
}

/// A server that gave no whole answer.
pub(super) fn transport(error: TransportError) -> Error {
    let made = Error::new(Exit::Unavailable, error.to_string());
    match error.source() {
        Some(source) => {
            tracing::debug!(cause = %source, "no whole answer");
            made
        }
        None => made,
    }
}
