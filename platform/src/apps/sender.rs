//! Requests that components send: only where their manifest lets them, through one client.

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::TryStreamExt as _;
use http_body_util::BodyExt as _;
use http_body_util::StreamBody;
use hyper::body::Frame;
use url::Url;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::application::{Application, Origin};
use super::logs::Logs;
use super::outbound::{Destination, Outbound};

/// How long a host may take to connect and start its answer when the component sets no time of its
/// own; also the most that it can set.
const ANSWER: Duration = Duration::from_secs(60);

/// How often a request may lead to another one of the same application before it is taken for a
/// loop.
const DEPTH: u8 = 8;

type Sent = Result<(http::Response<WasiBody>, Exchange), Error>;
type Exchange = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// What all instances of a component share to send requests.
pub struct Network {
    /// The client for other hosts.
    pub client: reqwest::Client,
    /// Where the component may send to.
    pub outbound: Outbound,
    /// The application that the component is of, for requests to `self`.
    pub application: Weak<Application>,
    /// Where refusals are written.
    pub logs: Arc<Logs>,
    /// Identifier of the component.
    pub component: String,
}

/// The sending side of one instance.
pub struct Sender {
    network: Arc<Network>,
    origin: Origin,
}

impl Sender {
    /// For an instance that answers no request yet.
    pub fn new(network: Arc<Network>) -> Self {
        Self {
            network,
            origin: Origin::default(),
        }
    }

    /// Says on behalf of which request the instance sends from now on.
    pub fn answer(&mut self, origin: Origin) {
        self.origin = origin;
    }
}

impl WasiHttpHooks for Sender {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _response_processed: Exchange,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let network = Arc::clone(&self.network);
        let origin = self.origin.clone();
        Box::new(async move {
            let uri = request.uri().to_string();
            // Without an authority a URL would take its host from the path.
            if request.uri().authority().is_none() {
                return Err(Error::HttpRequestUriInvalid);
            }
            let url = Url::parse(&uri).map_err(|_| Error::HttpRequestUriInvalid)?;
            match network.outbound.allows(&url) {
                None => {
                    network.logs.note(format!(
                        "{}: a request to {} was refused: allowed_outbound_hosts has no entry for it",
                        network.component,
                        url.origin().ascii_serialization()
                    ));
                    Err(Error::HttpRequestDenied)
                }
                Some(Destination::Itself) => network.send_to_itself(request, origin).await,
                Some(Destination::Elsewhere) => {
                    network
                        .send_elsewhere(url, request, options.unwrap_or_default())
                        .await
                }
            }
        })
    }
}

impl Network {
    async fn send_to_itself(&self, mut request: http::Request<WasiBody>, origin: Origin) -> Sent {
        let application = self
            .application
            .upgrade()
            .ok_or(Error::DestinationUnavailable)?;
        if origin.depth == DEPTH {
            return Err(Error::LoopDetected);
        }
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = path.map_or_else(http::Uri::default, http::Uri::from);
        let host =
            http::HeaderValue::from_str(&origin.host).map_err(|_| Error::HttpRequestUriInvalid)?;
        request.headers_mut().insert(http::header::HOST, host);
        // One component's answer waits for another's: without a box the future would contain
        // itself.
        let answer: Pin<Box<dyn Future<Output = http::Response<WasiBody>> + Send>> =
            Box::pin(async move { application.serve(request, None, origin.depth + 1).await });
        Ok((answer.await, Box::new(async { Ok(()) })))
    }

    async fn send_elsewhere(
        &self,
        url: Url,
        request: http::Request<WasiBody>,
        options: RequestOptions,
    ) -> Sent {
        let (mut parts, body) = request.into_parts();
        // The client writes it from the URL, in the form that the connection needs.
        parts.headers.remove(http::header::HOST);
        let mut outgoing = self
            .client
            .request(parts.method, url)
            .headers(parts.headers);
        if !http_body::Body::is_end_stream(&body) {
            outgoing = outgoing.body(reqwest::Body::wrap_stream(body.into_data_stream()));
        }
        let connect = options.connect_timeout.unwrap_or(ANSWER);
        let first_byte = options.first_byte_timeout.unwrap_or(ANSWER);
        let answer = connect.saturating_add(first_byte).min(ANSWER);
        let response = tokio::time::timeout(answer, outgoing.send())
            .await
            .map_err(|_| Error::ConnectionTimeout)?
            .map_err(|error| self.failure(&error))?;
        let pause = options.between_bytes_timeout.unwrap_or(ANSWER).min(ANSWER);
        let response = http::Response::<reqwest::Body>::from(response);
        Ok((
            response.map(|body| with_pauses(body, pause)),
            Box::new(async { Ok(()) }),
        ))
    }

    fn failure(&self, error: &reqwest::Error) -> Error {
        // Only the log says what went wrong below; the component learns the class.
        self.logs.note(format!(
            "{}: a request failed: {:#}",
            self.component,
            Chain(error)
        ));
        if error.is_connect() {
            Error::ConnectionRefused
        } else if error.is_timeout() {
            Error::ConnectionTimeout
        } else {
            Error::HttpProtocolError
        }
    }
}

/// The body, ended with an error when nothing comes for the time of `pause`.
fn with_pauses(body: reqwest::Body, pause: Duration) -> WasiBody {
    let frames = futures::stream::try_unfold(body, move |mut body| async move {
        match tokio::time::timeout(pause, body.frame()).await {
            Err(_) => Err(Error::ConnectionReadTimeout),
            Ok(None) => Ok(None),
            Ok(Some(Ok(frame))) => Ok(Some((frame, body))),
            Ok(Some(Err(_))) => Err(Error::HttpResponseIncomplete),
        }
    });
    StreamBody::new(frames.map_ok(|frame: Frame<bytes::Bytes>| frame)).boxed_unsync()
}

/// An error with its causes, each once.
struct Chain<'a>(&'a reqwest::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = std::error::Error::source(self.0);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
