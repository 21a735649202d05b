//! Content that was fetched or composed once, by what it is.
//!
//! One file for each content, named by its SHA-256: `<64 digits>.wasm`. What stands for a content without being its digest (a version in a
//! registry, the parts of a composition) is kept beside it as `<64 digits>.key`, a file with the content's digest in it, named by the
//! digest of all that the content depends on. A file is there whole or not at all, and every one is hashed again before it is used, so
//! several processes can work in one folder, and a damaged file is only fetched once more.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bowline_app::Digest;
use sha2::{Digest as _, Sha256};

/// Bytes that all files together may have before the oldest go. An application has a few components of some megabytes.
pub const MAX_BYTES: u64 = 2 << 30;

const CONTENT: &str = "wasm";
const KEY: &str = "key";

/// How the names of files begin that are still being written.
const UNFINISHED: &str = ".unfinished-";

/// What an unfinished file is left alone for: somebody may still be writing it.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// How long after its last use a file is left alone: a run may have found it, and not have read it yet.
const IN_USE: Duration = Duration::from_secs(60 * 60);

/// The folder. Nothing is touched until something is asked for.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    max_bytes: u64,
}

/// The cache can't be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: the cache can't be used", .path.display())]
pub struct CacheError {
    /// The folder or file.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

impl Cache {
    /// The cache in this folder, which is made for this user only (0700) when the first content comes.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            max_bytes: MAX_BYTES,
        }
    }

    /// The same with another bound than [`MAX_BYTES`].
    #[must_use]
    pub fn with_max_bytes(self, max_bytes: u64) -> Self {
        Self { max_bytes, ..self }
    }

    /// The file with this content, if it is there and whole. It takes as long as hashing.
    ///
    /// # Errors
    /// When a file is there and can't be read.
    pub fn find(&self, digest: &Digest) -> Result<Option<PathBuf>, CacheError> {
        let path = self.path(digest, CONTENT);
        match hash(&path) {
            Ok(found) if found == *digest => {
                note_use(&path);
                Ok(Some(path))
            }
            // Damaged, or tampered with: it is fetched again, and put in this one's place.
            Ok(_) => {
                tracing::warn!(file = %path.display(), "a file in the cache is damaged and is not used");
                Ok(None)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(CacheError { path, source }),
        }
    }

    /// The content that was put under this key, if it is there and whole.
    ///
    /// # Errors
    /// As for [`Cache::find`].
    pub fn find_by_key(&self, key: &Digest) -> Result<Option<(Digest, PathBuf)>, CacheError> {
        let path = self.path(key, KEY);
        let mut text = String::new();
        let read = File::open(&path).and_then(|file| file.take(65).read_to_string(&mut text));
        match read {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(None),
            Err(source) => return Err(CacheError { path, source }),
        }
        let Ok(digest) = text.parse::<Digest>() else {
            return Ok(None);
        };
        Ok(self.find(&digest)?.map(|path| (digest, path)))
    }

    /// Begins a content.
    ///
    /// # Errors
    /// When the folder or the file can't be made.
    pub fn begin(&self) -> Result<Unfinished, CacheError> {
        let in_folder = |source| CacheError {
            path: self.folder.clone(),
            source,
        };
        create_private(&self.folder).map_err(in_folder)?;
        let file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(&self.folder)
            .map_err(in_folder)?;
        Ok(Unfinished {
            file,
            hasher: Sha256::new(),
            size: 0,
        })
    }

    /// Adds these bytes to a content.
    ///
    /// # Errors
    /// When they can't be written.
    pub fn write(&self, unfinished: &mut Unfinished, bytes: &[u8]) -> Result<(), CacheError> {
        unfinished.write(bytes).map_err(|source| CacheError {
            path: self.folder.clone(),
            source,
        })
    }

    /// Puts what was written into its place. Gives its digest and file. A whole file that is there already stays: another run may be
    /// reading it, and takes a new one in its place for a change.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn keep(&self, unfinished: Unfinished) -> Result<(Digest, PathBuf), CacheError> {
        let digest = unfinished.digest();
        let path = self.path(&digest, CONTENT);
        let kept = match unfinished.file.persist_noclobber(&path) {
            Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => {
                if self.find(&digest)?.is_some() {
                    return Ok((digest, path));
                }
                // A damaged one.
                taken.file.persist(&path)
            }
            kept => kept,
        };
        kept.map_err(|error| CacheError {
            path: path.clone(),
            source: error.error,
        })?;
        self.clean(&path);
        Ok((digest, path))
    }

    /// Puts these bytes into their place.
    ///
    /// # Errors
    /// When they can't be written.
    pub fn put(&self, bytes: &[u8]) -> Result<(Digest, PathBuf), CacheError> {
        let mut unfinished = self.begin()?;
        self.write(&mut unfinished, bytes)?;
        self.keep(unfinished)
    }

    /// Remembers which content a key stands for.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn remember(&self, key: &Digest, content: &Digest) -> Result<(), CacheError> {
        let path = self.path(key, KEY);
        let mut unfinished = self.begin()?;
        let written = unfinished
            .write(content.to_string().as_bytes())
            .and_then(|()| unfinished.file.persist(&path).map_err(|error| error.error));
        written.map(|_| ()).map_err(|source| CacheError {
            path: path.clone(),
            source,
        })
    }

    fn path(&self, digest: &Digest, extension: &str) -> PathBuf {
        self.folder.join(format!("{digest}.{extension}"))
    }

    /// Removes the files that were not used for longest until the rest is within the bound; never `newest`, nor what may be in use. That it
    /// can't is no reason to stop.
    fn clean(&self, newest: &Path) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
            .flatten()
            .filter_map(|entry| {
                let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
                let modified = metadata.modified().ok()?;
                let used = metadata.accessed().unwrap_or(modified);
                Some((modified.max(used), metadata.len(), entry.path()))
            })
            .collect();
        let now = SystemTime::now();
        files.retain(|(used, _, path)| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if !name.starts_with(UNFINISHED) {
                return true;
            }
            let age = now.duration_since(*used).unwrap_or_default();
            if age > ABANDONED {
                fs::remove_file(path).ok();
            }
            false
        });
        let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
        files.sort();
        for (used, size, path) in files {
            if total <= self.max_bytes || now.duration_since(used).unwrap_or_default() < IN_USE {
                return;
            }
            if path != newest && fs::remove_file(&path).is_ok() {
                total -= size;
            }
        }
    }
}

/// Notes that a file is used now: as the time of its last access, for that of its last change tells readers that it is another one. Where
/// it can't be noted, the file may go sooner.
fn note_use(path: &Path) {
    let times = fs::FileTimes::new().set_accessed(SystemTime::now());
    let noted = File::open(path).and_then(|file| file.set_times(times));
    if let Err(error) = noted {
        tracing::debug!(file = %path.display(), %error, "the use of a file in the cache is not noted");
    }
}

/// Content that is being written, and hashed on the way. Dropping it leaves nothing behind.
#[derive(Debug)]
pub struct Unfinished {
    file: tempfile::NamedTempFile,
    hasher: Sha256,
    size: u64,
}

impl Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// SHA-256 of the bytes so far.
    pub fn digest(&self) -> Digest {
        Digest::from_bytes(self.hasher.clone().finalize().into())
    }
}

fn hash(path: &Path) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Digest::from_bytes(hasher.finalize().into())),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(root: &tempfile::TempDir) -> Cache {
        Cache::new(root.path().join("content"))
    }

    #[test]
    fn what_was_put_is_found_whole_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let cache = cache(&root);
        let digest = Digest::of(b"one");
        assert_eq!(cache.find(&digest).unwrap(), None);
        let (found, path) = cache.put(b"one").unwrap();
        assert_eq!(found, digest);
        assert_eq!(cache.find(&digest).unwrap(), Some(path.clone()));

        fs::write(&path, "two").unwrap();
        assert_eq!(cache.find(&digest).unwrap(), None, "it is damaged");
        cache.put(b"one").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");

        let mut dropped = cache.begin().unwrap();
        cache.write(&mut dropped, b"half").unwrap();
        drop(dropped);
        assert_eq!(
            fs::read_dir(root.path().join("content")).unwrap().count(),
            1
        );
    }

    #[cfg(unix)]
    #[test]
    fn folder_and_files_are_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let (_, path) = cache(&root).put(b"one").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }

    #[test]
    fn keys_stand_for_contents() {
        let root = tempfile::tempdir().unwrap();
        let cache = cache(&root);
        let key = Digest::of(b"key");
        assert_eq!(cache.find_by_key(&key).unwrap(), None);
        let (digest, path) = cache.put(b"one").unwrap();
        cache.remember(&key, &digest).unwrap();
        assert_eq!(
            cache.find_by_key(&key).unwrap(),
            Some((digest, path.clone()))
        );
        fs::write(&path, "two").unwrap();
        assert_eq!(cache.find_by_key(&key).unwrap(), None);
        for nonsense in ["", "x", "\u{e9}", &"0".repeat(70)] {
            fs::write(cache.path(&key, KEY), nonsense).unwrap();
            assert_eq!(cache.find_by_key(&key).unwrap(), None, "{nonsense:?}");
        }
    }

    #[test]
    fn the_oldest_go_first() {
        let root = tempfile::tempdir().unwrap();
        let cache = cache(&root).with_max_bytes(10);
        let put = |bytes: &[u8], age: u32| {
            let (digest, path) = cache.put(bytes).unwrap();
            let then = SystemTime::now() - age * IN_USE;
            let times = fs::FileTimes::new().set_modified(then).set_accessed(then);
            let file = File::options().write(true).open(path).unwrap();
            file.set_times(times).unwrap();
            digest
        };
        let old = put(b"12345", 100);
        let new = put(b"abcde", 50);
        let newest = put(b"ABCDE", 0);
        assert_eq!(cache.find(&old).unwrap(), None);
        assert!(cache.find(&new).unwrap().is_some());
        assert!(cache.find(&newest).unwrap().is_some());
        // One that is larger than all that may be there is still there for whoever put it.
        let large = put(b"much larger than ten", 0);
        assert!(cache.find(&large).unwrap().is_some());
    }

    #[test]
    fn what_is_used_stays_the_same_file() {
        let root = tempfile::tempdir().unwrap();
        let cache = cache(&root).with_max_bytes(5);
        let (digest, path) = cache.put(b"12345").unwrap();
        let then = SystemTime::now() - 100 * IN_USE;
        let times = fs::FileTimes::new().set_modified(then).set_accessed(then);
        File::open(&path).unwrap().set_times(times).unwrap();
        // Another run has it fetched, too.
        cache.put(b"12345").unwrap();
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        assert_eq!(modified, then, "it was not replaced");
        // It was used just now, so it does not go for another.
        cache.put(b"abcde").unwrap();
        assert!(cache.find(&digest).unwrap().is_some());
        // A damaged one is replaced.
        fs::write(&path, b"other").unwrap();
        cache.put(b"12345").unwrap();
        assert!(cache.find(&digest).unwrap().is_some());
    }

    #[test]
    fn many_at_once_do_no_harm() {
        let root = tempfile::tempdir().unwrap();
        let cache = cache(&root);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for n in 0..20_u8 {
                        let (digest, _) = cache.put(&[n; 1000]).unwrap();
                        assert!(cache.find(&digest).unwrap().is_some());
                    }
                });
            }
        });
        assert_eq!(
            fs::read_dir(root.path().join("content")).unwrap().count(),
            20
        );
    }
}
