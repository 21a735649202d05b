//! Everything that leaves goes through here, where the journal is written.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};

use super::{HttpClient, TransportError};
use crate::journal::{By, Note, Receipt, Recorder};

/// Where requests are written down, and in whose name.
#[derive(Debug, Clone)]
pub(super) struct Record {
    recorder: Recorder,
    by: By,
}

impl HttpClient {
    /// The same client, whose requests are in this run's journal. A request that can't be written down does not leave. What the client is
    /// lent to for its requests, a session or a Bindle client, has them written down in its own name.
    ///
    /// Requests that are made with [`HttpClient::reqwest`] directly are in no journal: that is for downloads, which change nothing.
    #[must_use]
    pub fn recorded(&self, recorder: &Recorder) -> Self {
        let record = Record {
            recorder: recorder.clone(),
            by: By::Host,
        };
        Self {
            record: Some(record),
            ..self.clone()
        }
    }

    /// The same client, whose requests are written down, if they are, as sent by `by`.
    pub(crate) fn sent_by(&self, by: By) -> Self {
        let mut client = self.clone();
        if let Some(record) = &mut client.record {
            record.by = by;
        }
        client
    }

    /// The run whose journal the requests are in, if they are in any.
    pub fn recorder(&self) -> Option<&Recorder> {
        self.record.as_ref().map(|record| &record.recorder)
    }

    /// Sends a request by one of this client's pools, with its line in the journal before it. The receipt has to be told what comes of the
    /// answer's body; [`Recorded`] does so.
    pub(crate) async fn execute(
        &self,
        pool: &reqwest::Client,
        request: reqwest::Request,
        note: Note,
    ) -> Result<(reqwest::Response, Receipt), TransportError> {
        let mut receipt = match &self.record {
            None => Receipt::none(),
            Some(Record { recorder, by }) => recorder
                .request(*by, &request, note)
                .await
                .map_err(|error| TransportError::unrecorded(request.url(), error))?,
        };
        let url = request.url().clone();
        match pool.execute(request).await {
            Ok(response) => {
                receipt.status(response.status().as_u16());
                Ok((response, receipt))
            }
            Err(error) => {
                let error = TransportError::at(&url, error);
                receipt.failed(error.reason(), error.never_sent());
                Err(error)
            }
        }
    }

    /// As [`execute`](Self::execute), for those who take the answer as it comes.
    pub(crate) async fn fetch(
        &self,
        pool: &reqwest::Client,
        request: reqwest::Request,
        note: Note,
    ) -> Result<reqwest::Response, TransportError> {
        let (response, receipt) = self.execute(pool, request, note).await?;
        if !receipt.is_open() {
            return Ok(response);
        }
        let response = Response::<reqwest::Body>::from(response);
        let response = response.map(|body| reqwest::Body::wrap(Recorded::new(body, receipt)));
        Ok(response.into())
    }
}

/// The body of an answer whose size and digest go into the journal when it ends.
#[derive(Debug)]
pub(crate) struct Recorded<B> {
    body: B,
    receipt: Receipt,
}

impl<B: Body> Recorded<B> {
    /// What `body` gives from now on is what the journal says of it.
    pub(crate) fn new(body: B, mut receipt: Receipt) -> Self {
        if body.is_end_stream() {
            receipt.complete();
        }
        Self { body, receipt }
    }
}

impl<B> Body for Recorded<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: fmt::Display,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.body).poll_frame(context);
        match &polled {
            Poll::Pending => {}
            Poll::Ready(None) => this.receipt.complete(),
            Poll::Ready(Some(Err(error))) => this.receipt.failed(&error.to_string(), false),
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    this.receipt.data(data);
                }
                if this.body.is_end_stream() {
                    this.receipt.complete();
                }
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
