//! Keeps compiled code on disk.
//!
//! An entry is machine code that is run as it is. It is trusted because nobody but its owner can have written it: the folder
//! belongs to the user of this process and lets nobody else in, and so does each entry. What doesn't fit is not used,
//! and the target is compiled again.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bowline_app::Digest;
use wasmtime::component::Component;

/// A private folder of compiled components, each under its digest and the engine's own.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    folder: PathBuf,
    /// Differs between versions of wasmtime, its settings, and processors.
    engine: u64,
}

impl Cache {
    /// Makes the folder if it is missing, and checks that it is private.
    pub(crate) fn open(folder: &Path, engine: &wasmtime::Engine) -> io::Result<Self> {
        make_private(folder)?;
        check(folder, &fs::symlink_metadata(folder)?, true)?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self {
            folder: folder.to_owned(),
            engine: hasher.finish(),
        })
    }

    /// The compiled form of the component with this digest, if it is there and fits.
    pub(crate) fn load(&self, engine: &wasmtime::Engine, digest: &Digest) -> Option<Component> {
        let path = self.path(digest);
        let entry = match fs::symlink_metadata(&path) {
            Ok(entry) => entry,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "compiled code can't be read");
                return None;
            }
        };
        let private = fs::symlink_metadata(&self.folder).and_then(|folder| {
            check(&self.folder, &folder, true)?;
            check(&path, &entry, false)
        });
        if let Err(error) = private {
            tracing::warn!(path = %path.display(), %error, "compiled code is not used");
            return None;
        }
        // SAFETY: the file holds what `store` wrote. It and its folder belong to this user and are closed to everybody else (checked
        // just now), entries appear under their name only when they are complete, and are replaced but never changed.
        // wasmtime itself refuses code of another version, configuration or processor.
        #[expect(
            unsafe_code,
            reason = "loading compiled code is unsafe in itself; the checks above are what makes it sound"
        )]
        let loaded = unsafe { Component::deserialize_file(engine, &path) };
        loaded
            .inspect_err(|error| tracing::warn!(path = %path.display(), %error, "compiled code does not fit"))
            .ok()
    }

    /// Writes the compiled form, whole or not at all. That it can't be written is logged: the next run compiles again.
    pub(crate) fn store(&self, digest: &Digest, component: &Component) {
        let path = self.path(digest);
        let written = component
            .serialize()
            .map_err(|error| io::Error::other(error.to_string()))
            .and_then(|code| self.write(&path, &code));
        if let Err(error) = written {
            tracing::warn!(path = %path.display(), %error, "compiled code can't be written");
        }
    }

    fn write(&self, path: &Path, code: &[u8]) -> io::Result<()> {
        // tempfile makes files of mode 0600, under a name that nobody can guess.
        let mut file = tempfile::Builder::new()
            .prefix(".new-")
            .tempfile_in(&self.folder)?;
        file.write_all(code)?;
        // Without it a crash of the machine may leave the name with half of the code.
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        File::open(&self.folder)?.sync_all()
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder
            .join(format!("{digest}-{:016x}.cwasm", self.engine))
    }
}

#[cfg(unix)]
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

/// Fails unless this is a folder (or a file) of this process's user that nobody else can write to, and no link.
#[cfg(unix)]
pub(crate) fn check(path: &Path, found: &fs::Metadata, folder: bool) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let fault = if folder != found.is_dir() || (!folder && !found.is_file()) {
        "it is not what it should be (a link?)"
    } else if found.uid() != rustix::process::geteuid().as_raw() {
        "it belongs to another user"
    } else if folder && found.mode() & 0o077 != 0 || found.mode() & 0o022 != 0 {
        "other users have access to it"
    } else {
        return Ok(());
    };
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!("{}: {fault}", path.display()),
    ))
}

#[cfg(not(unix))]
fn make_private(_: &Path) -> io::Result<()> {
    Err(unchecked())
}

#[cfg(not(unix))]
fn check(_: &Path, _: &fs::Metadata, _: bool) -> io::Result<()> {
    Err(unchecked())
}

/// Whether others can write there can't be found out here, so compiled code is never loaded.
#[cfg(not(unix))]
fn unchecked() -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        "whether the folder is private can't be checked on this system",
    )
}

#[cfg(test)]
mod tests;
