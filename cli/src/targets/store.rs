//! The installed targets: one file for each content, and an index of names.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bowline_app::Digest;
use serde::{Deserialize, Serialize};

use super::hex;
use super::name::Name;
use super::source::Source;
use crate::error::Error;
use crate::exit::Exit;
use crate::files;

/// Form of the index that this program reads and writes.
const VERSION: u32 = 1;
const INDEX: &str = "index.toml";
const HELD: &str = ".lock";

/// The folder of installed targets: `<sha256>.wasm` files, named by their content, and `index.toml`. The folder is for this user
/// only (0700), as are the files (0600). Writers wait for each other; readers always find a whole index.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// What is installed, by name.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    version: u32,
    /// The target to use where `--target` names none. Without it, that is the built-in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Name>,
    /// Every installed target, by name.
    #[serde(default, rename = "target", skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Entry>,
}

/// One installed target.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What it is called here.
    pub name: Name,
    /// What it calls itself.
    pub own_name: String,
    /// Its own version.
    pub version: String,
    /// SHA-256 of the component.
    #[serde(with = "hex")]
    pub digest: Digest,
    /// Bytes of the component.
    pub size: u64,
    /// Where it came from.
    pub source: Source,
    /// SHA-256 of the manifest by which a registry gave it out: what its tag stood for.
    #[serde(default, with = "hex::option", skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            version: VERSION,
            default: None,
            targets: Vec::new(),
        }
    }
}

impl Index {
    /// The target of this name.
    #[must_use]
    pub fn find(&self, name: &Name) -> Option<&Entry> {
        self.targets.iter().find(|entry| entry.name == *name)
    }

    /// The target that came from this place.
    #[must_use]
    pub fn from(&self, source: &Source) -> Option<&Entry> {
        self.targets.iter().find(|entry| entry.source == *source)
    }

    /// The contents to which names lead.
    #[must_use]
    pub fn digests(&self) -> BTreeSet<Digest> {
        self.targets.iter().map(|entry| entry.digest).collect()
    }

    /// Adds a target, or puts it in the place of the one of its name.
    pub fn put(&mut self, entry: Entry) {
        self.remove(&entry.name.clone());
        self.targets.push(entry);
        self.targets.sort_by(|one, other| one.name.cmp(&other.name));
    }

    /// Takes a target out; its being the default ends, too.
    pub fn remove(&mut self, name: &Name) -> Option<Entry> {
        let at = self.targets.iter().position(|entry| entry.name == *name)?;
        Some(self.targets.remove(at))
    }
}

impl Store {
    /// The store in this folder. Nothing is touched until something is asked for.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What is installed.
    ///
    /// # Errors
    /// When the index can't be read, or was written by a later bowline.
    pub fn index(&self) -> Result<Index, Error> {
        let path = self.folder.join(INDEX);
        let Some(index) = files::read::<Index>(&path)? else {
            return Ok(Index::default());
        };
        files::check_form(&path, index.version.into(), VERSION)?;
        for (at, entry) in index.targets.iter().enumerate() {
            if index.targets[..at]
                .iter()
                .any(|other| other.name == entry.name)
            {
                return Err(Error::new(
                    Exit::Usage,
                    format!(
                        "{} holds two targets named '{}'",
                        path.display(),
                        entry.name
                    ),
                )
                .hint("take one of them out"));
            }
        }
        Ok(index)
    }

    /// Changes the index, with nobody else changing it meanwhile, and then removes what no name leads to any more.
    ///
    /// # Errors
    /// Those of `change`, with which nothing is changed; and when something can't be written.
    pub fn change<T>(
        &self,
        change: impl FnOnce(&mut Index, &Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let held = files::hold(&self.folder, HELD)?;
        let mut index = self.index()?;
        let before = index.clone();
        let made = change(&mut index, self)?;
        if index
            .default
            .as_ref()
            .is_some_and(|name| index.find(name).is_none())
        {
            index.default = None;
        }
        if index != before {
            let text = files::to_toml(&index)?;
            files::replace_private(&self.folder.join(INDEX), text.as_bytes())?;
        }
        self.sweep(&index);
        drop(held);
        Ok(made)
    }

    /// Keeps these bytes. Only for use in [`Store::change`]: what no name leads to is removed.
    ///
    /// # Errors
    /// When they can't be written.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, Error> {
        let digest = Digest::of(bytes);
        if self.bytes(&digest, bytes.len() as u64).is_err() {
            files::replace_private(&self.path(&digest), bytes)?;
        }
        Ok(digest)
    }

    /// Whether there is a file of this content; it may be damaged.
    #[must_use]
    pub fn holds(&self, digest: &Digest) -> bool {
        self.path(digest).is_file()
    }

    /// Bytes of the file of this content, damaged or not. None if there isn't any.
    #[must_use]
    pub fn size(&self, digest: &Digest) -> u64 {
        fs::metadata(self.path(digest)).map_or(0, |file| file.len())
    }

    /// The bytes of this digest, hashed anew. There are no more than `size` of them: of a larger file no more is read.
    ///
    /// # Errors
    /// When the file is not there, or has other content.
    pub fn bytes(&self, digest: &Digest, size: u64) -> Result<Vec<u8>, Error> {
        let path = self.path(digest);
        let mut bytes = Vec::new();
        let read = |bytes: &mut Vec<u8>| -> io::Result<()> {
            File::open(&path)?
                .take(size.saturating_add(1))
                .read_to_end(bytes)?;
            Ok(())
        };
        read(&mut bytes).map_err(|error| {
            let exit = match error.kind() {
                io::ErrorKind::NotFound => Exit::NotFound,
                _ => Exit::Internal,
            };
            Error::new(
                exit,
                format!("can't read the installed target {}", path.display()),
            )
            .cause(&error)
            .hint("`bowline target upgrade` fetches it again")
        })?;
        let found = Digest::of(&bytes);
        if found == *digest {
            return Ok(bytes);
        }
        Err(Error::new(
            Exit::Target,
            format!(
                "{} is not what was installed: its digest is {}",
                path.display(),
                hex::text(&found)
            ),
        )
        .hint("somebody or something has changed that file: `bowline target upgrade` fetches it again"))
    }

    /// Where a content is kept.
    #[must_use]
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{digest}.wasm"))
    }

    /// Removes contents that no name leads to. What can't be removed stays, and is tried again next time.
    fn sweep(&self, index: &Index) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            let is_left = content(&path)
                .is_some_and(|digest| !index.targets.iter().any(|entry| entry.digest == digest));
            if is_left && let Err(error) = fs::remove_file(&path) {
                tracing::debug!(path = %path.display(), %error, "a target that is not used any more stays");
            }
        }
    }
}

/// The digest that a file of the store is named by.
fn content(path: &Path) -> Option<Digest> {
    path.file_name()?
        .to_str()?
        .strip_suffix(".wasm")?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("targets"));
        (folder, store)
    }

    fn entry(name: &str, content: &[u8]) -> Entry {
        Entry {
            name: name.parse().unwrap(),
            own_name: name.to_owned(),
            version: "1.0.0".to_owned(),
            digest: Digest::of(content),
            size: content.len() as u64,
            source: "https://example.com/acme.wasm".parse().unwrap(),
            manifest: None,
        }
    }

    fn install(store: &Store, name: &str, content: &[u8]) {
        store
            .change(|index, store| {
                store.put(content)?;
                index.put(entry(name, content));
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn what_is_installed_is_found_by_name_and_place() {
        let (_folder, store) = store();
        assert_eq!(store.index().unwrap(), Index::default());
        install(&store, "b", b"two");
        install(&store, "a", b"one");
        let index = store.index().unwrap();
        let names: Vec<&str> = index
            .targets
            .iter()
            .map(|entry| entry.name.as_str())
            .collect();
        assert_eq!(names, ["a", "b"]);
        let found = index.find(&"b".parse().unwrap()).unwrap();
        assert_eq!(store.bytes(&found.digest, found.size).unwrap(), b"two");
        assert_eq!(index.from(&found.source).unwrap().name.as_str(), "a");
    }

    #[test]
    fn contents_are_shared_and_removed_with_their_last_name() {
        let (_folder, store) = store();
        install(&store, "a", b"same");
        install(&store, "b", b"same");
        let digest = Digest::of(b"same");
        let remove = |name: &str| {
            store
                .change(|index, _| {
                    index.default = Some("b".parse().unwrap());
                    Ok(index.remove(&name.parse().unwrap()))
                })
                .unwrap()
        };
        assert!(remove("a").is_some() && store.holds(&digest));
        assert_eq!(store.index().unwrap().default.unwrap().as_str(), "b");
        assert!(remove("b").is_some() && !store.holds(&digest));
        assert_eq!(store.index().unwrap(), Index::default());
        assert!(remove("b").is_none());
    }

    #[test]
    fn a_failed_change_changes_nothing() {
        let (_folder, store) = store();
        install(&store, "a", b"one");
        let before = store.index().unwrap();
        let failed = store.change(|index, store| {
            store.put(b"two")?;
            index.put(entry("a", b"two"));
            Err::<(), _>(Error::new(Exit::Internal, "no"))
        });
        failed.unwrap_err();
        assert_eq!(store.index().unwrap(), before);
        // What it left is swept up by the next one.
        store.change(|_, _| Ok(())).unwrap();
        assert!(!store.holds(&Digest::of(b"two")) && store.holds(&Digest::of(b"one")));
    }

    #[test]
    fn changed_files_are_noticed() {
        let (_folder, store) = store();
        install(&store, "a", b"one");
        let digest = Digest::of(b"one");
        fs::write(store.path(&digest), b"evil").unwrap();
        let error = store.bytes(&digest, 3).unwrap_err();
        assert_eq!(error.exit(), Exit::Target);
        assert!(
            error.message().contains("is not what was installed"),
            "{error:?}"
        );
        // Installing it again mends it.
        install(&store, "a", b"one");
        assert_eq!(store.bytes(&digest, 3).unwrap(), b"one");
        fs::remove_file(store.path(&digest)).unwrap();
        assert_eq!(store.bytes(&digest, 3).unwrap_err().exit(), Exit::NotFound);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, store) = store();
        install(&store, "a", b"one");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&store.folder), 0o700);
        for entry in fs::read_dir(&store.folder).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }

    #[test]
    fn many_writers_lose_nothing() {
        let (_folder, store) = store();
        std::thread::scope(|scope| {
            for at in 0..8 {
                let store = &store;
                scope.spawn(move || install(store, &format!("t{at}"), format!("{at}").as_bytes()));
            }
        });
        let index = store.index().unwrap();
        assert_eq!(index.targets.len(), 8);
        for entry in index.targets {
            store.bytes(&entry.digest, entry.size).unwrap();
        }
    }

    #[test]
    fn an_index_that_can_not_be_trusted_is_refused() {
        let (_folder, store) = store();
        install(&store, "a", b"one");
        let path = store.folder.join(INDEX);
        let text = fs::read_to_string(&path).unwrap();
        let (_, one) = text.split_once("[[target]]").unwrap();
        for (changed, message) in [
            (
                text.replace("version = 1\n", "version = 2\n"),
                "has the form 2",
            ),
            (
                format!("{text}\n[[target]]{one}"),
                "holds two targets named 'a'",
            ),
            (
                text.replace("name = \"a\"\nown", "name = \"../a\"\nown"),
                "can't be used",
            ),
            (text.replace("sha256:", ""), "can't be used"),
            (text.replace("size =", "sise ="), "can't be used"),
            ("\u{0}".to_owned(), "can't be used"),
        ] {
            fs::write(&path, changed).unwrap();
            let error = store.index().unwrap_err();
            assert!(error.message().contains(message), "{error:?}");
        }
    }
}
