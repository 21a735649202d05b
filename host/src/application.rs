//! Capability `application`: what is deployed, to look at and to read.

use std::io::{ErrorKind, Read};
use std::sync::{Arc, OnceLock, Weak};

use bowline_app::{Application, Content, Digest};
use bytes::Bytes;
use futures::TryStreamExt as _;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use sha2::{Digest as _, Sha256};
use wasmtime::component::Resource;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::bindings::{application, failure};
use crate::state::{Capabilities, GuestError};

/// Bytes that one `read` gives at most, whatever the guest asks for.
const MAX_READ: u32 = 1 << 20;

/// Bytes that are read at once of what the host sends itself.
const PIECE: u32 = 256 << 10;

/// What a guest's `application` handle stands for.
pub struct ApplicationHandle(Arc<Application>);

impl ApplicationHandle {
    pub(crate) fn new(application: Arc<Application>) -> Self {
        Self(application)
    }

    pub(crate) fn application(&self) -> &Arc<Application> {
        &self.0
    }
}

/// What a guest's `reader` handle stands for.
pub struct Reader {
    /// Gone while a read is under way, and for good after an error.
    source: Option<Source>,
}

struct Source {
    bytes: Box<dyn Read + Send>,
    /// Bytes that are still to be read, unless the file has changed.
    left: u64,
    expected: Digest,
    hash: Sha256,
}

/// Why a content can't be read to its end.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error("the content can't be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("the file with SHA-256 {0} has changed since the application was read")]
    Changed(Digest),
    #[error("reading this content has failed before")]
    Before,
}

impl From<ReadError> for failure::Error {
    fn from(error: ReadError) -> Self {
        let text = error.to_string();
        match error {
            ReadError::Changed(_) => Self::Conflict(text),
            ReadError::Io(_) | ReadError::Before => Self::Unavailable(text),
        }
    }
}

impl Source {
    /// The next bytes. At the end it is checked that they were those that were hashed when the application was loaded.
    fn read(&mut self, max: u32) -> Result<Vec<u8>, ReadError> {
        let mut chunk = vec![0; max.min(MAX_READ) as usize];
        let mut filled = 0;
        while filled < chunk.len() {
            match self.bytes.read(&mut chunk[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        chunk.truncate(filled);
        self.hash.update(&chunk);
        self.left = self.left.saturating_sub(filled as u64);
        if filled == 0 && max > 0 {
            self.check()?;
        }
        Ok(chunk)
    }

    /// Whether what was read is what was hashed.
    fn check(&self) -> Result<(), ReadError> {
        let read = Digest::from_bytes(self.hash.clone().finalize().into());
        if read == self.expected {
            Ok(())
        } else {
            Err(ReadError::Changed(self.expected))
        }
    }
}

impl Reader {
    /// What is still to be read, as a request's body, and its length in bytes. What reading it fails with is noted in `failed`.
    ///
    /// The last piece comes after the check that all of them are what was hashed when the application was loaded: of a file that has changed,
    /// no server gets as many bytes as it was told to expect.
    pub(crate) fn send(self, failed: Weak<OnceLock<failure::Error>>) -> (WasiBody, u64) {
        let length = self.source.as_ref().map_or(0, |source| source.left);
        let pieces = futures::stream::try_unfold(self.source, async |source| {
            let mut source = source.ok_or(ReadError::Before)?;
            if source.left == 0 {
                return Ok(None);
            }
            let piece = tokio::task::spawn_blocking(move || {
                let most = u32::try_from(source.left).map_or(PIECE, |left| left.min(PIECE));
                let piece = source.read(most)?;
                if source.left == 0 {
                    source.check()?;
                }
                Ok(Some((Frame::data(Bytes::from(piece)), Some(source))))
            });
            piece.await.map_err(std::io::Error::other)?
        });
        let pieces = pieces.map_err(move |error: ReadError| {
            if let Some(failed) = failed.upgrade() {
                failed.get_or_init(|| error.into());
            }
            Error::ConnectionTerminated
        });
        (StreamBody::new(pieces).boxed_unsync(), length)
    }
}

impl application::Host for Capabilities<'_> {}

impl application::HostApplication for Capabilities<'_> {
    fn name(&mut self, handle: Resource<ApplicationHandle>) -> wasmtime::Result<String> {
        Ok(self.app(&handle)?.name().to_owned())
    }

    fn version(&mut self, handle: Resource<ApplicationHandle>) -> wasmtime::Result<String> {
        Ok(self.app(&handle)?.version().to_string())
    }

    fn description(
        &mut self,
        handle: Resource<ApplicationHandle>,
    ) -> wasmtime::Result<Option<String>> {
        Ok(self.app(&handle)?.description().map(str::to_owned))
    }

    fn authors(&mut self, handle: Resource<ApplicationHandle>) -> wasmtime::Result<Vec<String>> {
        Ok(self.app(&handle)?.authors().to_vec())
    }

    fn digest(&mut self, handle: Resource<ApplicationHandle>) -> wasmtime::Result<String> {
        Ok(self.app(&handle)?.digest().to_string())
    }

    fn revision(&mut self, handle: Resource<ApplicationHandle>) -> wasmtime::Result<String> {
        Ok(self.app(&handle)?.revision().to_string())
    }

    fn components(
        &mut self,
        handle: Resource<ApplicationHandle>,
    ) -> wasmtime::Result<Vec<application::Component>> {
        Ok(self
            .app(&handle)?
            .components()
            .iter()
            .map(component)
            .collect())
    }

    fn triggers(
        &mut self,
        handle: Resource<ApplicationHandle>,
    ) -> wasmtime::Result<Vec<application::Trigger>> {
        let triggers = self.app(&handle)?.triggers().iter();
        Ok(triggers
            .map(|trigger| application::Trigger {
                kind: trigger.kind.clone(),
                component: trigger.component.clone().unwrap_or_default(),
                route: trigger.route.clone(),
                config: trigger.config.to_string(),
            })
            .collect())
    }

    fn variables(
        &mut self,
        handle: Resource<ApplicationHandle>,
    ) -> wasmtime::Result<Vec<application::Variable>> {
        let variables = self.app(&handle)?.variables().iter();
        Ok(variables
            .map(|variable| application::Variable {
                name: variable.name.clone(),
                default_value: variable.default.clone(),
                required: variable.required,
                secret: variable.secret,
            })
            .collect())
    }

    fn open(
        &mut self,
        handle: Resource<ApplicationHandle>,
        sha256: String,
    ) -> Result<Resource<Reader>, GuestError> {
        let application = self.app(&handle).map_err(GuestError::Trap)?;
        let missing = || {
            failure::Error::NotFound("the application has no content with this SHA-256".to_owned())
        };
        let digest: Digest = sha256.parse().map_err(|_| missing())?;
        let content = application.content(&digest).ok_or_else(missing)?;
        let bytes = content.open().map_err(|error| {
            failure::Error::Unavailable(format!("the content can't be opened: {error}"))
        })?;
        let source = Source {
            bytes,
            left: content.size(),
            expected: digest,
            hash: Sha256::new(),
        };
        Ok(self.table.push(Reader {
            source: Some(source),
        })?)
    }

    fn drop(&mut self, handle: Resource<ApplicationHandle>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

impl application::HostReader for Capabilities<'_> {
    async fn read(&mut self, handle: Resource<Reader>, max: u32) -> Result<Vec<u8>, GuestError> {
        let reader = self.table.get_mut(&handle)?;
        let mut source = reader
            .source
            .take()
            .ok_or(failure::Error::from(ReadError::Before))?;
        // Files block, and the guest's computing time must not count what the disk takes.
        let (source, chunk) = tokio::task::spawn_blocking(move || {
            let chunk = source.read(max);
            (source, chunk)
        })
        .await
        .map_err(|error| GuestError::Trap(wasmtime::Error::msg(error.to_string())))?;
        let chunk = chunk.map_err(failure::Error::from)?;
        self.table.get_mut(&handle)?.source = Some(source);
        Ok(chunk)
    }

    fn drop(&mut self, handle: Resource<Reader>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

impl Capabilities<'_> {
    fn app(&self, handle: &Resource<ApplicationHandle>) -> wasmtime::Result<&Application> {
        Ok(&self.table.get(handle)?.0)
    }
}

fn content(content: &Content) -> application::Content {
    application::Content {
        sha256: content.digest().to_string(),
        size: content.size(),
        media_type: content.media_type().to_owned(),
    }
}

fn component(component: &bowline_app::Component) -> application::Component {
    let files = component.files.iter().map(|file| application::MountedFile {
        path: file.path.clone(),
        content: content(&file.content),
    });
    application::Component {
        id: component.id.clone(),
        description: component.description.clone(),
        source: content(&component.source),
        files: files.collect(),
        allowed_outbound_hosts: component.allowed_outbound_hosts.clone(),
        key_value_stores: component.key_value_stores.clone(),
        sqlite_databases: component.sqlite_databases.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn reader(bytes: &[u8], announced: u64, hashed: &[u8]) -> Reader {
        Reader {
            source: Some(Source {
                bytes: Box::new(Cursor::new(bytes.to_vec())),
                left: announced,
                expected: Digest::of(hashed),
                hash: Sha256::new(),
            }),
        }
    }

    /// What arrives of a body until it ends, and why it ends early.
    async fn arriving(reader: Reader) -> (u64, Vec<u8>, Option<failure::Error>) {
        let failed = Arc::new(OnceLock::new());
        let (mut body, length) = reader.send(Arc::downgrade(&failed));
        let mut arrived = Vec::new();
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => arrived.extend_from_slice(&frame.into_data().unwrap()),
                Err(_) => return (length, arrived, Some(failed.get().unwrap().clone())),
            }
        }
        assert!(failed.get().is_none());
        (length, arrived, None)
    }

    #[tokio::test]
    async fn a_content_is_sent_as_it_was_hashed() {
        for size in [0, 1, PIECE as usize, 3 * PIECE as usize + 1] {
            let content = vec![7; size];
            let whole = reader(&content, size as u64, &content);
            let (length, arrived, reason) = arriving(whole).await;
            assert_eq!(length, size as u64);
            assert!(reason.is_none(), "{reason:?}");
            assert!(arrived == content, "{size}");
            // What has been added to the file since is none of it.
            let more = [&content[..], b"more"].concat();
            let (_, arrived, _) = arriving(reader(&more, size as u64, &content)).await;
            assert!(arrived == content, "{size}");
        }
    }

    #[tokio::test]
    async fn what_was_read_before_is_not_sent() {
        let mut reader = reader(b"0123456789", 10, b"0123456789");
        let source = reader.source.as_mut().unwrap();
        assert_eq!(source.read(4).unwrap(), b"0123");
        let (length, arrived, reason) = arriving(reader).await;
        assert_eq!((length, &*arrived), (6, &b"456789"[..]));
        assert!(reason.is_none(), "{reason:?}");
    }

    #[tokio::test]
    async fn of_what_has_changed_not_all_is_sent() {
        for size in [1, PIECE as usize, 3 * PIECE as usize + 1] {
            let content = vec![7; size];
            let mut other = content.clone();
            other[0] = 8;
            for changed in [&other[..], &content[..size - 1], &[]] {
                let changed = reader(changed, size as u64, &content);
                let (length, arrived, reason) = arriving(changed).await;
                assert_eq!(length, size as u64);
                assert!(arrived.len() < size, "{size}");
                assert!(matches!(reason, Some(failure::Error::Conflict(_))));
            }
        }
    }

    #[tokio::test]
    async fn what_could_not_be_read_before_is_not_sent() {
        let (length, arrived, reason) = arriving(Reader { source: None }).await;
        assert_eq!((length, arrived), (0, Vec::new()));
        assert!(matches!(reason, Some(failure::Error::Unavailable(_))));
    }
}
