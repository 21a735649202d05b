//! Capability `bindle`: the Bindle server that the environment names.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use bowline_app::{Application, BindleId, Bundle, PackError, archive};
use wasmtime::component::Resource;

use super::source::unreadable;
use super::{Archive, Client, Error, Event, Progress};
use crate::application::ApplicationHandle;
use crate::bindings::{bindle, failure};
use crate::error::Denial;
use crate::limits::LimitExceeded;
use crate::observer::{Observer, Upload};
use crate::state::{Capabilities, GuestError, Run};

impl bindle::Host for Capabilities<'_> {
    async fn accept_archives(&mut self) -> wasmtime::Result<()> {
        self.run.archives_accepted.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn push(
        &mut self,
        app: Resource<ApplicationHandle>,
        id: String,
    ) -> Result<bindle::Receipt, GuestError> {
        if self.run.operation.only_looks() {
            let denial = Denial::Write {
                what: "a push to Bindle".to_owned(),
                during: self.run.operation,
            };
            return Err(refused(&self.run.deny(denial)));
        }
        let application = Arc::clone(self.table.get(&app)?.application());
        let client = self.client()?;
        let progress = Arc::new(Uploads::new(Arc::clone(&self.run.observer)));
        let push = self.run.in_a_form(&client, &application, &id, |bundle| {
            let (client, progress) = (client.clone(), Arc::clone(&progress));
            async move { client.push(&bundle, progress).await }
        });
        let lent = self.run.lent("Bindle").map_err(|denial| refused(&denial))?;
        // Parcels that have begun go on in tasks of their own.
        let pushed = self.run.while_granted(lent, push).await;
        let receipt = pushed.map_err(|denial| refused(&denial))??;
        self.run.observer.pushed(&receipt);
        Ok(bindle::Receipt {
            id: receipt.id,
            existed: receipt.existed,
            uploaded: u32::try_from(receipt.uploaded).unwrap_or(u32::MAX),
            uploaded_bytes: receipt.uploaded_bytes,
            reused: u32::try_from(receipt.reused).unwrap_or(u32::MAX),
        })
    }

    async fn preview(
        &mut self,
        app: Resource<ApplicationHandle>,
        id: String,
    ) -> Result<bindle::PushPreview, GuestError> {
        let application = Arc::clone(self.table.get(&app)?.application());
        let client = self.client()?;
        let preview = self
            .run
            .in_a_form(&client, &application, &id, |bundle| {
                let client = client.clone();
                async move { client.preview(&bundle).await }
            })
            .await?;
        let count = |parcels: usize| u32::try_from(parcels).unwrap_or(u32::MAX);
        Ok(bindle::PushPreview {
            exists: preview.exists,
            upload: count(preview.upload),
            upload_bytes: preview.upload_bytes,
            present: count(preview.present),
            exact: preview.exact,
        })
    }

    async fn exists(&mut self, id: String) -> Result<bool, GuestError> {
        let client = self.client()?;
        let id = parse(&id)?;
        client
            .exists(&id)
            .await
            .map_err(|error| self.run.failed(error))
    }

    async fn versions(&mut self, name: String) -> Result<Vec<String>, GuestError> {
        let versions = self
            .client()?
            .versions(&name)
            .await
            .map_err(|error| self.run.failed(error))?;
        Ok(versions.iter().map(ToString::to_string).collect())
    }
}

impl Capabilities<'_> {
    /// The client, for one more question, if its use is granted.
    fn client(&self) -> Result<Client, GuestError> {
        let lent = self.run.lent("Bindle").map_err(|denial| refused(&denial))?;
        self.run.granted(lent).map_err(|denial| refused(&denial))?;
        let Some(client) = &lent.bindle else {
            return Err(refused(&self.run.deny(Denial::Bindle)));
        };
        let limit = self.run.limits.requests;
        if !Run::count(&self.run.requests, limit) {
            self.run.exceed(LimitExceeded::Requests(limit));
            let text = format!("the host allows {limit} requests in one operation, and no more");
            return Err(failure::Error::Unavailable(text).into());
        }
        Ok(client.clone())
    }
}

impl Run {
    /// Packs the application in the form that is wanted and has `work` done with it. If the server holds the same revision in the other
    /// form, which is the same content, and the platform reads that, then with that one.
    async fn in_a_form<T, F>(
        &self,
        client: &Client,
        application: &Arc<Application>,
        id: &str,
        work: impl Fn(Bundle) -> F + Send,
    ) -> Result<T, GuestError>
    where
        F: Future<Output = Result<T, Error>> + Send,
    {
        let id = self.id_of(application, id)?;
        let files = archive::files(application);
        let accepted = self.archives_accepted.load(Ordering::Relaxed);
        let archived = match client.inner.archive {
            Archive::Always if !accepted => {
                let text = "archives are asked for, and the platform does not say that it reads them: deploy without asking for archives";
                return Err(failure::Error::UnsupportedApplication(text.to_owned()).into());
            }
            Archive::Always => true,
            Archive::Never => false,
            Archive::Auto => accepted && files > archive::MANY_FILES,
        };
        let bundle = self.pack(application, &id, archived).await?;
        self.observer.packed(files, bundle.archives());
        let taken = match work(bundle).await {
            Err(taken @ Error::VersionTaken { .. }) if accepted => taken,
            result => return result.map_err(|error| self.failed(error)),
        };
        let bundle = self.pack(application, &id, !archived).await?;
        let archives = bundle.archives();
        match work(bundle).await {
            Err(Error::VersionTaken { .. }) => Err(self.failed(taken)),
            result => {
                self.observer.packed(files, archives);
                result.map_err(|error| self.failed(error))
            }
        }
    }

    /// The id under which the application is pushed, signed by its user: its own, not another application's, and none of its coming versions.
    fn id_of(&self, application: &Application, id: &str) -> Result<BindleId, GuestError> {
        let id = parse(id)?;
        let own = [application.version(), application.revision_version()];
        if id.name() == application.name() && own.contains(&id.version()) {
            return Ok(id);
        }
        let (name, revision) = (application.name(), application.revision());
        let what = format!("the bindle {id}, where {name}/{revision} is deployed");
        Err(refused(&self.deny(Denial::Request(what))))
    }

    /// The application as a bundle of this id.
    async fn pack(
        &self,
        application: &Arc<Application>,
        id: &BindleId,
        archived: bool,
    ) -> Result<Bundle, GuestError> {
        let (application, id) = (Arc::clone(application), id.clone());
        // Packing hashes, and writes TOML of some thousand parcels: work for a thread that may block.
        let packing = tokio::task::spawn_blocking(move || {
            if archived {
                Bundle::pack_archived(&application, id)
            } else {
                Bundle::pack(&application, id)
            }
        });
        let packed = packing
            .await
            .map_err(|error| GuestError::Trap(wasmtime::Error::msg(error.to_string())))?;
        packed.map_err(|error| match error {
            PackError::File(error) => self.failed(unreadable(error)),
            error => failure::Error::UnsupportedApplication(chain(&error)).into(),
        })
    }

    /// The error as the guest sees it. What the server could not be reached for is noted for the user, too.
    fn failed(&self, error: Error) -> GuestError {
        if let Error::Unreachable(transport) = &error {
            self.unanswered(transport);
        }
        let text = chain(&error);
        match error {
            Error::VersionTaken { .. } | Error::Yanked { .. } | Error::ContentChanged { .. } => {
                failure::Error::Conflict(text)
            }
            Error::Unauthorized { .. } => {
                // Noted, for the user to be told which of the logins it was, and the target not to be asked for another.
                self.report().bindle_login = Some(error);
                failure::Error::Unauthenticated(text)
            }
            Error::Forbidden { .. } | Error::SignatureRefused { .. } => {
                failure::Error::Forbidden(text)
            }
            Error::Unreachable(_)
            | Error::TimedOut { .. }
            | Error::Unavailable { .. }
            | Error::File { .. }
            | Error::Unpacked(_)
            | Error::Cancelled => failure::Error::Unavailable(text),
            Error::TooLarge { .. } | Error::Bundle { .. } => {
                failure::Error::UnsupportedApplication(text)
            }
            Error::PoisonedParcel { .. }
            | Error::StuckInvoice { .. }
            | Error::NotBindle { .. }
            | Error::Refused { .. } => failure::Error::Unexpected(text),
        }
        .into()
    }
}

fn parse(id: &str) -> Result<BindleId, GuestError> {
    id.parse()
        .map_err(|error| failure::Error::UnsupportedApplication(chain(&error)).into())
}

fn refused(denial: &Denial) -> GuestError {
    failure::Error::Forbidden(format!("the host refused {denial}")).into()
}

/// An error and its causes in one line: guests have no chains.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        // It says in plain words what its causes say in those of the HTTP library.
        next = if cause.is::<crate::TransportError>() {
            None
        } else {
            cause.source()
        };
    }
    text
}

/// Adds up what a push tells, for [`Observer::upload`].
struct Uploads {
    observer: Arc<dyn Observer>,
    state: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    upload: Upload,
    /// Bytes that were done with before the server asked for more.
    stored_bytes: u64,
}

impl Uploads {
    fn new(observer: Arc<dyn Observer>) -> Self {
        Self {
            observer,
            state: Mutex::default(),
        }
    }
}

impl Progress for Uploads {
    fn event(&self, event: Event<'_>) {
        let upload = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let Counted {
                upload,
                stored_bytes,
            } = &mut *state;
            match event {
                Event::Planned { parcels, bytes, .. } => {
                    let parcels = u32::try_from(parcels).unwrap_or(u32::MAX);
                    upload.parcels = upload.stored.saturating_add(parcels);
                    upload.total = stored_bytes.saturating_add(bytes);
                }
                Event::Sent { bytes } => upload.sent = upload.sent.saturating_add(bytes),
                Event::Withdrawn { bytes } => upload.sent = upload.sent.saturating_sub(bytes),
                Event::Stored { size, .. } => {
                    *stored_bytes = stored_bytes.saturating_add(size);
                    upload.stored = upload.stored.saturating_add(1);
                }
                Event::Waiting { .. } | Event::Unsigned => return,
            }
            Upload {
                sent: upload.sent.min(upload.total),
                ..*upload
            }
        };
        self.observer.upload(&upload);
    }
}
