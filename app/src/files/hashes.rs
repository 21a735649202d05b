//! Hashing every file once, on all cores.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::Limits;
use crate::content::{BLOCK, Hashed, hash_file};
use crate::error::{Fault, LoadError};

/// More threads than this only wait for the disk.
const MOST_THREADS: usize = 8;

/// What reading all files told, by file.
#[derive(Debug)]
pub(crate) struct Hashes(BTreeMap<Arc<Path>, Hashed>);

impl Hashes {
    /// Reads `files`, each once. Their sizes are checked before the first is read.
    pub(crate) fn of<'f>(
        files: impl Iterator<Item = &'f Arc<Path>>,
        limits: &Limits,
    ) -> Result<Self, LoadError> {
        let files: Vec<Arc<Path>> = files
            .cloned()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        check_sizes(&files, limits)?;
        let threads = std::thread::available_parallelism()
            .map_or(1, NonZero::get)
            .min(MOST_THREADS)
            .min(files.len());
        let next = AtomicUsize::new(0);
        let failed = AtomicBool::new(false);
        let work = || {
            let mut buffer = vec![0; BLOCK];
            let mut done = Vec::new();
            while !failed.load(Ordering::Relaxed) {
                let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) else {
                    break;
                };
                match hash_file(file, &mut buffer) {
                    Ok(hashed) => done.push((Arc::clone(file), hashed)),
                    Err(source) => {
                        failed.store(true, Ordering::Relaxed);
                        return Err(unreadable(file, source));
                    }
                }
            }
            Ok(done)
        };
        let mut hashes = BTreeMap::new();
        std::thread::scope(|scope| {
            let helpers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut results = vec![work()];
            for helper in helpers {
                match helper.join() {
                    Ok(result) => results.push(result),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            for result in results {
                hashes.extend(result?);
            }
            Ok::<(), LoadError>(())
        })?;
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

fn check_sizes(files: &[Arc<Path>], limits: &Limits) -> Result<(), LoadError> {
    let mut total = 0_u64;
    for file in files {
        let size = std::fs::metadata(file)
            .map_err(|source| unreadable(file, source))?
            .len();
        if size > limits.file_bytes {
            return Err(too_large(
                format!("`{}` has {}", file.display(), bytes(size)),
                limits.file_bytes,
            ));
        }
        total = total.saturating_add(size);
    }
    if total > limits.total_bytes {
        return Err(too_large(
            format!("the application has {}", bytes(total)),
            limits.total_bytes,
        ));
    }
    Ok(())
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
