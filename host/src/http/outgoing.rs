//! The body of a request on its way out: counted, and searched for secrets.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderValue};
use http_body::{Body, Frame};
use http_body_util::{BodyDataStream, BodyExt};
use wasmtime_wasi_http::{Error, Result, WasiBody};

use super::exchange::{Turn, misused};
use crate::error::SecretMisuse;
use crate::grant::Origin;
use crate::journal::{Announced, Content, Note, Streamed};
use crate::secrets::vault::{Encoding, Misuse, PLACEHOLDER, Vault};
use crate::state::{Run, Way};

/// Bodies up to this size are held back until they are complete: then their length is known to the server, and secrets can be put in.
/// Logins and API calls have some kilobytes. Larger ones are streamed.
pub(super) const WHOLE: usize = 1 << 20;

/// Bytes of a longer body that the client gets at once.
const PIECE: usize = 64 << 10;

/// Bytes of a body that the client has. The request keeps its turn until it has let go of them.
struct Leaving {
    bytes: Bytes,
    _turn: Turn,
}

impl Turn {
    fn leaving(&self, bytes: Bytes) -> Bytes {
        let _turn = self.clone();
        Bytes::from_owner(Leaving { bytes, _turn })
    }
}

impl AsRef<[u8]> for Leaving {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The body of a request, ready to go.
pub(super) enum Outgoing {
    Empty,
    Whole(Bytes),
    Stream(Box<Guarded>),
}

impl Outgoing {
    /// Reads the beginning of a body, puts secrets into it, and sees to it that no placeholder leaves in what is streamed.
    pub(super) async fn prepare(
        run: &Arc<Run>,
        mut body: WasiBody,
        headers: &mut HeaderMap,
        origin: &Origin,
        note: &mut Note,
        turn: &Turn,
    ) -> Result<Self> {
        let mut start = BytesMut::new();
        let mut ended = false;
        while start.len() <= WHOLE {
            let Some(frame) = body.frame().await else {
                ended = true;
                break;
            };
            // Trailers of requests are understood by nearly no server, and are left out.
            if let Ok(data) = frame?.into_data() {
                start.extend_from_slice(&data);
                run.count_body(Way::Out, start.len() as u64, data.len() as u64)
                    .map_err(|_| Breach::TooLarge.error())?;
            }
        }
        if ended && run.is_over() {
            return Err(Breach::Guest.error());
        }
        // Only now: the guest may have come to know more meanwhile.
        let vault = run.vault();
        if !ended {
            // What is here already can be refused before anything has left.
            without_secrets(run, &vault, origin, &start)?;
            let announced = headers.get(header::CONTENT_LENGTH);
            let announced = announced.and_then(|length| length.to_str().ok()?.parse().ok());
            let streamed = Streamed::new(announced);
            note.body = streamed.announced();
            let guarded = Guarded {
                run: Arc::clone(run),
                origin: origin.clone(),
                body,
                seen: start.len() as u64,
                held: start,
                ended: false,
                streamed,
                turn: turn.clone(),
            };
            return Ok(Self::Stream(Box::new(guarded)));
        }
        if start.is_empty() {
            return Ok(Self::Empty);
        }
        // As the guest wrote it: the digest of a body with a secret in it could be used to guess the secret.
        note.body = Announced::Known(Content::of(&start));
        let whole = |bytes| Self::Whole(turn.leaving(bytes));
        let Some(encoding) = encoding(headers) else {
            without_secrets(run, &vault, origin, &start)?;
            return Ok(whole(start.freeze()));
        };
        let swapped = vault.swap(&start, origin, encoding, &mut note.secrets);
        match swapped.map_err(|misuse| misused(run, misuse, origin))? {
            None => Ok(whole(start.freeze())),
            Some(swapped) => {
                // The guest counted with the placeholder in it.
                if headers.contains_key(header::CONTENT_LENGTH) {
                    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(swapped.len()));
                }
                Ok(whole(swapped.into()))
            }
        }
    }

    pub(super) fn is_stream(&self) -> bool {
        matches!(self, Self::Stream(_))
    }

    pub(super) fn into_reqwest(self) -> Option<reqwest::Body> {
        match self {
            Self::Empty => None,
            Self::Whole(bytes) => Some(bytes.into()),
            Self::Stream(guarded) => {
                Some(reqwest::Body::wrap_stream(BodyDataStream::new(*guarded)))
            }
        }
    }
}

/// Refuses a body with a placeholder in these bytes, where none is put in.
fn without_secrets(run: &Run, vault: &Vault, origin: &Origin, bytes: &[u8]) -> Result<()> {
    let Some(name) = vault.find(bytes) else {
        return Ok(());
    };
    let misuse = Misuse {
        name: name.to_owned(),
        reason: SecretMisuse::Body,
    };
    Err(misused(run, misuse, origin))
}

/// How secrets are written into a body of this type; `None` for types into which they aren't.
fn encoding(headers: &HeaderMap) -> Option<Encoding> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let kind = kind.split(';').next()?.trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/json" | "text/json" => Some(Encoding::Json),
        "application/x-www-form-urlencoded" => Some(Encoding::Form),
        kind if kind.ends_with("+json") => Some(Encoding::Json),
        _ => None,
    }
}

/// Why the host broke a request's body off.
#[derive(Debug, Clone, Copy)]
pub(super) enum Breach {
    TooLarge,
    Secret,
    Revoked,
    Guest,
}

impl Breach {
    /// Before anything of the request has left.
    pub(super) fn error(self) -> Error {
        match self {
            Self::TooLarge => Error::HttpRequestBodySize(None),
            Self::Secret | Self::Revoked => Error::HttpRequestDenied,
            Self::Guest => Error::ConnectionTerminated,
        }
    }

    /// When a part of it has left, and the server may have acted.
    pub(super) fn error_under_way(self) -> Error {
        let reason = match self {
            Self::TooLarge => "the host broke its body off, which is too large",
            Self::Secret => "the host broke its body off, in which is a secret",
            Self::Revoked => "the host broke its body off, as the approval was taken back",
            Self::Guest => return Error::ConnectionTerminated,
        };
        Error::InternalError(Some(reason.to_owned()))
    }
}

/// A [`Breach`] as an error among the client's own.
#[derive(Debug)]
pub(super) struct Broken(pub(super) Breach);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request's body was broken off")
    }
}

impl std::error::Error for Broken {}

/// A body that is streamed. The last bytes are held back as long as they could be the beginning of a placeholder, which may be split
/// over any number of writes.
pub(super) struct Guarded {
    run: Arc<Run>,
    origin: Origin,
    body: WasiBody,
    held: BytesMut,
    seen: u64,
    ended: bool,
    /// For the journal.
    streamed: Streamed,
    turn: Turn,
}

impl Guarded {
    /// The part of what is held that may go. It is searched with as much of what comes after it as a placeholder that begins in it can have.
    fn release(&mut self) -> Result<Option<Bytes>, Breach> {
        let near = self.held.len().min(PIECE + PLACEHOLDER - 1);
        without_secrets(
            &self.run,
            &self.run.vault(),
            &self.origin,
            &self.held[..near],
        )
        .map_err(|_| Breach::Secret)?;
        let keep = if self.ended { 0 } else { PLACEHOLDER - 1 };
        let free = self.held.len().saturating_sub(keep).min(PIECE);
        if free == 0 {
            return Ok(None);
        }
        let bytes = self.held.split_to(free).freeze();
        self.streamed.data(&bytes);
        Ok(Some(self.turn.leaving(bytes)))
    }
}

impl Body for Guarded {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        loop {
            // The client goes on with a body after its answer, and whether anybody waits for that or not.
            if self.run.is_over() && !self.ended {
                return Poll::Ready(Some(Err(Broken(Breach::Guest))));
            }
            if self.run.still_granted().is_err() {
                return Poll::Ready(Some(Err(Broken(Breach::Revoked))));
            }
            match self.release() {
                Err(breach) => return Poll::Ready(Some(Err(Broken(breach)))),
                Ok(Some(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Ok(None) if self.ended => {
                    self.streamed.end();
                    return Poll::Ready(None);
                }
                Ok(None) => {}
            }
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                None if self.run.is_over() => {
                    return Poll::Ready(Some(Err(Broken(Breach::Guest))));
                }
                None => self.ended = true,
                Some(Err(_)) => return Poll::Ready(Some(Err(Broken(Breach::Guest)))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        let more = data.len() as u64;
                        self.seen += more;
                        if self.run.count_body(Way::Out, self.seen, more).is_err() {
                            return Poll::Ready(Some(Err(Broken(Breach::TooLarge))));
                        }
                        self.held.extend_from_slice(&data);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::super::exchange::take_turn;
    use super::*;
    use crate::error::Operation;
    use crate::limits::Limits;

    async fn prepare(run: &Arc<Run>, size: usize) -> Result<Outgoing> {
        let body = Full::new(Bytes::from(vec![b'x'; size]))
            .map_err(|never| match never {})
            .boxed_unsync();
        let origin = "https://a.test".parse().unwrap();
        let (mut headers, mut note) = (HeaderMap::new(), Note::default());
        let turn = Turn::free();
        Outgoing::prepare(run, body, &mut headers, &origin, &mut note, &turn).await
    }

    /// To its reader, a body whose guest was stopped looks complete. The server must not take half of a file for all of it.
    #[tokio::test]
    async fn a_body_that_ends_with_its_operation_is_not_whole() {
        let run = Arc::new(Run::unlent("guest", Operation::Deploy, Limits::default()));
        assert!(matches!(prepare(&run, 10).await, Ok(Outgoing::Whole(all)) if all.len() == 10));
        let Ok(Outgoing::Stream(whole)) = prepare(&run, WHOLE + 10).await else {
            panic!("a large body is streamed")
        };
        assert_eq!(whole.collect().await.unwrap().to_bytes().len(), WHOLE + 10);
        let Ok(Outgoing::Stream(cut)) = prepare(&run, WHOLE + 10).await else {
            panic!("a large body is streamed")
        };
        run.end();
        assert!(cut.collect().await.is_err());
        assert!(prepare(&run, 10).await.is_err());
    }

    #[tokio::test]
    async fn a_request_keeps_its_turn_until_the_client_lets_go_of_its_body() {
        let run = Arc::new(Run::unlent("guest", Operation::Deploy, Limits::default()));
        let now = || run.requests_now.load(std::sync::atomic::Ordering::Relaxed);
        for size in [10, WHOLE + 10] {
            let body = Full::new(Bytes::from(vec![b'x'; size]));
            let body = body.map_err(|never| match never {}).boxed_unsync();
            let origin = "https://a.test".parse().unwrap();
            let (mut headers, mut note) = (HeaderMap::new(), Note::default());
            let turn = take_turn(&run).unwrap();
            let prepared = Outgoing::prepare(&run, body, &mut headers, &origin, &mut note, &turn);
            let piece = match prepared.await.unwrap_or_else(|error| panic!("{error}")) {
                Outgoing::Whole(bytes) => bytes,
                Outgoing::Stream(mut stream) => {
                    stream.frame().await.unwrap().unwrap().into_data().unwrap()
                }
                Outgoing::Empty => panic!("it has a body"),
            };
            drop(turn);
            assert_eq!(now(), 1, "{size}");
            drop(piece);
            assert_eq!(now(), 0, "{size}");
        }
    }

    /// Wherever it lies: the client gets a longer body in pieces.
    #[tokio::test]
    async fn no_placeholder_leaves_in_a_stream() {
        let origin: Origin = "https://a.test".parse().unwrap();
        let run = Arc::new(Run::of_guest());
        let home = crate::secrets::vault::Home::Granted;
        let secret = crate::Secret::new("s3cr/et");
        let lent = run.lent("a vault").unwrap();
        let placeholder = lent.change_vault(|vault| vault.placeholder("token", &secret, home));
        for (before, after) in [
            (0, 0),
            (PIECE - PLACEHOLDER, PIECE),
            (PIECE - PLACEHOLDER + 1, 3),
            (PIECE - 1, PIECE),
            (PIECE, PIECE),
            (3 * PIECE - 7, 0),
        ] {
            // In what is here at once, and in what comes later.
            for start in [WHOLE + 1, 0] {
                let text = ["x".repeat(before), placeholder.clone(), "x".repeat(after)].concat();
                let pieces = ["x".repeat(WHOLE + 1 - start), "x".repeat(start) + &text];
                let pieces = pieces.map(|piece| Ok(Frame::data(Bytes::from(piece))));
                let body = http_body_util::StreamBody::new(futures::stream::iter(pieces));
                let (mut headers, mut note) = (HeaderMap::new(), Note::default());
                let turn = Turn::free();
                let prepared = Outgoing::prepare(
                    &run,
                    body.boxed_unsync(),
                    &mut headers,
                    &origin,
                    &mut note,
                    &turn,
                );
                let Ok(Outgoing::Stream(mut stream)) = prepared.await else {
                    assert!(start > 0, "{before}: it is not here yet");
                    continue;
                };
                let mut left = Vec::new();
                let end = loop {
                    match stream.frame().await {
                        Some(Ok(frame)) => left.extend_from_slice(&frame.into_data().unwrap()),
                        end => break end,
                    }
                };
                assert!(matches!(end, Some(Err(Broken(Breach::Secret)))), "{before}");
                assert!(left.len() <= WHOLE + 1 + before, "{before}");
                assert!(left.iter().all(|byte| *byte == b'x'), "{before}");
            }
        }
    }
}
