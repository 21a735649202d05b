//! Immutable pieces of content: where their bytes are, and reading them so that a change cannot slip in.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::Digest;

/// How much is read at once. Larger blocks do not hash faster.
pub(crate) const BLOCK: usize = 256 * 1024;

/// One piece of content of an application: a WebAssembly binary, a file that a component sees, or a generated parcel.
///
/// The bytes stay where they are (in a file, or in memory when they were generated). A file may change after it was
/// hashed, because builds run and editors save; every way of reading here notices it.
#[derive(Clone, Debug)]
pub struct Content {
    digest: Digest,
    size: u64,
    media_type: Arc<str>,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    Memory(Arc<[u8]>),
    File { path: Arc<Path>, stamp: Stamp },
    Joined(Arc<[Content]>),
}

/// A file is not, or no longer, the one that was hashed. It is inside an [`io::Error`] of kind [`io::ErrorKind::InvalidData`].
#[derive(Debug, thiserror::Error)]
#[error("`{}` changed after it was read", path.display())]
#[non_exhaustive]
pub struct ChangedFile {
    /// The file.
    pub path: Arc<Path>,
}

/// What tells cheaply that a file is still the one that was hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    inode: Option<(u64, u64)>,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let inode = {
            use std::os::unix::fs::MetadataExt as _;
            Some((metadata.dev(), metadata.ino()))
        };
        #[cfg(not(unix))]
        let inode = None;
        Self {
            size: metadata.len(),
            modified: metadata.modified().ok(),
            inode,
        }
    }
}

impl Content {
    /// Content that is in memory.
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>, media_type: &str) -> Self {
        let bytes = bytes.into();
        Self {
            digest: Digest::of(&bytes),
            size: bytes.len() as u64,
            media_type: media_type.into(),
            place: Place::Memory(bytes),
        }
    }

    pub(crate) fn from_file(path: Arc<Path>, hashed: &Hashed, media_type: &str) -> Self {
        Self {
            digest: hashed.digest,
            size: hashed.size,
            media_type: media_type.into(),
            place: Place::File {
                path,
                stamp: hashed.stamp,
            },
        }
    }

    /// The bytes of `parts`, one after another. They stay where they are, and are read once here, for their digest.
    ///
    /// # Errors
    /// A part can't be read, or changed.
    pub(crate) fn join(parts: Vec<Self>, media_type: &str) -> io::Result<Self> {
        let parts: Arc<[Self]> = parts.into();
        let mut reader = JoinedReader::new(Arc::clone(&parts));
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; BLOCK];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => hasher.update(&buffer[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self {
            digest: Digest::from_bytes(hasher.finalize().into()),
            size: parts.iter().map(Self::size).sum(),
            media_type: media_type.into(),
            place: Place::Joined(parts),
        })
    }

    /// SHA-256 of the bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Number of bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Media type, guessed from the file's name; `application/wasm` for WebAssembly binaries.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The file that holds the bytes, unless they are in memory or in several files.
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::Memory(_) | Place::Joined(_) => None,
            Place::File { path, .. } => Some(path),
        }
    }

    /// The contents whose bytes these are, one after another; none unless it is made of several, as an archive is.
    pub fn parts(&self) -> &[Self] {
        match &self.place {
            Place::Memory(_) | Place::File { .. } => &[],
            Place::Joined(parts) => parts,
        }
    }

    /// The bytes, if they are in memory.
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.place {
            Place::Memory(bytes) => Some(bytes),
            Place::File { .. } | Place::Joined(_) => None,
        }
    }

    /// Opens the content for reading from its start.
    ///
    /// The reader hashes what passes through it. When the bytes are not the ones that [`Content::digest`] names, the
    /// read that would have reported the end (or the first byte too many) fails with [`io::ErrorKind::InvalidData`].
    ///
    /// # Errors
    /// The file can't be opened, or it is visibly another than the one that was hashed (`InvalidData`).
    pub fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        match &self.place {
            Place::Memory(bytes) => Ok(Box::new(io::Cursor::new(Arc::clone(bytes)))),
            Place::Joined(parts) => Ok(Box::new(JoinedReader::new(Arc::clone(parts)))),
            Place::File { path, stamp } => {
                let file = File::open(path)?;
                if Stamp::of(&file.metadata()?) != *stamp {
                    return Err(changed(path));
                }
                Ok(Box::new(CheckedReader {
                    file,
                    path: Arc::clone(path),
                    hasher: Sha256::new(),
                    left: self.size,
                    expected: self.digest,
                }))
            }
        }
    }

    /// Reads all bytes into memory and checks them against the digest, so that what is returned is exactly the content.
    /// Meant for small content: the memory needed is [`Content::size`].
    ///
    /// # Errors
    /// As for [`Content::open`], or any error of reading.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        // The capacity is only a hint, so that a wrong size cannot ask for absurd memory before a byte was read.
        let mut bytes = Vec::with_capacity(
            usize::try_from(self.size)
                .unwrap_or(0)
                .min(16 * 1024 * 1024),
        );
        self.open()?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Whether the file still looks like the one that was hashed (size, modification time, inode). Content in memory
    /// always does. It is a cheap look: only reading proves it.
    ///
    /// # Errors
    /// The file's metadata can't be read.
    pub fn is_unchanged(&self) -> io::Result<bool> {
        match &self.place {
            Place::Memory(_) => Ok(true),
            Place::File { path, stamp } => Ok(Stamp::of(&std::fs::metadata(path)?) == *stamp),
            Place::Joined(parts) => {
                for part in parts.iter() {
                    if !part.is_unchanged()? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
        }
    }
}

fn changed(path: &Path) -> io::Error {
    let changed = ChangedFile { path: path.into() };
    io::Error::new(io::ErrorKind::InvalidData, changed)
}

/// The error with the file in its text: of many, it has to be said which.
fn named(error: io::Error, part: &Content) -> io::Error {
    match part.path() {
        Some(path) if error.get_ref().is_none() => {
            io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
        }
        _ => error,
    }
}

/// Reads several contents, one after another. Each is checked by its own reader.
struct JoinedReader {
    parts: Arc<[Content]>,
    next: usize,
    current: Option<Box<dyn Read + Send>>,
}

impl JoinedReader {
    fn new(parts: Arc<[Content]>) -> Self {
        Self {
            parts,
            next: 0,
            current: None,
        }
    }
}

impl Read for JoinedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let Some(part) = self.parts.get(self.next) else {
                return Ok(0);
            };
            let mut step = || match &mut self.current {
                Some(current) => current.read(buffer),
                None => self.current.insert(part.open()?).read(buffer),
            };
            match step() {
                Ok(0) => {
                    self.current = None;
                    self.next += 1;
                }
                Ok(read) => return Ok(read),
                Err(error) => return Err(named(error, part)),
            }
        }
    }
}

struct CheckedReader {
    file: File,
    path: Arc<Path>,
    hasher: Sha256,
    left: u64,
    expected: Digest,
}

impl Read for CheckedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = self.file.read(buffer)?;
        if read == 0 {
            let found = Digest::from_bytes(self.hasher.clone().finalize().into());
            return if self.left == 0 && found == self.expected {
                Ok(0)
            } else {
                Err(changed(&self.path))
            };
        }
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| changed(&self.path))?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

/// What reading a file once told.
#[derive(Clone, Debug)]
pub(crate) struct Hashed {
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    pub(crate) stamp: Stamp,
    /// What its first bytes say.
    pub(crate) kind: Kind,
}

/// What the first bytes of a file say that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Wasm,
    PrivateKey,
    Other,
}

impl Kind {
    /// How many bytes are looked at.
    const HEAD: usize = 64;

    fn of(head: &[u8]) -> Self {
        // PEM names what it holds in its first line.
        let is_private = |head: &[u8]| {
            let mut windows = head.windows(16);
            windows.any(|window| window == b"PRIVATE KEY-----")
        };
        match head {
            [0, b'a', b's', b'm', ..] => Self::Wasm,
            head if head.starts_with(b"-----BEGIN ") && is_private(head) => Self::PrivateKey,
            _ => Self::Other,
        }
    }
}

/// Hashes a file, and fails when it changes meanwhile. `told` hears how many bytes were read, again and again.
pub(crate) fn hash_file(path: &Path, buffer: &mut [u8], told: &dyn Fn(u64)) -> io::Result<Hashed> {
    let mut file = File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?);
    let mut hasher = Sha256::new();
    let mut size = 0_u64;
    let mut head = Vec::new();
    loop {
        let read = match file.read(buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let wanted = Kind::HEAD.saturating_sub(head.len()).min(read);
        head.extend_from_slice(&buffer[..wanted]);
        hasher.update(&buffer[..read]);
        size += read as u64;
        if size > stamp.size {
            return Err(changed(path));
        }
        told(read as u64);
    }
    if size != stamp.size || Stamp::of(&file.metadata()?) != stamp {
        return Err(changed(path));
    }
    Ok(Hashed {
        digest: Digest::from_bytes(hasher.finalize().into()),
        size,
        stamp,
        kind: Kind::of(&head),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(path: &Path) -> Content {
        let hashed = hash_file(path, &mut [0; 7], &|_| {}).unwrap();
        Content::from_file(path.into(), &hashed, "text/plain")
    }

    #[test]
    fn a_file_reads_back_as_it_was_hashed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "some longer text").unwrap();
        let content = content(&path);
        assert_eq!(content.digest(), Digest::of(b"some longer text"));
        assert_eq!(content.read().unwrap(), b"some longer text");
        assert!(content.is_unchanged().unwrap());
        assert_eq!(content.path(), Some(path.as_path()));
        assert_eq!(content.bytes(), None);
    }

    #[test]
    fn a_file_that_changed_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "one").unwrap();
        let content = content(&path);
        std::fs::write(&path, "other").unwrap();
        assert!(!content.is_unchanged().unwrap());
        assert_eq!(
            content.read().unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
    }

    #[test]
    fn a_change_that_keeps_size_and_time_is_noticed_while_reading() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "one").unwrap();
        let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
        let content = content(&path);
        std::fs::write(&path, "two").unwrap();
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(modified)
            .unwrap();
        assert!(
            content.is_unchanged().unwrap(),
            "the cheap look cannot see it"
        );
        let error = content.read().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(
            error.to_string().contains("changed after it was read"),
            "{error}"
        );
    }

    #[test]
    fn memory_is_content_too() {
        let content = Content::from_bytes(*b"abc", "text/plain");
        assert_eq!(content.read().unwrap(), b"abc");
        assert_eq!(content.size(), 3);
        assert!(content.is_unchanged().unwrap());
    }
}
