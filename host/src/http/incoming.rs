//! The body of an answer on its way in: counted, and rid of secrets.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::time::Sleep;
use url::Url;
use wasmtime_wasi_http::{Error, Result, WasiBody};

use super::exchange::{Turn, refuse_answer};
use super::fault;
use crate::client::TransportError;
use crate::error::Denial;
use crate::grant::Origin;
use crate::secrets::redact::{Patterns, Redactor};
use crate::state::{Run, Way};

/// Longest body of an answer that is waited for, in bytes. Many times what an API answers, and what a guest's requests that are under way
/// at once can have the host keep is still little.
const SHORT: usize = 64 << 10;

/// How long it is waited for. It is for bodies that come with their heads.
const SOON: Duration = Duration::from_millis(100);

/// The secrets that an answer is searched for when it begins.
pub(super) struct Search {
    /// How many the guest has placeholders of.
    pub(super) known: usize,
    pub(super) patterns: Option<Arc<Patterns>>,
    /// Where the answer comes from, if they can't be found in it.
    pub(super) opaque: Option<Origin>,
}

/// The body of an answer, counted.
pub(super) struct Incoming {
    run: Arc<Run>,
    url: Url,
    body: reqwest::Body,
    seen: u64,
    /// Takes secrets out, where the guest has placeholders of any.
    redactor: Option<Redactor>,
    /// How many secrets that looks for.
    known: usize,
    /// Where the answer comes from, if secrets can't be found in it.
    opaque: Option<Origin>,
    /// The guest's own patience between two pieces, where it has set one.
    silence: Option<(Duration, Pin<Box<Sleep>>)>,
    _turn: Turn,
}

impl Incoming {
    pub(super) fn new(
        run: Arc<Run>,
        url: Url,
        body: reqwest::Body,
        search: Search,
        silence: Option<Duration>,
        turn: Turn,
    ) -> Self {
        let silence = silence.map(|silence| (silence, Box::pin(tokio::time::sleep(silence))));
        Self {
            run,
            url,
            body,
            seen: 0,
            redactor: search.patterns.map(Redactor::new),
            known: search.known,
            opaque: search.opaque,
            silence,
            _turn: turn,
        }
    }
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(known) = self.keep_up().transpose() {
            return Poll::Ready(Some(known.map(Frame::data)));
        }
        loop {
            let polled = ready!(self.poll_as_sent(context));
            let this = &mut *self;
            let Some(redactor) = &mut this.redactor else {
                return Poll::Ready(polled);
            };
            let clean = match polled {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => redactor.push(data),
                    // Trailers are understood by nearly nobody, and would come before the rest that waits.
                    Err(_) => continue,
                },
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => match redactor.finish() {
                    rest if rest.is_empty() => return Poll::Ready(None),
                    rest => return Poll::Ready(Some(Ok(Frame::data(rest)))),
                },
            };
            if !clean.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(clean))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.waiting() == 0 && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.body.size_hint();
        let waiting = self.waiting();
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(waiting));
        }
        hint.set_lower(hint.lower().saturating_add(waiting));
        hint
    }
}

impl Incoming {
    /// Bytes that wait for more, because a secret could begin with them.
    fn waiting(&self) -> u64 {
        self.redactor.as_ref().map_or(0, Redactor::waiting)
    }

    /// Looks for the secrets, too, that the guest has come to have placeholders of since: a server may repeat in this answer what another
    /// request told it. What is returned can go on.
    fn keep_up(&mut self) -> Result<Option<Bytes>, Error> {
        let vault = self.run.vault();
        // Also a secret that is known already may be allowed there only now.
        if let Some(origin) = self.opaque.take_if(|origin| vault.may_go_to(origin)) {
            return Err(refuse_answer(&self.run, Denial::Opaque(origin)));
        }
        if vault.len() == self.known {
            return Ok(None);
        }
        self.known = vault.len();
        let Some(patterns) = vault.patterns().cloned() else {
            return Ok(None);
        };
        let Some(redactor) = &mut self.redactor else {
            self.redactor = Some(Redactor::new(patterns));
            return Ok(None);
        };
        let clean = redactor.look_for(patterns);
        Ok((!clean.is_empty()).then_some(clean))
    }

    /// The next piece as the server sent it.
    fn poll_as_sent(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self;
        let frame = match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Ready(frame) => frame,
            Poll::Pending => {
                if let Some((_, sleep)) = &mut this.silence {
                    ready!(sleep.as_mut().poll(context));
                    return Poll::Ready(Some(Err(Error::ConnectionReadTimeout)));
                }
                return Poll::Pending;
            }
        };
        if let Some((silence, sleep)) = &mut this.silence {
            sleep.as_mut().reset(tokio::time::Instant::now() + *silence);
        }
        Poll::Ready(match frame {
            None => None,
            Some(Err(error)) => {
                let error = TransportError::at(&this.url, error);
                Some(Err(fault::unanswered(&this.run, error)))
            }
            Some(Ok(frame)) => {
                let more = frame.data_ref().map_or(0, |data| data.len() as u64);
                this.seen += more;
                let counted = this.run.count_body(Way::In, this.seen, more);
                Some(match counted {
                    Ok(()) => Ok(frame),
                    Err(_) => Err(Error::HttpResponseBodySize(None)),
                })
            }
        })
    }
}

/// Waits for a body that is announced to be short, so that whoever reads it need not: to have the guest stopped and woken for
/// its few bytes costs more than all else that is done with them. What goes wrong on the way is still told where it would be read, and what
/// takes longer than [`SOON`] is handed on as it comes.
pub(super) async fn arrive(mut body: WasiBody) -> WasiBody {
    let length = body.size_hint().exact().and_then(|it| it.try_into().ok());
    let Some(length) = length.filter(|length| (1..=SHORT).contains(length)) else {
        return body;
    };
    // Copied: a piece that is kept keeps the whole buffer that it was read into.
    let mut data = BytesMut::with_capacity(length);
    let mut last = None;
    let all = async {
        while let Some(frame) = body.frame().await {
            match frame.map(Frame::into_data) {
                Ok(Ok(piece)) => data.extend_from_slice(&piece),
                Ok(Err(trailers)) => {
                    last = Some(Ok(trailers));
                    return true;
                }
                Err(error) => {
                    last = Some(Err(error));
                    return true;
                }
            }
            if body.is_end_stream() {
                return true;
            }
        }
        true
    };
    let mut all = std::pin::pin!(all);
    // Mostly it came with its head, and no clock is needed.
    let over = match futures::poll!(all.as_mut()) {
        Poll::Ready(over) => over,
        Poll::Pending => tokio::time::timeout(SOON, all).await.unwrap_or(false),
    };
    Arrived {
        data: data.freeze(),
        last,
        over,
        body,
    }
    .boxed_unsync()
}

/// A body of which the beginning is here, mostly all of it. It keeps what it came from, and with it the turn of its request, until the guest
/// is done with it: that bounds how much is kept.
struct Arrived {
    data: Bytes,
    /// What came after the data: trailers, or what broke it off.
    last: Option<Result<Frame<Bytes>, Error>>,
    /// Nothing more comes.
    over: bool,
    body: WasiBody,
}

impl Body for Arrived {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        if !this.data.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.data)))));
        }
        match this.last.take() {
            None if !this.over => Pin::new(&mut this.body).poll_frame(context),
            last => Poll::Ready(last),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_empty() && self.last.is_none() && (self.over || self.body.is_end_stream())
    }
}

#[cfg(test)]
mod tests {
    use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
    use futures::{FutureExt as _, StreamExt as _};

    use super::*;
    use crate::error::Operation;
    use crate::limits::Limits;
    use crate::secrets::vault::Vault;

    /// The guest sees stars, in however many pieces the secret comes, and as many bytes as were announced.
    #[tokio::test]
    async fn secrets_are_struck_out_of_what_arrives() {
        let run = Arc::new(Run::unlent("guest", Operation::Deploy, Limits::default()));
        let mut vault = Vault::default();
        let secret = crate::Secret::new("s3cr/et");
        vault.placeholder("token", &secret, crate::secrets::vault::Home::Granted);
        let pieces = [
            "{\"a\":\"s3c",
            "r/",
            "et\",\"b\":\"s3cr",
            "\\/e",
            "t\",\"c\":\"s3c",
        ];
        let sent: String = pieces.concat();
        let stream = futures::stream::iter(pieces.map(Ok::<_, std::io::Error>));
        let (body, turn) = (reqwest::Body::wrap_stream(stream), Turn::free());
        let url = "https://a.test/".parse().unwrap();
        let search = Search {
            known: 1,
            patterns: vault.patterns().cloned(),
            opaque: None,
        };
        let body = Incoming::new(run, url, body, search, None, turn);
        let seen = body.collect().await.unwrap().to_bytes();
        assert_eq!(seen, "{\"a\":\"*******\",\"b\":\"********\",\"c\":\"s3c");
        assert_eq!(seen.len(), sent.len());
    }

    /// An answer that is open while the guest comes to know a secret; `opaque` if secrets can't be found in it.
    fn open(opaque: bool) -> (UnboundedSender<std::io::Result<Bytes>>, Arc<Run>, Incoming) {
        let (sender, pieces) = unbounded();
        let run = Arc::new(Run::of_guest());
        let origin = opaque.then(|| "https://a.test".parse().unwrap());
        let body = Incoming::new(
            Arc::clone(&run),
            "https://a.test/".parse().unwrap(),
            reqwest::Body::wrap_stream(pieces),
            Search {
                known: 0,
                patterns: None,
                opaque: origin,
            },
            None,
            Turn::free(),
        );
        (sender, run, body)
    }

    fn change<T>(run: &Run, change: impl FnOnce(&mut Vault) -> T) -> T {
        run.lent("a vault").unwrap().change_vault(change)
    }

    #[tokio::test]
    async fn secrets_are_struck_out_that_the_guest_got_since() {
        let (sender, run, mut body) = open(false);
        let send = |text: &'static str| sender.unbounded_send(Ok(text.into())).unwrap();
        send("first: s3cr/et, ");
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "first: s3cr/et, ");
        let learn = |name: &str, secret: &str| {
            let secret = crate::Secret::new(secret);
            let home = crate::secrets::vault::Home::Granted;
            change(&run, |vault| vault.placeholder(name, &secret, home));
        };
        learn("token", "s3cr/et");
        send("second: s3cr/et, third: s3c");
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "second: *******, third: ");
        // What waits may be the beginning of the one, and what comes is the other.
        learn("password", "hunter22");
        send("r/et hunter22");
        drop(sender);
        let rest = body.collect().await.unwrap().to_bytes();
        assert_eq!(rest, "******* ********");
    }

    #[tokio::test]
    async fn an_encoded_answer_ends_when_a_secret_may_be_in_it() {
        let (sender, run, mut body) = open(true);
        sender.unbounded_send(Ok("coded".into())).unwrap();
        assert!(body.frame().await.unwrap().is_ok());
        let secret = crate::Secret::new("s3cr/et");
        let home = crate::secrets::vault::Home::Setting("url".to_owned(), None);
        change(&run, |vault| vault.placeholder("token", &secret, home));
        sender.unbounded_send(Ok("coded".into())).unwrap();
        assert!(body.frame().await.unwrap().is_ok(), "it can't go there");
        let origin = "https://a.test".parse().unwrap();
        change(&run, |vault| vault.settle("url", &origin));
        sender.unbounded_send(Ok("coded".into())).unwrap();
        assert!(body.frame().await.unwrap().is_err());
        assert!(matches!(run.report().denial, Some(Denial::Opaque(_))));
    }

    /// An answer's body that comes by and by.
    struct Coming {
        length: Option<u64>,
        pieces: UnboundedReceiver<Result<Bytes, Error>>,
    }

    impl Body for Coming {
        type Data = Bytes;
        type Error = Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
            let piece = ready!(self.pieces.poll_next_unpin(context));
            Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
        }

        fn size_hint(&self) -> SizeHint {
            self.length.map(SizeHint::with_exact).unwrap_or_default()
        }
    }

    fn coming(length: Option<u64>) -> (UnboundedSender<Result<Bytes, Error>>, WasiBody) {
        let (sender, pieces) = unbounded();
        (sender, Coming { length, pieces }.boxed_unsync())
    }

    #[tokio::test]
    async fn a_short_answer_is_waited_for() {
        let (sender, body) = coming(Some(6));
        let mut arriving = std::pin::pin!(arrive(body));
        sender.unbounded_send(Ok("one".into())).unwrap();
        assert!(arriving.as_mut().now_or_never().is_none());
        sender.unbounded_send(Ok("two".into())).unwrap();
        drop(sender);
        let body = arriving.await;
        assert_eq!(body.collect().await.unwrap().to_bytes(), "onetwo");
    }

    #[tokio::test]
    async fn a_slow_short_answer_is_handed_on_as_it_comes() {
        let (sender, body) = coming(Some(6));
        sender.unbounded_send(Ok("on".into())).unwrap();
        sender.unbounded_send(Ok("e".into())).unwrap();
        let mut body = arrive(body).await;
        let first = body.frame().await.unwrap().unwrap();
        assert_eq!(first.into_data().unwrap(), "one");
        assert!(body.frame().now_or_never().is_none());
        sender.unbounded_send(Ok("two".into())).unwrap();
        drop(sender);
        assert_eq!(body.collect().await.unwrap().to_bytes(), "two");
    }

    #[tokio::test]
    async fn what_breaks_a_short_answer_off_is_told_to_its_reader() {
        let (sender, body) = coming(Some(6));
        sender.unbounded_send(Ok("one".into())).unwrap();
        sender
            .unbounded_send(Err(Error::ConnectionTerminated))
            .unwrap();
        let mut body = arrive(body).await;
        let first = body.frame().await.unwrap().unwrap();
        assert_eq!(first.into_data().unwrap(), "one");
        let second = body.frame().await.unwrap();
        assert!(matches!(second, Err(Error::ConnectionTerminated)));
        assert!(body.frame().await.is_none());
    }

    #[tokio::test]
    async fn long_answers_and_those_without_a_length_are_not_waited_for() {
        for length in [None, Some(0), Some(SHORT as u64 + 1)] {
            let (_sender, body) = coming(length);
            assert!(arrive(body).now_or_never().is_some(), "{length:?}");
        }
    }
}
