//! The Bindle crate's file store, made to forget uploads that were cut.
//!
//! The store keeps the folder of a parcel whose upload failed, and refuses that SHA-256 for ever
//! after (`deislabs/bindle` 0.9.1, `provider/file`). On a developer's machine an upload is cut by
//! every Ctrl-C, so here the folder goes when the upload fails.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bindle::provider::file::{FileProvider, PARCEL_DAT, PARCEL_DIRECTORY};
use bindle::provider::{Provider, ProviderError, Result};
use bindle::search::StrictEngine;
use bindle::verification::Verified;
use bindle::{Id, Invoice, Label, Signed};
use bytes::{Buf, Bytes};
use futures::Stream;

/// A file store in which a cut upload leaves nothing behind.
#[derive(Clone)]
pub(crate) struct BindleStore {
    files: FileProvider<StrictEngine>,
    parcels: PathBuf,
    /// The parcels that are being written, so that one upload never removes another's.
    uploads: Arc<Mutex<HashSet<String>>>,
}

impl BindleStore {
    /// Opens the store in `folder` and fills `index` from its invoices.
    pub(crate) async fn open(folder: &Path, index: StrictEngine) -> Self {
        Self {
            files: FileProvider::new(folder, index).await,
            parcels: folder.join(PARCEL_DIRECTORY),
            uploads: Arc::default(),
        }
    }
}

#[async_trait::async_trait]
impl Provider for BindleStore {
    async fn create_invoice<I>(&self, invoice: I) -> Result<(Invoice, Vec<Label>)>
    where
        I: Signed + Verified + Send + Sync,
    {
        self.files.create_invoice(invoice).await
    }

    async fn get_yanked_invoice<I>(&self, id: I) -> Result<Invoice>
    where
        I: TryInto<Id> + Send,
        I::Error: Into<ProviderError>,
    {
        self.files.get_yanked_invoice(id).await
    }

    async fn yank_invoice<I>(&self, id: I) -> Result<()>
    where
        I: TryInto<Id> + Send,
        I::Error: Into<ProviderError>,
    {
        self.files.yank_invoice(id).await
    }

    async fn create_parcel<I, R, B>(&self, id: I, sha256: &str, data: R) -> Result<()>
    where
        I: TryInto<Id> + Send,
        I::Error: Into<ProviderError>,
        R: Stream<Item = std::io::Result<B>> + Unpin + Send + Sync + 'static,
        B: Buf + Send,
    {
        // The store makes a path of it, wherever an invoice's author wants that to lead.
        if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ProviderError::DigestMismatch);
        }
        let upload = Upload::begin(self, sha256)?;
        let done = self.files.create_parcel(id, sha256, data).await;
        drop(upload);
        done
    }

    async fn get_parcel<I>(
        &self,
        id: I,
        sha256: &str,
    ) -> Result<Box<dyn Stream<Item = Result<Bytes>> + Unpin + Send + Sync>>
    where
        I: TryInto<Id> + Send,
        I::Error: Into<ProviderError>,
    {
        self.files.get_parcel(id, sha256).await
    }

    async fn parcel_exists<I>(&self, id: I, sha256: &str) -> Result<bool>
    where
        I: TryInto<Id> + Send,
        I::Error: Into<ProviderError>,
    {
        self.files.parcel_exists(id, sha256).await
    }
}

/// The upload of one parcel; when it ends, or is dropped in the middle because its client went
/// away, what is not a whole parcel is removed.
struct Upload {
    sha256: String,
    folder: PathBuf,
    uploads: Arc<Mutex<HashSet<String>>>,
}

impl Upload {
    /// Fails when the parcel is being uploaded already, with what the store says to that.
    fn begin(store: &BindleStore, sha256: &str) -> Result<Self> {
        let mut uploads = store.uploads.lock().unwrap_or_else(PoisonError::into_inner);
        if !uploads.insert(sha256.to_owned()) {
            return Err(ProviderError::Exists);
        }
        Ok(Self {
            sha256: sha256.to_owned(),
            folder: store.parcels.join(sha256),
            uploads: Arc::clone(&store.uploads),
        })
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let mut uploads = self.uploads.lock().unwrap_or_else(PoisonError::into_inner);
        if self.folder.is_dir() && !self.folder.join(PARCEL_DAT).is_file() {
            match std::fs::remove_dir_all(&self.folder) {
                Ok(()) => tracing::info!(sha256 = %self.sha256, "removed an upload that was cut"),
                Err(error) => {
                    tracing::warn!(sha256 = %self.sha256, %error, "can't remove an upload that was cut");
                }
            }
        }
        uploads.remove(&self.sha256);
    }
}
