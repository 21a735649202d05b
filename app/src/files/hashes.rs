//! Hashing every file once, on all cores.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use crate::content::{BLOCK, Hashed, hash_file};
use crate::error::{Fault, LoadError};
use crate::parallel;
use crate::{Hashing, Limits, Reading};

/// What reading all files told, by file.
#[derive(Debug)]
pub(crate) struct Hashes(BTreeMap<Arc<Path>, Hashed>);

impl Hashes {
    /// Reads `files`, each once, unless the cache knows them. Their sizes are checked before the first is read.
    pub(crate) fn of<'f>(
        files: impl Iterator<Item = &'f Arc<Path>>,
        reading: &Reading<'_>,
    ) -> Result<Self, LoadError> {
        let files: BTreeSet<Arc<Path>> = files.cloned().collect();
        let files = look(files, &reading.limits())?;
        let mut hashes = BTreeMap::new();
        let mut unknown = Vec::new();
        for (file, metadata) in files {
            let known = reading.cache.and_then(|cache| cache.find(&file, &metadata));
            match known {
                Some(hashed) => {
                    hashes.insert(file, hashed);
                }
                None => unknown.push((file, metadata)),
            }
        }
        // The largest first, so that no thread is left with one when the others have nothing more to do.
        unknown.sort_by_key(|(_, metadata)| std::cmp::Reverse(metadata.len()));
        let total = unknown.iter().map(|(_, metadata)| metadata.len()).sum();
        let done = AtomicU64::new(0);
        let told = |more: u64| {
            let bytes = done.fetch_add(more, Ordering::Relaxed).saturating_add(more);
            if let Some(observer) = reading.observer {
                observer(Hashing {
                    bytes,
                    total,
                    files: unknown.len(),
                });
            }
        };
        let began = SystemTime::now();
        let hashed = parallel::each(
            &unknown,
            || vec![0; BLOCK],
            |buffer, (file, metadata)| {
                let hashed =
                    hash_file(file, buffer, &told).map_err(|source| unreadable(file, source))?;
                if let Some(cache) = reading.cache {
                    cache.note(file, metadata, &hashed, began);
                }
                Ok::<_, LoadError>(hashed)
            },
        )?;
        let files = unknown.into_iter().map(|(file, _)| file);
        hashes.extend(files.zip(hashed));
        Ok(Self(hashes))
    }

    /// What reading `file` told.
    ///
    /// # Errors
    /// It is not one of the files that were read.
    pub(crate) fn get(&self, file: &Path) -> Result<&Hashed, LoadError> {
        self.0
            .get(file)
            .ok_or_else(|| unreadable(file, std::io::Error::other("it was not read")))
    }
}

fn unreadable(file: &Path, source: std::io::Error) -> LoadError {
    Fault::Unreadable {
        path: file.to_owned(),
        source,
    }
    .into()
}

/// Looks at all files, and checks their sizes.
fn look(
    files: BTreeSet<Arc<Path>>,
    limits: &Limits,
) -> Result<Vec<(Arc<Path>, Metadata)>, LoadError> {
    let mut total = 0_u64;
    let mut looked = Vec::with_capacity(files.len());
    for file in files {
        let metadata = std::fs::metadata(&file).map_err(|source| unreadable(&file, source))?;
        let size = metadata.len();
        if size > limits.file_bytes {
            return Err(too_large(
                format!("`{}` has {}", file.display(), bytes(size)),
                limits.file_bytes,
            ));
        }
        total = total.saturating_add(size);
        looked.push((file, metadata));
    }
    if total > limits.total_bytes {
        return Err(too_large(
            format!("the application has {}", bytes(total)),
            limits.total_bytes,
        ));
    }
    Ok(looked)
}

fn too_large(what: String, limit: u64) -> LoadError {
    Fault::TooLarge {
        what,
        limit: bytes(limit),
    }
    .into()
}

fn bytes(count: u64) -> String {
    const MIB: u64 = 1 << 20;
    if count >= MIB {
        format!("{} MiB", count / MIB)
    } else {
        format!("{count} bytes")
    }
}
