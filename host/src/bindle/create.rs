//! Creating an invoice, or finding the same one on the server.

use bowline_app::BindleId;
use bowline_app::invoice::{Invoice, InvoiceCreated, MEDIA_TYPE};
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};

use super::Client;
use super::address::Root;
use super::compare;
use super::error::Error;
use super::progress::{Event, Progress, Silent, Waiting};
use super::push::Created;
use super::timing::jitter;
use super::wire::{Answer, Wire};

/// The first line of servers that insist on signatures.
const SIGNED_SINCE: semver::Version = semver::Version::new(0, 9, 0);

/// Creates `invoice`, which carries our signature if we have a key.
pub(super) async fn invoice(
    client: &Client,
    root: &Root,
    id: &BindleId,
    invoice: &Invoice,
    progress: &dyn Progress,
) -> Result<Created, Error> {
    let creation = Creation {
        client,
        wire: client.wire(),
        root,
        id,
        progress,
    };
    match creation.create(invoice).await? {
        Reply::Created(created) => Ok(created),
        Reply::SignatureRefused(message) => {
            if client.inner.signer.is_some() && !creation.insists_on_signatures().await {
                progress.event(Event::Unsigned);
                let mut unsigned = invoice.clone();
                unsigned.signature.clear();
                if let Reply::Created(created) = creation.create(&unsigned).await? {
                    return Ok(created);
                }
            }
            Err(creation.signature_refused(message))
        }
    }
}

/// Whether the server has this very bundle's invoice. It only asks.
pub(super) async fn exists(
    client: &Client,
    root: &Root,
    id: &BindleId,
    invoice: &Invoice,
) -> Result<bool, Error> {
    let question = Creation {
        client,
        wire: client.wire(),
        root,
        id,
        progress: &Silent,
    };
    Ok(question.existing(invoice).await?.is_some())
}

enum Reply {
    Created(Created),
    SignatureRefused(String),
}

struct Creation<'a> {
    client: &'a Client,
    wire: &'a Wire,
    root: &'a Root,
    id: &'a BindleId,
    progress: &'a dyn Progress,
}

impl Creation<'_> {
    async fn create(&self, invoice: &Invoice) -> Result<Reply, Error> {
        let body = bytes::Bytes::from(invoice.to_toml().map_err(|error| Error::Bundle {
            id: self.id.to_string(),
            reason: error.to_string(),
        })?);
        let url = self.root.invoices();
        let mut pauses = self.wire.timing().conflict_pauses.iter();
        loop {
            // Repeating is safe: if an earlier attempt succeeded, this one finds the invoice.
            let answer = self
                .wire
                .ask(self.progress, || {
                    self.wire
                        .request(Method::POST, &url)
                        .header(CONTENT_TYPE, MEDIA_TYPE)
                        .body(body.clone())
                })
                .await?;
            match answer.status {
                StatusCode::CREATED | StatusCode::ACCEPTED => {
                    return self.created(&answer, invoice).map(Reply::Created);
                }
                StatusCode::CONFLICT => {}
                StatusCode::BAD_REQUEST => {
                    return match answer.error().filter(|said| is_about_signature(said)) {
                        Some(said) => Ok(Reply::SignatureRefused(said)),
                        None => Err(self.refused(&answer)),
                    };
                }
                _ => return Err(self.refused(&answer)),
            }
            if let Some(created) = self.existing(invoice).await? {
                return Ok(Reply::Created(created));
            }
            // Somebody is creating it this moment, or was stopped in the middle.
            let Some(pause) = pauses.next().copied().map(jitter) else {
                return Err(Error::StuckInvoice {
                    server: self.wire.server(),
                    id: self.id.to_string(),
                });
            };
            self.progress.event(Event::Waiting {
                reason: Waiting::OtherUpload { parcels: 0 },
                pause,
            });
            tokio::time::sleep(pause).await;
        }
    }

    fn refused(&self, answer: &Answer) -> Error {
        self.wire.refusal(
            answer,
            &format!("the invoice of {}", self.id),
            Some(self.id),
        )
    }

    fn created(&self, answer: &Answer, invoice: &Invoice) -> Result<Created, Error> {
        let created = self.wire.expect(answer, InvoiceCreated::from_toml)?;
        let spec = &created.invoice.bindle;
        if spec.name != invoice.bindle.name || spec.version != invoice.bindle.version {
            let excerpt = "it confirms another bindle than the one sent".to_owned();
            return Err(self.wire.not_bindle(answer.status, excerpt));
        }
        Ok(Created::new(created, !invoice.signature.is_empty()))
    }

    /// The invoice that is there already, if it is ours; `None` when the server does not show any.
    async fn existing(&self, invoice: &Invoice) -> Result<Option<Created>, Error> {
        let url = format!("{}?yanked=true", self.root.invoice(self.id));
        let answer = self
            .wire
            .ask(self.progress, || self.wire.request(Method::GET, &url))
            .await?;
        match answer.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND if answer.error().is_some() => return Ok(None),
            _ => return Err(self.refused(&answer)),
        }
        let theirs = self.wire.expect(&answer, Invoice::from_toml)?;
        let (server, id) = (self.wire.server(), self.id.to_string());
        if theirs.yanked == Some(true) {
            return Err(Error::Yanked { server, id });
        }
        match compare::difference(&theirs, invoice) {
            Some(difference) => Err(Error::VersionTaken {
                server,
                id,
                difference,
            }),
            None => {
                let key = self.client.public_key();
                Ok(Some(Created::found(&theirs, key.as_deref())))
            }
        }
    }

    /// Servers before 0.9 take invoices without any signature and refuse those
    /// with one they do not know. A server that does not tell its version is
    /// asked: if it insists, it refuses, and nothing is lost.
    async fn insists_on_signatures(&self) -> bool {
        self.wire
            .version(self.progress)
            .await
            .is_some_and(|version| version >= SIGNED_SINCE)
    }

    fn signature_refused(&self, message: String) -> Error {
        let signer = self.client.inner.signer.as_ref();
        Error::SignatureRefused {
            server: self.wire.server(),
            message,
            label: signer.map_or_else(|| "(none)".to_owned(), |signer| signer.label().to_owned()),
            public_key: signer.map_or_else(|| "(none)".to_owned(), |signer| signer.public_key()),
        }
    }
}

/// Whether a refusal is about who signed. The reference server has no code for
/// that, only its `SignatureError` texts; those that tell of its own trouble
/// (its key is ours, or it has none) are left out.
fn is_about_signature(said: &str) -> bool {
    [
        "cannot be verified",
        "key is corrupt for",
        "signature block is corrupt",
        "unknown signing key",
        "made with a known key",
        "failed signature check",
    ]
    .iter()
    .any(|text| said.contains(text))
}
