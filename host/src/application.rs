//! Capability `application`: what is deployed, to look at and to read.

use std::io::{ErrorKind, Read};
use std::sync::Arc;

use bowline_app::{Application, Content, Digest};
use sha2::{Digest as _, Sha256};
use wasmtime::component::Resource;

use crate::bindings::{application, failure};
use crate::state::{Capabilities, GuestError};

/// Bytes that one `read` gives at most, whatever the guest asks for.
const MAX_READ: u32 = 1 << 20;

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
    expected: Digest,
    hash: Sha256,
}

impl Source {
    /// The next bytes. At the end it is checked that they were those that were hashed when the application was loaded.
    fn read(&mut self, max: u32) -> Result<Vec<u8>, failure::Error> {
        let unreadable = |error: std::io::Error| {
            failure::Error::Unavailable(format!("the content can't be read: {error}"))
        };
        let mut chunk = vec![0; max.min(MAX_READ) as usize];
        let mut filled = 0;
        while filled < chunk.len() {
            match self.bytes.read(&mut chunk[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(error)),
            }
        }
        chunk.truncate(filled);
        self.hash.update(&chunk);
        if filled == 0
            && max > 0
            && Digest::from_bytes(self.hash.clone().finalize().into()) != self.expected
        {
            let digest = self.expected;
            return Err(failure::Error::Conflict(format!(
                "the file with SHA-256 {digest} has changed since the application was read"
            )));
        }
        Ok(chunk)
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
        let failed =
            || failure::Error::Unavailable("reading this content has failed before".to_owned());
        let mut source = reader.source.take().ok_or_else(failed)?;
        // Files block, and the guest's computing time must not count what the disk takes.
        let (source, chunk) = tokio::task::spawn_blocking(move || {
            let chunk = source.read(max);
            (source, chunk)
        })
        .await
        .map_err(|error| GuestError::Trap(wasmtime::Error::msg(error.to_string())))?;
        let chunk = chunk?;
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
