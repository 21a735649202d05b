//! Gets bytes from web servers: bounded, and hashed as they come.

use std::error::Error as _;
use std::time::Duration;

use bowline_app::Digest;
use bowline_host::{HttpClient, Origin, TransportError, retry_after};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::hex;
use super::source::is_this_machine;
use crate::error::Error;
use crate::exit::Exit;
use crate::text;

/// Redirects that are followed. Release pages and registries need one or two.
const REDIRECTS: usize = 5;

/// How often a server that is busy is asked again.
const WAITS: usize = 3;

/// The longest time that a busy server may ask to wait (`Retry-After`).
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Bytes of an answer that says why not.
const EXPLANATION: usize = 300;

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
        let first = origin(&self.url)?;
        let mut url = self.url.clone();
        for _ in 0..=REDIRECTS {
            let is_first = origin(&url)? == first;
            let answer = self.ask(&url, is_first, http).await?;
            match answer.status().as_u16() {
                200 => return self.read(answer).await,
                301 | 302 | 303 | 307 | 308 => {
                    let next = answer
                        .headers()
                        .get("location")
                        .and_then(|value| value.to_str().ok());
                    url = self.redirected(&url, next)?;
                }
                status => return Err(self.refused(&url, status, answer).await),
            }
        }
        Err(Error::new(
            Exit::UnexpectedAnswer,
            format!("{} redirects more than {REDIRECTS} times", shown(&self.url)),
        ))
    }

    /// Asks once, or again where the server wants it later: it is a question, which may be repeated.
    async fn ask(
        &self,
        url: &Url,
        is_first: bool,
        http: &HttpClient,
    ) -> Result<reqwest::Response, Error> {
        // Others are shown no client certificate either.
        let client = if is_first {
            http.reqwest()
        } else {
            http.unidentified()
        };
        let mut waits = 0..WAITS;
        loop {
            let mut request = client.get(url.clone());
            if let Some(accept) = self.accept {
                request = request.header("accept", accept);
            }
            if let Some(authorization) = self.authorization.filter(|_| is_first) {
                request = request.header("authorization", authorization);
            }
            let answer = request
                .send()
                .await
                .map_err(|error| transport(TransportError::at(url, error)))?;
            let pause = match answer.status().as_u16() {
                429 | 503 => retry_after(answer.headers()).filter(|pause| *pause <= LONGEST_WAIT),
                _ => None,
            };
            match (pause, waits.next()) {
                (Some(pause), Some(_)) => tokio::time::sleep(pause).await,
                _ => return Ok(answer),
            }
        }
    }

    fn redirected(&self, from: &Url, to: Option<&str>) -> Result<Url, Error> {
        let strange = |what: &str| {
            Err(Error::new(
                Exit::UnexpectedAnswer,
                format!("{} redirects {what}", shown(from)),
            ))
        };
        let Some(to) = to else {
            return strange("without saying where");
        };
        let Ok(next) = from.join(to) else {
            return strange("to something that is no URL");
        };
        let there = match Origin::of(&next) {
            Ok(there) => there,
            Err(_) => return strange("to something that can't be asked"),
        };
        if there == origin(from)? || (next.scheme() == "https" && !is_this_machine(&next)) {
            Ok(next)
        } else {
            strange(&format!("to {there}, which is not followed"))
        }
    }

    async fn read(self, mut answer: reqwest::Response) -> Result<Downloaded, Error> {
        let too_large = || {
            Error::new(
                Exit::Target,
                format!(
                    "{} at {} has more than {}",
                    self.what,
                    shown(&self.url),
                    crate::output::size(self.limit)
                ),
            )
        };
        if answer
            .content_length()
            .is_some_and(|length| length > self.limit)
        {
            return Err(too_large());
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
                return Err(too_large());
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
        other_content(self.what, &shown(&self.url), expected, found)
    }

    async fn refused(&self, url: &Url, status: u16, mut answer: reqwest::Response) -> Error {
        let exit = match status {
            401 => Exit::NotAuthenticated,
            403 => Exit::Forbidden,
            404 | 410 => Exit::NotFound,
            408 | 429 | 500..=599 => Exit::Unavailable,
            _ => Exit::UnexpectedAnswer,
        };
        let mut said = Vec::new();
        while said.len() < EXPLANATION
            && let Ok(Some(chunk)) = answer.chunk().await
        {
            said.extend_from_slice(&chunk);
        }
        said.truncate(EXPLANATION);
        let said = text::one_line(&String::from_utf8_lossy(&said));
        let said = if said.is_empty() {
            String::new()
        } else {
            format!(": {said}")
        };
        Error::new(
            exit,
            format!(
                "{} does not give out {} (status {status}{said})",
                shown(url),
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

/// A URL without what may be secret in it.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

fn origin(url: &Url) -> Result<Origin, Error> {
    Origin::of(url).map_err(|error| {
        Error::new(Exit::Usage, format!("{} can't be asked", shown(url))).cause(&error)
    })
}
