//! The folder of a journal and its files.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use super::RunId;

/// Makes the folder where it is missing, and refuses one that others can read or write.
pub(super) fn prepare(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        crate::cache::make_private(folder)?;
        crate::cache::check(folder, &fs::symlink_metadata(folder)?, true)
    }
    #[cfg(not(unix))]
    fs::create_dir_all(folder)
}

/// Makes a new file that only its owner can read, and marks it as being written to.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // Without locks, as on some network file systems, running and broken-off runs look the same.
    if let Err(error) = file.lock() {
        tracing::debug!(path = %path.display(), %error, "a run's file can't be locked");
    }
    Ok(file)
}

/// Whether some process still writes to this file.
pub(super) fn is_live(file: &File) -> bool {
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// Removes the oldest runs until so many and so many bytes are left. Those that are written to stay.
pub(super) fn prune(folder: &Path, runs: usize, bytes: u64) -> io::Result<()> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Some(run) = RunId::of_file(&entry.file_name()) else {
            continue;
        };
        // Removed by another process meanwhile.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        if metadata.is_file() {
            found.push((run, metadata.len()));
        }
    }
    found.sort_unstable();
    let mut count = found.len();
    let mut total: u64 = found.iter().map(|(_, size)| size).sum();
    for (run, size) in found {
        if count <= runs && total <= bytes {
            break;
        }
        let path = folder.join(run.file_name());
        let removed = match File::open(&path) {
            Ok(file) if is_live(&file) => continue,
            Ok(_) => fs::remove_file(&path),
            Err(error) => Err(error),
        };
        // Whatever another process has removed meanwhile is gone as well.
        if let Err(error) = removed
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        count -= 1;
        total -= size;
    }
    Ok(())
}
