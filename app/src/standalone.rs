//! Bundles as folders, to be pushed from elsewhere: what the reference implementation calls a standalone bindle.
//!
//! ```text
//! <folder>/<SHA-256 of "name/version">/invoice.toml
//! <folder>/<SHA-256 of "name/version">/parcels/<SHA-256 of the bytes>.dat
//! ```
//!
//! [`write()`] makes one and [`open`] makes an application of one again. What is opened may come from anybody, so it is taken as an
//! invoice from a foreign server would be: nothing counts before it was compared with its digest.

mod read;
mod write;

use std::io;
use std::path::{Path, PathBuf};

pub use read::open;
pub use write::write;

use crate::record::RecordError;
use crate::{BindleId, Digest, LoadError, PackError};

/// Name of the file with the invoice.
const INVOICE: &str = "invoice.toml";
/// Name of the folder with the parcels.
const PARCELS: &str = "parcels";

/// Bindles in one folder that are counted.
const MOST_BINDLES: usize = 1_000;

/// Why a bundle can't be written to a folder, or an application not be read from one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StandaloneError {
    /// A file or folder can't be read, written or moved.
    #[error("can't {doing} `{}`", path.display())]
    Io {
        /// What failed: `read`, `write`, ...
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Something else is where the folder of the bindle has to be.
    #[error("`{}` is in the way: {reason}", path.display())]
    Occupied {
        /// Where it is.
        path: PathBuf,
        /// What it is.
        reason: String,
    },
    /// The folder holds several bindles, and none was chosen.
    #[error("the folder `{}` holds {count} bindles", path.display())]
    Several {
        /// The folder.
        path: PathBuf,
        /// How many there are.
        count: usize,
    },
    /// A file of the folder is missing, or is no plain file of the right size.
    #[error("the bindle's file `{}` can't be used: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The invoice is not one that Bowline wrote.
    #[error("the invoice `{}` can't be used: {reason}", path.display())]
    Invoice {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A parcel has other bytes than the invoice says.
    #[error("the parcel `{}` is not the one of its invoice: its bytes have the digest {found}", path.display())]
    Parcel {
        /// Its file.
        path: PathBuf,
        /// The digest of the bytes.
        found: Digest,
    },
    /// The record and the invoice are not those of one application.
    #[error("the bindle `{}` can't be used", path.display())]
    Record {
        /// Its folder.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: Box<RecordError>,
    },
    /// The bundle can't be packed again. Bowline packs nothing like that.
    #[error("the bindle `{}` holds an application that can't be packed", path.display())]
    Pack {
        /// Its folder.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: Box<PackError>,
    },
    /// A parcel can't be read, or is too large.
    #[error(transparent)]
    Load(LoadError),
}

impl StandaloneError {
    /// What to do about it, as a sentence without a final period.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Io { .. } | Self::Load(_) => None,
            Self::Occupied { .. } => {
                Some("give another folder with `--to`, or move it away".to_owned())
            }
            Self::Several { .. } => {
                Some("give the folder of one of them, the one with `invoice.toml` in it".to_owned())
            }
            _ => {
                Some("write the folder again with `bowline package`, and copy it whole".to_owned())
            }
        }
    }

    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }
}

/// Where the bindle is that `path` means, if it means one: a folder with an `invoice.toml`, that file itself, or a folder that
/// holds such a folder under the name that [`write()`] gives it. A folder with a `spin.toml` is an application, whatever else it holds.
///
/// # Errors
/// [`StandaloneError::Several`] and [`StandaloneError::Io`].
pub fn find(path: &Path) -> Result<Option<PathBuf>, StandaloneError> {
    if path.file_name().is_some_and(|name| name == INVOICE) && path.is_file() {
        let parent = path.parent().filter(|parent| *parent != Path::new(""));
        return Ok(Some(parent.unwrap_or(Path::new(".")).to_owned()));
    }
    if !path.is_dir() || path.join("spin.toml").exists() {
        return Ok(None);
    }
    if path.join(INVOICE).is_file() {
        return Ok(Some(path.to_owned()));
    }
    let mut found = Vec::new();
    let failed = |source| StandaloneError::io("read", path)(source);
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let is_ours = entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.parse::<Digest>().is_ok());
        if is_ours && entry.path().join(INVOICE).is_file() {
            found.push(entry.path());
        }
        if found.len() == MOST_BINDLES {
            break;
        }
    }
    match found.len() {
        0 | 1 => Ok(found.pop()),
        count => Err(StandaloneError::Several {
            path: path.to_owned(),
            count,
        }),
    }
}

/// The name of a bindle's folder.
fn name(id: &BindleId) -> String {
    Digest::of(id.to_string().as_bytes()).to_string()
}

/// The name of a parcel's file.
fn parcel(digest: &Digest) -> String {
    format!("{digest}.dat")
}
