//! Requests to one Bindle server, and its answers read with suspicion.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bowline_app::BindleId;
use bowline_app::invoice::{ErrorResponse, InvoiceError, MEDIA_TYPE, Matches};
use bytes::BytesMut;
use http::header::{ACCEPT, CONTENT_LENGTH, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use reqwest::{RequestBuilder, Response};
use tokio::sync::OnceCell;

use super::address::{Root, ServerAddress};
use super::credentials::Credentials;
use super::error::Error;
use super::progress::{Event, Progress, Waiting};
use super::timing::Timing;
use crate::client::{HttpClient, TransportError, TransportErrorKind};
use crate::journal::Note;
use crate::secrets::redact::Patterns;
use crate::text;

/// Largest answer that is read. The invoice of 10,000 parcels has about 4 MiB,
/// and the answer to its creation repeats what is missing.
const MAX_ANSWER: usize = 16 * 1024 * 1024;
/// Of refusals only the beginning is of interest.
const MAX_REFUSAL: usize = 64 * 1024;
/// Longest text of a server that is shown.
const MAX_EXCERPT: usize = 200;

/// How to talk to one server.
#[derive(Debug)]
pub(super) struct Wire {
    http: HttpClient,
    address: ServerAddress,
    credentials: Option<Credentials>,
    /// What must not be shown of answers.
    secrets: Option<Arc<Patterns>>,
    timing: Timing,
    root: OnceCell<Root>,
    /// Whether the server ever answered. A wrong address should fail soon,
    /// a server that restarts while we push should be waited for.
    answered: AtomicBool,
}

/// A whole answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    /// The body was longer than we read.
    cut: bool,
    /// What must not be shown of it: a careless server says what it was sent.
    secrets: Option<Arc<Patterns>>,
}

/// Why a single attempt brought no answer.
#[derive(Debug)]
pub(super) enum Lost {
    Transport(TransportError),
    TimedOut(Duration),
}

impl Wire {
    pub(super) fn new(
        http: HttpClient,
        address: ServerAddress,
        credentials: Option<Credentials>,
        timing: Timing,
    ) -> Self {
        let secrets = credentials.as_ref().map(Credentials::patterns);
        Self {
            http,
            address,
            secrets: secrets.map(Arc::new),
            credentials,
            timing,
            root: OnceCell::new(),
            answered: AtomicBool::new(false),
        }
    }

    pub(super) fn timing(&self) -> &Timing {
        &self.timing
    }

    pub(super) fn server(&self) -> String {
        self.address.origin().to_owned()
    }

    /// A request that carries the credentials. All URLs are made from the
    /// server's address and redirects are never followed, so they stay with it.
    pub(super) fn request(&self, method: Method, url: &str) -> RequestBuilder {
        let request = self
            .http
            .unhurried()
            .request(method, url)
            .header(ACCEPT, MEDIA_TYPE);
        match &self.credentials {
            Some(credentials) => credentials.add_to(request),
            None => request,
        }
    }

    /// Where the interface begins; found out with the first request.
    pub(super) async fn root(&self, progress: &dyn Progress) -> Result<&Root, Error> {
        self.root.get_or_try_init(|| self.find_root(progress)).await
    }

    async fn find_root(&self, progress: &dyn Progress) -> Result<Root, Error> {
        let mut roots = self.address.roots();
        let Some(last) = roots.pop() else {
            return Err(self.not_bindle(StatusCode::OK, "the address has no path".to_owned()));
        };
        for root in roots {
            // No bindle has this in its name, so the answer is short.
            let url = root.query("~", 0, 1);
            let answer = self
                .ask(progress, || self.request(Method::GET, &url))
                .await?;
            let known = self.expect(&answer, Matches::from_toml).is_ok()
                || matches!(
                    answer.status,
                    StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
                );
            if known {
                return Ok(root);
            }
            if answer.status != StatusCode::NOT_FOUND {
                return Err(self.refusal(&answer, "the query", None));
            }
        }
        Ok(last)
    }

    /// Version that the reference server reports at `/healthz`, if there is such a page.
    pub(super) async fn version(&self, progress: &dyn Progress) -> Option<semver::Version> {
        #[derive(serde::Deserialize)]
        struct Health {
            version: String,
        }
        let url = self.address.health().as_str();
        let answer = self
            .ask(progress, || self.request(Method::GET, url))
            .await
            .ok()?;
        let health: Health = serde_json::from_slice(&answer.body).ok()?;
        health.version.parse().ok()
    }

    /// Sends a request that may be repeated, until an answer comes that is not
    /// the server's or the connection's trouble, or patience ends.
    pub(super) async fn ask(
        &self,
        progress: &dyn Progress,
        build: impl Fn() -> RequestBuilder,
    ) -> Result<Answer, Error> {
        let mut repetition = 0;
        loop {
            let attempt = self.attempt(build()).await;
            let (asked, patience) = match &attempt {
                Ok(answer) if answer.is_trouble() => (answer.retry_after(), self.timing.retries),
                Ok(answer) => {
                    tracing::trace!(status = answer.status.as_u16(), "bindle answer");
                    return attempt.map_err(|lost| self.lost(lost));
                }
                // That will be no better the next time.
                Err(Lost::Transport(error)) if error.kind() == TransportErrorKind::Unrecorded => {
                    (None, 0)
                }
                Err(Lost::Transport(error))
                    if error.never_sent() && !self.answered.load(Ordering::Relaxed) =>
                {
                    (None, self.timing.retries.min(1))
                }
                Err(_) => (None, self.timing.retries),
            };
            if repetition >= patience {
                return match attempt {
                    Ok(answer) => Err(self.refusal(&answer, "the request", None)),
                    Err(lost) => Err(self.lost(lost)),
                };
            }
            let pause = self.timing.pause(repetition, asked);
            tracing::debug!(?attempt, ?pause, "bindle request is repeated");
            progress.event(Event::Waiting {
                reason: Waiting::ServerTrouble,
                pause,
            });
            tokio::time::sleep(pause).await;
            repetition += 1;
        }
    }

    async fn attempt(&self, request: RequestBuilder) -> Result<Answer, Lost> {
        let limit = self.timing.answer;
        let exchange = async {
            let response = self.send(request, Note::default()).await?;
            self.read(response).await
        };
        tokio::time::timeout(limit, exchange)
            .await
            .unwrap_or(Err(Lost::TimedOut(limit)))
    }

    /// Sends a request once.
    pub(super) async fn send(&self, request: RequestBuilder, note: Note) -> Result<Response, Lost> {
        let request = request.build().map_err(Lost::transport)?;
        let sent = self.http.fetch(self.http.unhurried(), request, note).await;
        sent.map_err(Lost::Transport)
    }

    /// Reads an answer up to the limit that its status deserves.
    pub(super) async fn read(&self, mut response: Response) -> Result<Answer, Lost> {
        self.answered.store(true, Ordering::Relaxed);
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let limit = if status.is_success() {
            MAX_ANSWER
        } else {
            MAX_REFUSAL
        };
        let mut body = BytesMut::new();
        let mut cut = false;
        loop {
            let chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                // The status says enough of a refusal whose body gets lost.
                Err(_) if !status.is_success() => break,
                Err(error) => return Err(Lost::transport(error)),
            };
            let room = limit - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                cut = true;
                break;
            }
        }
        Ok(Answer {
            status,
            headers,
            body: body.into(),
            cut,
            secrets: self.secrets.clone(),
        })
    }

    /// An attempt that brought no answer, as an error.
    pub(super) fn lost(&self, lost: Lost) -> Error {
        match lost {
            Lost::Transport(error) => Error::Unreachable(error),
            Lost::TimedOut(limit) => Error::TimedOut {
                server: self.server(),
                seconds: limit.as_secs(),
            },
        }
    }

    pub(super) fn not_bindle(&self, status: StatusCode, excerpt: String) -> Error {
        Error::NotBindle {
            server: self.server(),
            status: status.as_u16(),
            excerpt,
        }
    }

    /// Reads a success as a document of the expected form.
    pub(super) fn expect<T>(
        &self,
        answer: &Answer,
        read: impl FnOnce(&str) -> Result<T, InvoiceError>,
    ) -> Result<T, Error> {
        if answer.cut {
            let excerpt = "it sends more than 16 MiB, which no Bindle server does".to_owned();
            return Err(self.not_bindle(answer.status, excerpt));
        }
        let text = answer.status.is_success().then_some(&answer.body[..]);
        let text = text.and_then(|body| std::str::from_utf8(body).ok());
        let Some(text) = text else {
            return Err(self.not_bindle(answer.status, answer.excerpt()));
        };
        read(text).map_err(|error| match error {
            InvoiceError::Syntax(_) => self.not_bindle(answer.status, answer.excerpt()),
            excess => self.not_bindle(answer.status, excess.to_string()),
        })
    }

    /// The error that an unwanted answer stands for. `what` was sent or asked;
    /// `id` is the bindle concerned, which tells yanked from forbidden.
    pub(super) fn refusal(&self, answer: &Answer, what: &str, id: Option<&BindleId>) -> Error {
        let server = self.server();
        let status = answer.status.as_u16();
        let said = answer.error();
        match answer.status {
            StatusCode::UNAUTHORIZED => Error::Unauthorized {
                server,
                credentials_given: self.credentials.is_some(),
            },
            StatusCode::FORBIDDEN => match id {
                Some(id) if said.as_deref().is_some_and(|said| said.contains("yanked")) => {
                    Error::Yanked {
                        server,
                        id: id.to_string(),
                    }
                }
                _ => Error::Forbidden {
                    server,
                    message: said.unwrap_or_else(|| answer.excerpt()),
                },
            },
            StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge {
                server,
                what: what.to_owned(),
                hint: "make it smaller, or ask the operator to raise the limit of the server or the proxy before it",
            },
            _ if answer.is_trouble() => Error::Unavailable {
                server,
                status,
                excerpt: answer.excerpt(),
            },
            _ => match said {
                Some(message) => Error::Refused {
                    server,
                    what: what.to_owned(),
                    status,
                    message,
                },
                None => self.not_bindle(answer.status, answer.excerpt()),
            },
        }
    }
}

/// Shows neither headers, which may set cookies, nor the body, which may be long.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status.as_u16())
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Answer {
    /// What a Bindle server says in a refusal, cleaned. `None` when the body is no such thing.
    pub(super) fn error(&self) -> Option<String> {
        if self.status.is_success() {
            return None;
        }
        let body: ErrorResponse = toml::from_str(std::str::from_utf8(&self.body).ok()?).ok()?;
        Some(self.shown(body.error.as_bytes()))
    }

    /// A part of the answer, cleaned, and without what must not be shown.
    fn shown(&self, part: &[u8]) -> String {
        let secrets = self.secrets.as_ref();
        let clean = secrets.map_or(Cow::Borrowed(part), |secrets| secrets.redact(part));
        text::line(&String::from_utf8_lossy(&clean), MAX_EXCERPT)
    }

    /// The beginning of the answer, cleaned, or where it redirects to.
    pub(super) fn excerpt(&self) -> String {
        if let Some(said) = self.error() {
            return said;
        }
        if self.status.is_redirection()
            && let Some(target) = self.headers.get(LOCATION)
        {
            let target = self.shown(target.as_bytes());
            return format!("it redirects to {target}, which is not followed");
        }
        // Enough bytes for the excerpt, whatever their encoding and white space.
        let clean = self.shown(&self.body[..self.body.len().min(16 * MAX_EXCERPT)]);
        if clean.is_empty() && self.cut {
            "the answer begins with blanks and has no end".to_owned()
        } else if clean.is_empty() {
            "the answer is empty".to_owned()
        } else {
            clean
        }
    }

    /// Whether the answer was longer than is read.
    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }

    /// Whether repeating the request later may help.
    pub(super) fn is_trouble(&self) -> bool {
        self.status.is_server_error()
            || matches!(
                self.status,
                StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
            )
    }

    /// The `Content-Length` header: of a parcel's HEAD it tells that the parcel is there.
    pub(super) fn content_length(&self) -> Option<u64> {
        self.headers
            .get(CONTENT_LENGTH)?
            .to_str()
            .ok()?
            .parse()
            .ok()
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        crate::client::retry_after(&self.headers)
    }
}

impl Lost {
    pub(super) fn transport(error: reqwest::Error) -> Self {
        Self::Transport(TransportError::new(error))
    }
}
