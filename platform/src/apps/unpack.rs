//! Cutting an archive up into the files that it holds.

use std::vec;

use anyhow::{Context as _, Result, ensure};
use bowline_app::Digest;
use bowline_app::archive::Archive;

use super::content::{Content, Incoming};

/// Takes the bytes of an archive and puts its files into the store, each after its digest was checked. Which file is where and how
/// long it is, the index says: nothing in the archive does.
pub struct Unpacking<'c> {
    content: &'c Content,
    rest: vec::IntoIter<(Digest, u64)>,
    current: Option<File>,
}

/// The file that the next bytes belong to.
struct File {
    digest: Digest,
    left: u64,
    /// None if the store has it already.
    incoming: Option<Incoming>,
}

impl<'c> Unpacking<'c> {
    /// For this archive.
    pub fn new(archive: &Archive, content: &'c Content) -> Self {
        Self {
            content,
            rest: archive.files.clone().into_iter(),
            current: None,
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// A file is not what its digest says, there are more bytes than the files have, or the store can't be written.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            self.advance().await?;
            let file = self
                .current
                .as_mut()
                .context("it is longer than its files")?;
            let length =
                usize::try_from(file.left).map_or(bytes.len(), |left| left.min(bytes.len()));
            let (now, later) = bytes.split_at(length);
            if let Some(incoming) = &mut file.incoming {
                incoming.write(now).await?;
            }
            file.left -= u64::try_from(now.len())?;
            bytes = later;
        }
        Ok(())
    }

    /// Ends the last file.
    ///
    /// # Errors
    /// As [`Unpacking::write`], and when bytes are missing.
    pub async fn finish(mut self) -> Result<()> {
        self.advance().await?;
        match self.current {
            Some(file) => {
                ensure!(file.left == 0, "it ends within the file {}", file.digest);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Ends files that are whole, and begins the next, until one needs bytes or there is none.
    async fn advance(&mut self) -> Result<()> {
        loop {
            match self.current.take() {
                Some(file) if file.left > 0 => {
                    self.current = Some(file);
                    return Ok(());
                }
                Some(file) => {
                    if let Some(incoming) = file.incoming {
                        incoming
                            .finish()
                            .await
                            .with_context(|| format!("the file {}", file.digest))?;
                    }
                }
                None => {}
            }
            let Some((digest, size)) = self.rest.next() else {
                return Ok(());
            };
            let incoming = if self.content.has(digest) {
                None
            } else {
                Some(self.content.receive(digest, size).await?)
            };
            self.current = Some(File {
                digest,
                left: size,
                incoming,
            });
        }
    }
}
