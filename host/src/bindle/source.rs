//! The bytes of a parcel, fixed before the first of them leaves.
//!
//! A body that does not match its digest, or ends too soon, makes the reference
//! server's file store refuse that digest for ever. Builds run while people
//! deploy, so a parcel is never sent from the file itself: small ones are read
//! into memory, large ones copied to a private file, and both are checked first.

use std::fs::File;
use std::io::{self, Read, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use bowline_app::{ChangedFile, Content, Digest};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::error::Error;

/// Up to this size a parcel is sent from memory.
pub(super) const SMALL: u64 = 8 * 1024 * 1024;
/// How much is copied at once.
const BLOCK: usize = 256 * 1024;

/// Checked bytes that nothing can change any more.
#[derive(Debug)]
pub(super) enum Source {
    Memory(Bytes),
    /// A file without a name, at its beginning; gone when it is closed.
    Snapshot(File),
}

/// Whether the content is sent from a private copy. What was generated in memory is fixed already, and archives are as large as
/// their files together.
pub(super) fn is_copied(content: &Content) -> bool {
    content.size() > SMALL && content.bytes().is_none()
}

/// Fixes and checks the bytes of `content`. Blocks on file access.
pub(super) fn fix(content: &Content, folder: Option<&Path>) -> Result<Source, Error> {
    if is_copied(content) {
        snapshot(content, folder)
            .map(Source::Snapshot)
            .map_err(|error| problem("make a snapshot of", content, error))
    } else {
        content
            .read()
            .map(|bytes| Source::Memory(bytes.into()))
            .map_err(|error| problem("read", content, error))
    }
}

fn problem(action: &'static str, content: &Content, source: io::Error) -> Error {
    match (changed(&source), content.path()) {
        (Some(path), _) => Error::ContentChanged { path },
        (None, Some(path)) if source.kind() == io::ErrorKind::InvalidData => {
            Error::ContentChanged {
                path: path.to_owned(),
            }
        }
        (None, path) => Error::File {
            action,
            path: path.map_or_else(|| beside(content).unwrap_or_default(), Path::to_owned),
            source,
        },
    }
}

/// The error for a file that could not be packed: it changed, or says itself what is wrong with which.
pub(super) fn unreadable(source: io::Error) -> Error {
    match changed(&source) {
        Some(path) => Error::ContentChanged { path },
        None => Error::Unpacked(source),
    }
}

fn changed(error: &io::Error) -> Option<PathBuf> {
    let changed = error.get_ref()?.downcast_ref::<ChangedFile>()?;
    Some(changed.path.to_path_buf())
}

/// The folder that the content's file is in, or the first of its files.
fn beside(content: &Content) -> Option<PathBuf> {
    let path = match content.parts() {
        [first, ..] => first.path(),
        [] => content.path(),
    };
    path?
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .map(Path::to_owned)
}

fn snapshot(content: &Content, folder: Option<&Path>) -> io::Result<File> {
    if !content.is_unchanged()? {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut copy = nameless_file(content, folder)?;
    if content.path().is_some_and(|path| clone(path, &copy)) {
        let found = digest(&mut copy, content.size())?;
        if found != content.digest() {
            return Err(io::ErrorKind::InvalidData.into());
        }
    } else {
        // The reader checks the digest, or those of the parts, and fails at the end when it is another.
        let mut reader = content.open()?;
        let mut block = vec![0; BLOCK];
        loop {
            let read = match reader.read(&mut block) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            copy.write_all(&block[..read])?;
        }
    }
    copy.rewind()?;
    Ok(copy)
}

/// A file that vanishes with its handle. Beside the original it can share its
/// blocks, and does not fill a `/tmp` that is kept in memory.
fn nameless_file(content: &Content, folder: Option<&Path>) -> io::Result<File> {
    let beside = folder.map(Path::to_owned).or_else(|| beside(content));
    if let Some(Ok(file)) = beside.map(tempfile::tempfile_in) {
        return Ok(file);
    }
    tempfile::tempfile()
}

/// Lets `copy` share the blocks of the file, where the file system can do that.
#[cfg(target_os = "linux")]
fn clone(path: &Path, copy: &File) -> bool {
    File::open(path).is_ok_and(|original| rustix::fs::ioctl_ficlone(copy, &original).is_ok())
}

#[cfg(not(target_os = "linux"))]
fn clone(_path: &Path, _copy: &File) -> bool {
    false
}

fn digest(file: &mut File, size: u64) -> io::Result<Digest> {
    let mut hasher = Sha256::new();
    let mut block = vec![0; BLOCK];
    let mut left = size;
    loop {
        let read = match file.read(&mut block) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        left = left
            .checked_sub(read as u64)
            .ok_or(io::ErrorKind::InvalidData)?;
        hasher.update(&block[..read]);
    }
    if left != 0 {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(Digest::from_bytes(hasher.finalize().into()))
}
