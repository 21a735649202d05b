//! Digests of files that were hashed before, so that nothing is read twice unless it changed.
//!
//! An entry counts while the file has the same size, modification time, change time and inode. A file that was written shortly before it
//! was hashed gets none: it could be written again within the same tick of the file system's clock, and nothing would show
//! it. That is Git's "racily clean" problem, and so is the answer.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::Digest;
use crate::content::{Hashed, Kind, Stamp};

/// Changes with the form of the file.
const FORMAT: u32 = 1;

/// How long a file has to have been left alone before it is hashed. Some file systems tell time in steps of two seconds.
const SETTLED: Duration = Duration::from_secs(3);

/// Largest file that is read, in bytes: the paths of all files of the largest application, and some more.
const LARGEST: u64 = 32 * 1024 * 1024;

/// Applications that are remembered; of more, the ones that were not read for the longest time are forgotten.
const APPLICATIONS: usize = 50;

/// The digests of one application's files, kept in a file between runs.
///
/// It is a promise of nothing: a cache that can't be read is an empty one, and bytes are compared with their digest before they are
/// sent anywhere. Its folder should be its user's own.
#[derive(Debug)]
pub struct HashCache {
    file: PathBuf,
    known: HashMap<String, Entry>,
    /// What this run found, which takes the place of what was known.
    found: Mutex<HashMap<String, Entry>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Document {
    format: u32,
    files: HashMap<String, Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    key: Key,
    digest: String,
    kind: Kind,
}

/// What has to be the same. Times are in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key {
    size: u64,
    modified: u64,
    changed: u64,
    device: u64,
    inode: u64,
}

impl Key {
    /// Nothing for a file whose time can't be told.
    pub(crate) fn of(metadata: &Metadata) -> Option<Self> {
        #[cfg(unix)]
        let (changed, device, inode) = {
            use std::os::unix::fs::MetadataExt as _;
            let seconds = u64::try_from(metadata.ctime()).ok()?;
            let nanos = u64::try_from(metadata.ctime_nsec()).ok()?;
            let changed = seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?;
            (changed, metadata.dev(), metadata.ino())
        };
        #[cfg(not(unix))]
        let (changed, device, inode) = (0, 0, 0);
        Some(Self {
            size: metadata.len(),
            modified: nanos(metadata.modified().ok()?)?,
            changed,
            device,
            inode,
        })
    }

    /// Whether the file had been left alone for long enough at `now`, when reading it began.
    fn is_settled(&self, now: SystemTime) -> bool {
        let limit = now.checked_sub(SETTLED).and_then(nanos);
        limit.is_some_and(|limit| self.modified.max(self.changed) < limit)
    }
}

fn nanos(time: SystemTime) -> Option<u64> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok()
}

impl HashCache {
    /// What is known of the application at `path`, its manifest or its folder, in the folder `folder` for caches. Nothing is made
    /// there yet.
    pub fn open(folder: &Path, path: &Path) -> Self {
        let mut place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if place.is_dir() {
            place.push("spin.toml");
        }
        let name = Digest::of(place.as_os_str().as_encoded_bytes());
        let file = folder.join(format!("{name}.json"));
        Self {
            known: read(&file).unwrap_or_default(),
            file,
            found: Mutex::default(),
        }
    }

    /// What is known of a file that looks like this now.
    pub(crate) fn find(&self, path: &Path, metadata: &Metadata) -> Option<Hashed> {
        let path = path.to_str()?;
        let entry = self.known.get(path)?;
        if Key::of(metadata)? != entry.key {
            return None;
        }
        let hashed = Hashed {
            digest: entry.digest.parse().ok()?,
            size: entry.key.size,
            stamp: Stamp::of(metadata),
            kind: entry.kind,
        };
        self.found().insert(path.to_owned(), entry.clone());
        Some(hashed)
    }

    /// Notes what reading a file told that looked like this before and after. `began` is when reading began.
    pub(crate) fn note(
        &self,
        path: &Path,
        metadata: &Metadata,
        hashed: &Hashed,
        began: SystemTime,
    ) {
        let Some(key) = Key::of(metadata).filter(|key| key.is_settled(began)) else {
            return;
        };
        if let Some(path) = path
            .to_str()
            .filter(|_| Stamp::of(metadata) == hashed.stamp)
        {
            let entry = Entry {
                key,
                digest: hashed.digest.to_string(),
                kind: hashed.kind,
            };
            self.found().insert(path.to_owned(), entry);
        }
    }

    /// Keeps what this run found for the next one, and forgets the rest. The folder has to be there.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn save(&self) -> io::Result<()> {
        let files = self.found().clone();
        if files == self.known {
            return Ok(());
        }
        let Some(folder) = self.file.parent() else {
            return Ok(());
        };
        let document = Document {
            format: FORMAT,
            files,
        };
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        let mut writer = io::BufWriter::new(&mut file);
        serde_json::to_writer(&mut writer, &document)?;
        writer.flush()?;
        drop(writer);
        file.persist(&self.file).map_err(|error| error.error)?;
        self.forget_oldest(folder)
    }

    /// Forgets the applications that were not read for the longest time; never this one, whatever the clock says.
    fn forget_oldest(&self, folder: &Path) -> io::Result<()> {
        let mut others = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            if path.extension() != Some(OsStr::new("json")) || path == self.file {
                continue;
            }
            match entry.metadata().and_then(|metadata| metadata.modified()) {
                Ok(modified) => others.push((modified, path)),
                // Another run was faster.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        others.sort_unstable();
        let surplus = (others.len() + 1).saturating_sub(APPLICATIONS);
        for (_, path) in others.into_iter().take(surplus) {
            let _gone = fs::remove_file(path);
        }
        Ok(())
    }

    /// Forgets this application: the next run reads everything.
    ///
    /// # Errors
    /// The file can't be removed.
    pub fn forget(&self) -> io::Result<()> {
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn found(&self) -> std::sync::MutexGuard<'_, HashMap<String, Entry>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing for a file that is not there, too large, or not of this form.
fn read(file: &Path) -> Option<HashMap<String, Entry>> {
    let mut text = Vec::new();
    let file = File::open(file).ok()?;
    file.take(LARGEST + 1).read_to_end(&mut text).ok()?;
    if text.len() as u64 > LARGEST {
        return None;
    }
    let document: Document = serde_json::from_slice(&text).ok()?;
    (document.format == FORMAT).then_some(document.files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::hash_file;

    struct World {
        folder: tempfile::TempDir,
        file: PathBuf,
    }

    impl World {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("a.wasm");
            fs::write(&file, b"\0asm1").unwrap();
            Self { folder, file }
        }

        fn cache(&self) -> HashCache {
            HashCache::open(self.folder.path(), &self.file)
        }

        /// Hashes the file at this time, and keeps it.
        fn remember(&self, began: SystemTime) {
            let metadata = fs::metadata(&self.file).unwrap();
            let hashed = hash_file(&self.file, &mut [0; 16], &|_| {}).unwrap();
            let cache = self.cache();
            cache.note(&self.file, &metadata, &hashed, began);
            cache.save().unwrap();
        }

        fn find(&self) -> Option<Hashed> {
            self.cache()
                .find(&self.file, &fs::metadata(&self.file).unwrap())
        }
    }

    fn later() -> SystemTime {
        SystemTime::now() + Duration::from_secs(60)
    }

    #[test]
    fn what_was_hashed_is_known_until_it_changes() {
        let world = World::new();
        assert!(world.find().is_none());
        world.remember(later());
        let found = world.find().unwrap();
        assert_eq!(found.digest, Digest::of(b"\0asm1"));
        assert_eq!((found.size, found.kind), (5, Kind::Wasm));
        fs::write(&world.file, b"\0asm22").unwrap();
        assert!(world.find().is_none());
    }

    #[test]
    fn a_file_that_was_just_written_is_not_remembered() {
        let world = World::new();
        world.remember(SystemTime::now());
        assert!(world.find().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn a_change_that_keeps_size_and_time_is_seen_by_its_change_time() {
        let world = World::new();
        let modified = fs::metadata(&world.file).unwrap().modified().unwrap();
        world.remember(later());
        // Longer than a tick of the file system's clock.
        std::thread::sleep(Duration::from_millis(50));
        fs::write(&world.file, b"\0asm2").unwrap();
        let file = File::options().write(true).open(&world.file).unwrap();
        file.set_modified(modified).unwrap();
        assert!(world.find().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn another_file_in_its_place_is_another_file() {
        let world = World::new();
        world.remember(later());
        let other = world.folder.path().join("b");
        fs::write(&other, b"\0asm2").unwrap();
        fs::rename(other, &world.file).unwrap();
        assert!(world.find().is_none());
    }

    #[test]
    fn a_spoiled_cache_is_an_empty_one() {
        let world = World::new();
        world.remember(later());
        let file = world.cache().file;
        let good = fs::read(&file).unwrap();
        let text = String::from_utf8(good.clone()).unwrap();
        let digest = Digest::of(b"\0asm1").to_string();
        for spoiled in [
            Vec::new(),
            good[..good.len() / 2].to_vec(),
            b"{\"format\":1,\"files\":[]}".to_vec(),
            text.replace("\"format\":1", "\"format\":9").into_bytes(),
            text.replace(&digest, "../x").into_bytes(),
            vec![b'['; 1 << 20],
        ] {
            fs::write(&file, spoiled).unwrap();
            assert!(world.find().is_none());
        }
        fs::write(&file, good).unwrap();
        assert!(world.find().is_some());
        world.cache().forget().unwrap();
        world.cache().forget().unwrap();
        assert!(world.find().is_none());
    }

    #[test]
    fn what_a_run_did_not_see_is_forgotten() {
        let world = World::new();
        world.remember(later());
        world.cache().save().unwrap();
        assert!(world.find().is_none());
    }

    #[test]
    fn only_so_many_applications_are_remembered() {
        let world = World::new();
        for n in 0..APPLICATIONS + 5 {
            // By clocks that are ahead of this one.
            let file = File::create(world.folder.path().join(format!("{n}.json"))).unwrap();
            file.set_modified(later()).unwrap();
        }
        world.remember(later());
        let files = fs::read_dir(world.folder.path()).unwrap();
        let left = files.filter(|entry| {
            let path = entry.as_ref().unwrap().path();
            path.extension()
                .is_some_and(|extension| extension == "json")
        });
        assert_eq!(left.count(), APPLICATIONS);
        assert!(world.find().is_some());
    }
}
