//! Pushing a bundle: resumable, and the same however often it is done.
//!
//! What the reference server says has to be taken with care. Creating an
//! invoice reports a parcel as present as soon as somebody began to upload it,
//! so only `_r/missing` (or a look at the parcel itself) counts as proof. An
//! upload may be answered 409, or break, although or because the parcel is
//! there. So nothing is believed or given up before it was asked for again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bowline_app::invoice::{Invoice, InvoiceCreated, Label};
use bowline_app::{BindleId, Bundle, Content, Digest};
use futures::StreamExt as _;
use http::{Method, StatusCode};

use super::address::Root;
use super::error::Error;
use super::progress::{Event, Progress, Waiting};
use super::timing::jitter;
use super::upload::{Batch, Uploader};
use super::wire::Wire;
use super::{Client, Receipt, create};

/// From this many parcels on, the reference server's list of missing parcels
/// is avoided where single questions do. Its cost grows with the square of their
/// number: 250 take it a hundredth of their upload, 1,000 a tenth.
const MANY_PARCELS: usize = 250;
/// Single questions asked at once.
const QUESTIONS: usize = 8;

impl Client {
    /// Pushes a bundle: signs and creates the invoice, uploads the parcels that
    /// the server lacks, and makes sure that it has all in the end. Pushing what
    /// is there already sends nothing; pushing again after an interruption
    /// completes what is missing.
    ///
    /// **Cancelling.** Dropping the returned future stops the push: no further
    /// upload starts. Uploads that run go on in tasks of their own, because the
    /// reference server refuses a digest for ever after its upload was cut; call
    /// [`Client::settle`] before the runtime is shut down. The same holds when
    /// one parcel fails: its siblings end first, then the error is returned.
    ///
    /// Must be called within a tokio runtime. Memory stays below 64 MiB whatever
    /// the sizes: parcels up to 8 MiB are sent from memory, larger ones from a
    /// temporary copy.
    ///
    /// # Errors
    /// [`Error`]. Whatever it is, pushing again is safe.
    pub async fn push(
        &self,
        bundle: &Bundle,
        progress: Arc<dyn Progress>,
    ) -> Result<Receipt, Error> {
        let wire = self.wire();
        let id = bundle.id().clone();
        let parcels = parcels(bundle, &id)?;
        let root = wire.root(&*progress).await?.clone();
        let mut invoice = bundle.invoice().clone();
        if let Some(signer) = &self.inner.signer {
            let signature = signer.sign(&invoice, SystemTime::now());
            invoice.signature.push(signature);
        }
        let created = create::invoice(self, &root, &id, &invoice, &*progress).await?;
        let mut push = Push {
            wire,
            uploader: &self.inner.uploader,
            root,
            id,
            parcels,
            progress,
            stored: BTreeSet::new(),
            unsure: BTreeSet::new(),
            doubted: BTreeSet::new(),
        };
        let existed = created.existed;
        let missing = match created.missing {
            Some(labels) => {
                let missing = push.ours(&labels)?;
                push.doubted = push
                    .all()
                    .filter(|digest| !missing.contains(digest))
                    .collect();
                missing
            }
            None => push.lacking().await?,
        };
        let nothing_to_do = existed && missing.is_empty();
        if !nothing_to_do {
            push.complete(missing).await?;
        }
        let uploaded: BTreeSet<_> = push.stored.union(&push.unsure).collect();
        Ok(Receipt {
            id: push.id.to_string(),
            existed: nothing_to_do,
            uploaded: uploaded.len(),
            uploaded_bytes: uploaded
                .iter()
                .filter_map(|digest| push.parcels.get(digest))
                .map(Content::size)
                .sum(),
            reused: push.parcels.len() - uploaded.len(),
            signed: created.signed,
            archives: bundle.archives(),
        })
    }
}

/// The contents by digest, after checking that the invoice names nothing else.
fn parcels(bundle: &Bundle, id: &BindleId) -> Result<BTreeMap<Digest, Content>, Error> {
    let parcels: BTreeMap<_, _> = bundle
        .contents()
        .iter()
        .map(|content| (content.digest(), content.clone()))
        .collect();
    for parcel in &bundle.invoice().parcel {
        let label = &parcel.label;
        let content = label
            .sha256
            .parse()
            .ok()
            .and_then(|digest: Digest| parcels.get(&digest));
        if content.is_none_or(|content| content.size() != label.size) {
            return Err(Error::Bundle {
                id: id.to_string(),
                reason: format!("the parcel `{}` is not among its contents", label.name),
            });
        }
    }
    Ok(parcels)
}

/// A push after its invoice was created.
struct Push<'a> {
    wire: &'a Wire,
    uploader: &'a Arc<Uploader>,
    root: Root,
    id: BindleId,
    parcels: BTreeMap<Digest, Content>,
    progress: Arc<dyn Progress>,
    /// Confirmed by the server in answer to our upload.
    stored: BTreeSet<Digest>,
    /// Sent, and the answer lost.
    unsure: BTreeSet<Digest>,
    /// The server claims to have something under this digest.
    doubted: BTreeSet<Digest>,
}

impl Push<'_> {
    fn all(&self) -> impl Iterator<Item = Digest> + '_ {
        self.parcels.keys().copied()
    }

    fn ours(&self, labels: &[Label]) -> Result<BTreeSet<Digest>, Error> {
        self.wire
            .digests(labels, |digest| self.parcels.contains_key(digest))
    }

    /// Uploads until the server lacks nothing.
    async fn complete(&mut self, missing: BTreeSet<Digest>) -> Result<(), Error> {
        let mut todo = missing;
        let mut repetition = 0;
        let mut pauses = self.wire.timing().conflict_pauses.clone().into_iter();
        let mut last_try_over = false;
        loop {
            let batch = self.upload(&todo).await?;
            let stored_before = self.stored.len();
            self.stored.extend(&batch.stored);
            self.unsure.extend(&batch.unsure);
            self.doubted.extend(&batch.conflicts);
            if self.stored.len() > stored_before {
                repetition = 0;
            }
            let missing = self.lacking().await?;
            if missing.is_empty() {
                return Ok(());
            }
            let free: BTreeSet<_> = missing.difference(&self.doubted).copied().collect();
            if !free.is_empty() {
                todo = free;
                self.pause(repetition, batch).await?;
                repetition += 1;
            } else if let Some(pause) = pauses.next() {
                // Somebody else may be in the middle of uploading these.
                todo = BTreeSet::new();
                self.wait(
                    Waiting::OtherUpload {
                        parcels: missing.len(),
                    },
                    jitter(pause),
                )
                .await;
            } else if !last_try_over {
                last_try_over = true;
                self.doubted.clear();
                todo = missing;
            } else if let Some(digest) = missing.first() {
                return Err(Error::PoisonedParcel {
                    server: self.wire.server(),
                    digest: *digest,
                });
            }
        }
    }

    async fn upload(&self, todo: &BTreeSet<Digest>) -> Result<Batch, Error> {
        let parcels: Vec<Content> = todo
            .iter()
            .filter_map(|digest| self.parcels.get(digest))
            .cloned()
            .collect();
        if parcels.is_empty() {
            return Ok(Batch::default());
        }
        self.progress.event(Event::Planned {
            parcels: parcels.len(),
            bytes: parcels.iter().map(Content::size).sum(),
            reused: self.parcels.len() - parcels.len(),
        });
        self.uploader
            .batch(&self.root, &self.id, parcels, &self.progress)
            .await
    }

    /// Pauses before uploads are repeated, or gives up on them.
    async fn pause(&self, repetition: u32, batch: Batch) -> Result<(), Error> {
        let timing = self.wire.timing();
        if repetition >= timing.retries {
            return Err(batch.trouble.unwrap_or_else(|| {
                self.wire.not_bindle(
                    StatusCode::OK,
                    "it confirms parcels and then says that it lacks them".to_owned(),
                )
            }));
        }
        self.wait(
            Waiting::ServerTrouble,
            timing.pause(repetition, batch.asked),
        )
        .await;
        Ok(())
    }

    async fn wait(&self, reason: Waiting, pause: Duration) {
        self.progress.event(Event::Waiting { reason, pause });
        tokio::time::sleep(pause).await;
    }

    /// What the server truly lacks.
    async fn lacking(&self) -> Result<BTreeSet<Digest>, Error> {
        let unproven: Vec<Digest> = self
            .all()
            .filter(|digest| !self.stored.contains(digest))
            .collect();
        if self.parcels.len() > MANY_PARCELS
            && unproven.len() < self.parcels.len() / 2
            && self.has_each(unproven).await?
        {
            return Ok(BTreeSet::new());
        }
        let labels = self.wire.lacking(&*self.progress, &self.root, &self.id);
        self.ours(&labels.await?)
    }

    /// Looks at single parcels, and says whether the server proves to have all. The
    /// reference server answers HEAD with 200 whether or not it has the parcel, but
    /// with its length only when it has. An answer without it proves nothing: a
    /// proxy may have taken the length away, and an authorising server demands
    /// more rights for HEAD than for GET.
    async fn has_each(&self, digests: Vec<Digest>) -> Result<bool, Error> {
        let mut answers = futures::stream::iter(digests)
            .map(|digest| async move {
                let url = self.root.parcel(&self.id, &digest);
                let ask = || self.wire.request(Method::HEAD, &url);
                (digest, self.wire.ask(&*self.progress, ask).await)
            })
            .buffer_unordered(QUESTIONS);
        while let Some((digest, answer)) = answers.next().await {
            let answer = answer?;
            let size = self.parcels.get(&digest).map(Content::size);
            if answer.status != StatusCode::OK || answer.content_length() != size {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// An invoice that the server has now.
pub(super) struct Created {
    /// It was there before.
    pub(super) existed: bool,
    /// What the server says it lacks, when it said so.
    pub(super) missing: Option<Vec<Label>>,
    /// It was sent with our signature.
    pub(super) signed: bool,
}

impl Created {
    pub(super) fn new(answer: InvoiceCreated, signed: bool) -> Self {
        Self {
            existed: false,
            missing: Some(answer.missing.unwrap_or_default()),
            signed,
        }
    }

    pub(super) fn found(invoice: &Invoice, key: Option<&str>) -> Self {
        let signed = key.is_some_and(|key| invoice.signature.iter().any(|by| by.key == key));
        Self {
            existed: true,
            missing: None,
            signed,
        }
    }
}
