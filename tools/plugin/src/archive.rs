//! The archive: gzip around tar, with nothing of the machine and the moment in it.

use std::env::consts::EXE_SUFFIX;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use flate2::{Compression, GzBuilder};
use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType, Header};

/// When every entry was changed last: 1 January 1980, the earliest time that every file system can hold.
const CHANGED: u64 = 315_532_800;

/// One file of the archive.
pub(crate) struct Entry {
    name: String,
    mode: u32,
    size: u64,
    bytes: Box<dyn Read>,
}

impl Entry {
    /// A file that everybody may read.
    pub(crate) fn data(name: &str, bytes: &'static [u8]) -> Self {
        Self {
            name: name.to_owned(),
            mode: 0o644,
            size: bytes.len() as u64,
            bytes: Box::new(bytes),
        }
    }

    /// A program of a folder, by its name without `.exe`. Fails when it isn't there or is empty.
    pub(crate) fn program(folder: &Path, name: &str) -> Result<Self> {
        let name = format!("{name}{EXE_SUFFIX}");
        let path = folder.join(&name);
        let failed = || {
            format!(
                "can't read the program {}; `make plugin` builds it",
                path.display()
            )
        };
        let file = File::open(&path).with_context(failed)?;
        let metadata = file.metadata().with_context(failed)?;
        ensure!(
            metadata.is_file() && metadata.len() > 0,
            "{} is not a program",
            path.display()
        );
        Ok(Self {
            name,
            mode: 0o755,
            size: metadata.len(),
            bytes: Box::new(BufReader::new(file)),
        })
    }
}

/// Writes the entries, sorted by name, and returns the SHA-256 of what was written, in hexadecimal.
pub(crate) fn write(to: impl Write, mut entries: Vec<Entry>, level: u32) -> Result<String> {
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let hashing = Hashing {
        to: BufWriter::new(to),
        hash: Sha256::new(),
    };
    // Neither time nor file name nor operating system get into gzip's header.
    let gzip = GzBuilder::new().write(hashing, Compression::new(level));
    let mut tar = Builder::new(gzip);
    for entry in entries {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(entry.mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(CHANGED);
        header.set_size(entry.size);
        let mut bytes = Counting {
            from: entry.bytes.take(entry.size),
            count: 0,
        };
        tar.append_data(&mut header, &entry.name, &mut bytes)?;
        // A shorter file would leave an archive that nobody can unpack.
        ensure!(
            bytes.count == entry.size,
            "{} changed while it was read",
            entry.name
        );
    }
    let mut hashing = tar.into_inner()?.finish()?;
    hashing.flush()?;
    Ok(format!("{:x}", hashing.hash.finalize()))
}

struct Hashing<W> {
    to: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

struct Counting<R> {
    from: R,
    count: u64,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.count += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use flate2::read::GzDecoder;

    use super::*;

    fn entries() -> Vec<Entry> {
        vec![
            Entry::data("b", b"two"),
            Entry::data("LICENSE", b"text"),
            Entry::data("a", b"one"),
        ]
    }

    #[test]
    fn the_same_entries_give_the_same_bytes() {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let digest = write(&mut first, entries(), 6).unwrap();
        let mut reversed = entries();
        reversed.reverse();
        assert_eq!(write(&mut second, reversed, 6).unwrap(), digest);
        assert!(first == second, "the order of the input shows");
        assert_eq!(digest, format!("{:x}", Sha256::digest(&first)));
    }

    #[test]
    fn nothing_of_the_machine_is_in_the_headers() {
        let mut bytes = Vec::new();
        write(&mut bytes, entries(), 6).unwrap();
        assert_eq!(bytes[4..8], [0; 4], "gzip holds a time");
        let mut names = Vec::new();
        for entry in tar::Archive::new(GzDecoder::new(&bytes[..]))
            .entries()
            .unwrap()
        {
            let entry = entry.unwrap();
            let header = entry.header();
            assert_eq!(
                (
                    header.uid().unwrap(),
                    header.gid().unwrap(),
                    header.mtime().unwrap()
                ),
                (0, 0, CHANGED)
            );
            assert_eq!(header.username().unwrap().unwrap_or_default(), "");
            names.push(entry.path().unwrap().into_owned());
        }
        assert_eq!(
            names,
            [Path::new("LICENSE"), Path::new("a"), Path::new("b")]
        );
    }

    #[test]
    fn a_file_that_shrinks_while_it_is_read_is_noticed() {
        let entry = Entry {
            size: 10,
            ..Entry::data("a", b"short")
        };
        let error = write(io::sink(), vec![entry], 6).unwrap_err();
        assert!(error.to_string().contains("a changed while"), "{error:#}");
    }
}
