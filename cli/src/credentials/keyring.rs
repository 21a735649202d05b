//! The keyring of the operating system: the Secret Service on Linux, the Keychain on macOS, the Credential Manager on Windows.
//!
//! Whoever guards it may ask the user first, may be hanging, or not be there at all, so each question has a bounded time.

use std::time::Duration;

use bowline_host::Secret;

/// How long the keyring may take where nobody can be asked for a password: it is on this machine.
const SHORT: Duration = Duration::from_secs(5);
/// How long where there is a desktop, on which somebody may have to type one.
const LONG: Duration = Duration::from_secs(60);

/// Why the keyring didn't do it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// It didn't answer in time.
    #[error("it did not answer within {} seconds", .0.as_secs())]
    Silent(Duration),
    /// It did, and said no; or there is none.
    #[error(transparent)]
    Refused(#[from] os::Error),
    /// What it holds is not what bowline put there.
    #[error("what it holds is no text")]
    Foreign,
    /// This machine lets no thread start.
    #[error("it can't be asked from here")]
    Thread(#[source] std::io::Error),
}

/// Keeps a secret under `id`. `label` is what programs that manage keyrings show.
pub(super) fn write(id: &str, label: &str, secret: &Secret) -> Result<(), Trouble> {
    let (id, label, secret) = (id.to_owned(), label.to_owned(), secret.clone());
    within(limit(), move || os::write(&id, &label, secret.expose()))
}

/// The secret of this `id`, if there is one.
pub(super) fn read(id: &str) -> Result<Option<Secret>, Trouble> {
    let id = id.to_owned();
    let Some(bytes) = within(limit(), move || os::read(&id))? else {
        return Ok(None);
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(Secret::new(text))),
        Err(error) => {
            drop(zeroize::Zeroizing::new(error.into_bytes()));
            Err(Trouble::Foreign)
        }
    }
}

/// Forgets the secret of this `id`. That there is none is no error.
pub(super) fn delete(id: &str) -> Result<(), Trouble> {
    let id = id.to_owned();
    within(limit(), move || os::delete(&id))
}

fn limit() -> Duration {
    let desktop = ["WAYLAND_DISPLAY", "DISPLAY"];
    let there = desktop.iter().any(|name| std::env::var_os(name).is_some());
    if there || !cfg!(target_os = "linux") {
        LONG
    } else {
        SHORT
    }
}

/// Does it on a thread of its own, which is left behind when the time is up: whatever it waits for, the process doesn't.
fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> Result<T, os::Error> + Send + 'static,
) -> Result<T, Trouble> {
    let (done, result) = std::sync::mpsc::channel();
    std::thread::Builder::new()
        .name("keyring".to_owned())
        .spawn(move || {
            // Nobody listens any more when the time is up.
            let _ = done.send(work());
        })
        .map_err(Trouble::Thread)?;
    match result.recv_timeout(limit) {
        Ok(result) => Ok(result?),
        Err(_) => Err(Trouble::Silent(limit)),
    }
}

#[cfg(target_os = "linux")]
mod os {
    use std::collections::HashMap;

    use secret_service::{EncryptionType, Item, SecretService};

    pub(super) type Error = secret_service::Error;

    fn attributes(id: &str) -> HashMap<&str, &str> {
        HashMap::from([("service", "bowline"), ("id", id)])
    }

    fn run<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|_| Error::Unavailable)?;
        runtime.block_on(work)
    }

    async fn found(service: &SecretService<'_>, id: &str) -> Result<Option<Vec<u8>>, Error> {
        let items = service.search_items(attributes(id)).await?;
        let Some(item) = first(&items.unlocked, &items.locked).await? else {
            return Ok(None);
        };
        item.get_secret().await.map(Some)
    }

    async fn first<'a>(
        unlocked: &'a [Item<'a>],
        locked: &'a [Item<'a>],
    ) -> Result<Option<&'a Item<'a>>, Error> {
        let Some(item) = unlocked.first().or(locked.first()) else {
            return Ok(None);
        };
        if item.is_locked().await? {
            item.unlock().await?;
        }
        Ok(Some(item))
    }

    pub(super) fn write(id: &str, label: &str, secret: &str) -> Result<(), Error> {
        run(async {
            let service = SecretService::connect(EncryptionType::Dh).await?;
            let collection = service.get_default_collection().await?;
            if collection.is_locked().await? {
                collection.unlock().await?;
            }
            let secret = secret.as_bytes();
            collection
                .create_item(label, attributes(id), secret, true, "text/plain")
                .await?;
            Ok(())
        })
    }

    pub(super) fn read(id: &str) -> Result<Option<Vec<u8>>, Error> {
        run(async {
            let service = SecretService::connect(EncryptionType::Dh).await?;
            found(&service, id).await
        })
    }

    pub(super) fn delete(id: &str) -> Result<(), Error> {
        run(async {
            let service = SecretService::connect(EncryptionType::Dh).await?;
            let items = service.search_items(attributes(id)).await?;
            for item in items.unlocked.iter().chain(&items.locked) {
                item.delete().await?;
            }
            Ok(())
        })
    }
}

#[cfg(any(target_os = "macos", target_os = "windows"))]
mod os {
    use keyring_core::Entry;

    pub(super) type Error = keyring_core::Error;

    fn entry(id: &str) -> Result<Entry, Error> {
        #[cfg(target_os = "macos")]
        let store = apple_native_keyring_store::keychain::Store::new()?;
        #[cfg(target_os = "windows")]
        let store = windows_native_keyring_store::Store::new()?;
        keyring_core::set_default_store(store);
        Entry::new("bowline", id)
    }

    pub(super) fn write(id: &str, _label: &str, secret: &str) -> Result<(), Error> {
        entry(id)?.set_password(secret)
    }

    pub(super) fn read(id: &str) -> Result<Option<Vec<u8>>, Error> {
        match entry(id)?.get_secret() {
            Err(Error::NoEntry) => Ok(None),
            result => result.map(Some),
        }
    }

    pub(super) fn delete(id: &str) -> Result<(), Error> {
        match entry(id)?.delete_credential() {
            Err(Error::NoEntry) => Ok(()),
            result => result,
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "windows")))]
mod os {
    /// Nothing that bowline knows.
    #[derive(Debug, thiserror::Error)]
    #[error("there is no keyring that bowline knows")]
    pub(super) struct Error;

    pub(super) fn write(_id: &str, _label: &str, _secret: &str) -> Result<(), Error> {
        Err(Error)
    }

    pub(super) fn read(_id: &str) -> Result<Option<Vec<u8>>, Error> {
        Err(Error)
    }

    pub(super) fn delete(_id: &str) -> Result<(), Error> {
        Err(Error)
    }
}
