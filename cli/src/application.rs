//! Loading an application: the one way for every verb that needs one.

use std::path::PathBuf;

use bowline_app::Application;

use crate::error::Error;
use crate::exit::Exit;
use crate::fault;

/// What to load, and what with.
#[derive(Clone, Debug)]
pub(crate) struct Loading {
    /// The manifest or its folder.
    pub(crate) from: PathBuf,
}

impl Loading {
    /// Reads the application and all that belongs to it, on a thread of its own.
    ///
    /// # Errors
    /// [`Exit::Application`] when anything keeps it from being deployed.
    pub(crate) async fn load(self) -> Result<Application, Error> {
        blocking(move || Application::load(&self.from))
            .await?
            .map_err(|error| fault::application(&error))
    }
}

/// Does what takes its time where that holds nobody up.
///
/// # Errors
/// When its thread broke down.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::new(Exit::Internal, "a thread of bowline broke down").cause(&error))
}
