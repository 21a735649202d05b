//! The data folder: private files, and one platform at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// The folder that keeps everything between runs. Holding it keeps other platforms out.
pub(crate) struct DataFolder {
    path: PathBuf,
    // The lock lives as long as the file is open.
    _lock: File,
}

impl DataFolder {
    /// Opens the folder, creating it with access for its owner only.
    ///
    /// Fails when it can't be written or when another platform is running on it.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        create_private_folder(path)
            .with_context(|| format!("can't create the data folder {}", path.display()))?;
        let path = path
            .canonicalize()
            .with_context(|| format!("can't read the data folder {}", path.display()))?;
        let lock_path = path.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .with_context(|| format!("can't write {}", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => bail!(
                "another bowline-local is running on {}; stop it, or give this one its own --data",
                path.display()
            ),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("can't lock {}", lock_path.display()))
            }
        }
    }

    /// The folder, as an absolute path without links.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A path inside the folder.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// Creates a folder and its missing parents, readable by nobody else. An existing folder is left
/// as it is.
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Replaces a file by one that only its owner can read. A reader sees the old content or the new,
/// never a part.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // tempfile creates its files with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
