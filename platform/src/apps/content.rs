//! Content by its digest: a file is under its name only after its bytes were checked.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bowline_app::{Digest, check_guest_path};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use crate::data::create_private_folder;

/// A folder of checked content, and the folders that components see, made of links to it.
pub struct Content {
    checked: PathBuf,
    mounts: PathBuf,
    unfinished: PathBuf,
}

impl Content {
    /// Opens the store in `folder`, and throws away what an earlier run left unfinished.
    ///
    /// # Errors
    /// The folders can't be made or cleaned.
    pub fn open(folder: &Path) -> Result<Self> {
        let store = Self {
            checked: folder.join("content"),
            mounts: folder.join("mounts"),
            unfinished: folder.join("unfinished"),
        };
        if store.unfinished.exists() {
            std::fs::remove_dir_all(&store.unfinished)
                .with_context(|| format!("removing {}", store.unfinished.display()))?;
        }
        for folder in [&store.checked, &store.mounts, &store.unfinished] {
            create_private_folder(folder)
                .with_context(|| format!("making the folder {}", folder.display()))?;
        }
        Ok(store)
    }

    /// Where the content with this digest is, or will be.
    pub fn path(&self, digest: Digest) -> PathBuf {
        self.checked.join(digest.to_string())
    }

    /// Whether the content is here.
    pub fn has(&self, digest: Digest) -> bool {
        self.path(digest).is_file()
    }

    /// A writer for content that should turn out to have this digest and size.
    ///
    /// # Errors
    /// No file can be made.
    pub async fn receive(&self, digest: Digest, size: u64) -> Result<Incoming> {
        let file = tempfile::NamedTempFile::new_in(&self.unfinished)?;
        let writer = tokio::fs::File::from_std(file.as_file().try_clone()?);
        Ok(Incoming {
            file,
            writer,
            hasher: Sha256::new(),
            digest,
            left: size,
            path: self.path(digest),
        })
    }

    /// A folder with these files and no others. Equal lists share one.
    ///
    /// # Errors
    /// A path leads out of the folder or is there twice, some content isn't in the store, or the
    /// folder can't be written.
    pub fn mount(&self, files: &[(String, Digest)]) -> Result<PathBuf> {
        let mut list = Vec::new();
        for (path, digest) in files {
            check_guest_path(path).with_context(|| format!("the file path '{path}'"))?;
            // No path has a line end in it, so that no two lists give the same text.
            list.push(format!("{digest} {path}\n"));
        }
        list.sort();
        let mount = self
            .mounts
            .join(Digest::of(list.concat().as_bytes()).to_string());
        if mount.is_dir() {
            return Ok(mount);
        }
        let folder = tempfile::TempDir::new_in(&self.unfinished)?;
        for (path, digest) in files {
            let place = folder.path().join(path);
            if let Some(parent) = place.parent() {
                create_private_folder(parent)
                    .with_context(|| format!("making the folder for '{path}'"))?;
            }
            link(&self.path(*digest), &place).with_context(|| format!("placing '{path}'"))?;
        }
        let folder = folder.keep();
        match std::fs::rename(&folder, &mount) {
            // Another channel made the same folder in the meantime.
            Err(_) if mount.is_dir() => {
                std::fs::remove_dir_all(&folder)?;
            }
            other => other.context("putting the files in place")?,
        }
        Ok(mount)
    }
}

/// Makes `place` the same file as `content`, or a copy where the file system can't. Never replaces
/// anything.
fn link(content: &Path, place: &Path) -> io::Result<()> {
    match std::fs::hard_link(content, place) {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::Unsupported | ErrorKind::PermissionDenied | ErrorKind::TooManyLinks
            ) =>
        {
            let mut from = std::fs::File::open(content)?;
            let mut to = std::fs::File::create_new(place)?;
            io::copy(&mut from, &mut to).map(drop)
        }
        other => other,
    }
}

/// Content on its way in.
pub struct Incoming {
    file: tempfile::NamedTempFile,
    writer: tokio::fs::File,
    hasher: Sha256,
    digest: Digest,
    left: u64,
    path: PathBuf,
}

impl Incoming {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// There are more than announced, or the disk is full.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let length = u64::try_from(bytes.len())?;
        self.left = self
            .left
            .checked_sub(length)
            .context("it is longer than its label says")?;
        self.hasher.update(bytes);
        self.writer.write_all(bytes).await?;
        Ok(())
    }

    /// Checks the whole, and puts it in its place.
    ///
    /// # Errors
    /// Bytes are missing, the digest is another one, or the file can't be put in its place.
    pub async fn finish(mut self) -> Result<()> {
        anyhow::ensure!(self.left == 0, "{} bytes of it are missing", self.left);
        let found = Digest::from_bytes(self.hasher.finalize().into());
        anyhow::ensure!(
            found == self.digest,
            "its bytes have the digest {found} instead of {}",
            self.digest
        );
        self.writer.flush().await?;
        self.writer.sync_all().await?;
        self.file.persist(&self.path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn put(store: &Content, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        let mut incoming = store.receive(digest, bytes.len() as u64).await.unwrap();
        incoming.write(bytes).await.unwrap();
        incoming.finish().await.unwrap();
        digest
    }

    fn unfinished(store: &Content) -> usize {
        std::fs::read_dir(&store.unfinished).unwrap().count()
    }

    #[tokio::test]
    async fn only_the_right_bytes_get_their_name() {
        let root = tempfile::tempdir().unwrap();
        let store = Content::open(root.path()).unwrap();
        let digest = Digest::of(b"right");

        let mut wrong = store.receive(digest, 5).await.unwrap();
        wrong.write(b"wrong").await.unwrap();
        assert!(wrong.finish().await.is_err());
        let mut short = store.receive(digest, 5).await.unwrap();
        short.write(b"rig").await.unwrap();
        assert!(short.finish().await.is_err());
        let mut long = store.receive(digest, 5).await.unwrap();
        assert!(long.write(b"right!").await.is_err());
        drop(long);
        assert!(!store.has(digest));

        assert_eq!(put(&store, b"right").await, digest);
        assert_eq!(std::fs::read(store.path(digest)).unwrap(), b"right");
        assert_eq!(unfinished(&store), 0);
    }

    #[tokio::test]
    async fn a_mount_has_its_files_and_no_others() {
        let root = tempfile::tempdir().unwrap();
        let store = Content::open(root.path()).unwrap();
        let one = put(&store, b"one").await;
        let two = put(&store, b"two").await;
        let files = [("a/b.txt".to_owned(), one), ("c".to_owned(), two)];
        let mount = store.mount(&files).unwrap();
        assert_eq!(std::fs::read(mount.join("a/b.txt")).unwrap(), b"one");
        assert_eq!(std::fs::read_dir(&mount).unwrap().count(), 2);
        assert_eq!(store.mount(&files).unwrap(), mount);
        assert_ne!(store.mount(&files[..1]).unwrap(), mount);
        assert_eq!(unfinished(&store), 0);
    }

    #[tokio::test]
    async fn a_mount_stays_in_its_folder() {
        let root = tempfile::tempdir().unwrap();
        let store = Content::open(root.path()).unwrap();
        let one = put(&store, b"one").await;
        for path in ["../x", "/x", "a/../../x", "", "a//b"] {
            assert!(store.mount(&[(path.to_owned(), one)]).is_err(), "{path}");
        }
        // The same path twice, and a file where a folder must be.
        let clash = [("a".to_owned(), one), ("a".to_owned(), one)];
        assert!(store.mount(&clash).is_err());
        let clash = [("a".to_owned(), one), ("a/b".to_owned(), one)];
        assert!(store.mount(&clash).is_err());
        assert!(store.mount(&[("a".to_owned(), Digest::of(b"?"))]).is_err());
        assert_eq!(unfinished(&store), 0);
    }

    #[test]
    fn what_was_left_unfinished_is_thrown_away() {
        let root = tempfile::tempdir().unwrap();
        let store = Content::open(root.path()).unwrap();
        std::fs::write(store.unfinished.join("half"), b"ha").unwrap();
        let store = Content::open(root.path()).unwrap();
        assert_eq!(unfinished(&store), 0);
    }
}
