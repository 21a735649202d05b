//! An application from a bindle's folder, which may have come from anywhere.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{INVOICE, PARCELS, StandaloneError, parcel};
use crate::files::Hashes;
use crate::invoice::{Invoice, Label};
use crate::record::{self, ContentLabel, Received, RecordError};
use crate::{Application, BindleId, Bundle, Content, Digest, RECORD_MEDIA_TYPE, Reading};

/// Largest invoice that is read, in bytes: each of its files may have a path of 1 KiB, and a table around it.
const LARGEST_INVOICE: u64 = 32 * 1024 * 1024;

/// Reads the application in the folder of a bindle, the one with `invoice.toml` in it.
///
/// All of it is checked: invoice, record and version fit each other as [`Received::read`] demands, every parcel has the size and the
/// digest that the invoice says, and packing the application gives this very invoice again, the manifest for Spin 1.x included. So
/// nobody can be shown one thing and deploy another. Signatures are not looked at: whoever pushes signs for himself.
///
/// # Errors
/// [`StandaloneError`], for whatever of that is not so.
pub fn open(folder: &Path, reading: &Reading<'_>) -> Result<Application, StandaloneError> {
    let path = folder.join(INVOICE);
    let refuse = |reason: String| StandaloneError::Invoice {
        path: path.clone(),
        reason,
    };
    let text = read(&path, LARGEST_INVOICE)?;
    let text = String::from_utf8(text).map_err(|_| refuse("it is not UTF-8".to_owned()))?;
    let mut invoice = Invoice::from_toml(&text).map_err(|error| refuse(error.to_string()))?;
    drop(text);
    let unfit = |source: RecordError| StandaloneError::Record {
        path: folder.to_owned(),
        source: Box::new(source),
    };
    let record = match invoice.parcel.get(1).map(|parcel| &parcel.label) {
        Some(label) if label.media_type == RECORD_MEDIA_TYPE => label,
        _ => {
            return Err(refuse(
                "it lists no record of Bowline; something else has written it".to_owned(),
            ));
        }
    };
    let path_of_parcels = folder.join(PARCELS);
    if path_of_parcels.is_symlink() {
        return Err(StandaloneError::File {
            path: path_of_parcels,
            reason: "it is a link".to_owned(),
        });
    }
    let parcels = Parcels::of(folder, &invoice, refuse)?;
    let record = read(
        parcels.path(&digest(record, refuse)?),
        record::LARGEST as u64,
    )?;
    let received = Received::read(&record, &invoice).map_err(unfit)?;
    // A folder that came from somewhere is read, whatever is known of files in its place.
    let unknowing = Reading {
        cache: None,
        ..*reading
    };
    let contents = parcels.check(&unknowing)?;
    let content = |label: &ContentLabel| {
        let (file, hashed) = contents.get(&label.digest)?;
        Some(Content::from_file(
            Arc::clone(file),
            hashed,
            &label.media_type,
        ))
    };
    let application = Application::restore(path.clone(), received, content).map_err(unfit)?;

    // What is left of the invoice are words that no digest covers: they have to be what this application's invoice says.
    invoice.signature.clear();
    let id = BindleId::new(application.name(), application.revision_version().clone())
        .map_err(|error| refuse(error.to_string()))?;
    let ours = Bundle::pack(&application, id).map_err(|source| StandaloneError::Pack {
        path: folder.to_owned(),
        source: Box::new(source),
    })?;
    if *ours.invoice() != invoice {
        return Err(refuse(format!(
            "{} is not as its application's invoice has it",
            difference(ours.invoice(), &invoice)
        )));
    }
    Ok(application)
}

/// The first thing that differs, for the message.
fn difference(ours: &Invoice, theirs: &Invoice) -> String {
    if ours.bindle.name != theirs.bindle.name || ours.bindle.version != theirs.bindle.version {
        return "the name or version".to_owned();
    }
    if ours.bindle != theirs.bindle {
        return "the description or the list of authors".to_owned();
    }
    let differs = ours
        .parcel
        .iter()
        .zip(&theirs.parcel)
        .find(|(ours, theirs)| ours != theirs);
    match differs {
        Some((parcel, _)) => format!("the parcel `{}`", parcel.label.name.escape_debug()),
        None => "what it says about the whole".to_owned(),
    }
}

fn digest(
    label: &Label,
    refuse: impl FnOnce(String) -> StandaloneError,
) -> Result<Digest, StandaloneError> {
    label
        .sha256
        .parse()
        .map_err(|error: crate::ParseDigestError| {
            let name = label.name.escape_debug();
            refuse(format!("the digest of the parcel `{name}` is {error}"))
        })
}

/// The files of all parcels, each digest once, and how large each has to be.
struct Parcels(BTreeMap<Digest, (Arc<Path>, u64)>);

type Checked = BTreeMap<Digest, (Arc<Path>, crate::content::Hashed)>;

impl Parcels {
    fn of(
        folder: &Path,
        invoice: &Invoice,
        refuse: impl Fn(String) -> StandaloneError + Copy,
    ) -> Result<Self, StandaloneError> {
        let folder = folder.join(PARCELS);
        let mut parcels = BTreeMap::new();
        for label in invoice.parcel.iter().map(|parcel| &parcel.label) {
            let digest = digest(label, refuse)?;
            let path: Arc<Path> = folder.join(parcel(&digest)).into();
            let (_, size) = parcels.entry(digest).or_insert((path, label.size));
            if *size != label.size {
                let name = label.name.escape_debug();
                return Err(refuse(format!("the parcel `{name}` has two sizes")));
            }
        }
        Ok(Self(parcels))
    }

    fn path(&self, digest: &Digest) -> &Path {
        self.0.get(digest).map_or(Path::new(""), |(path, _)| path)
    }

    /// Reads all, and compares what is there with what has to be.
    fn check(self, reading: &Reading<'_>) -> Result<Checked, StandaloneError> {
        for (path, size) in self.0.values() {
            plain(
                path,
                |found| found == *size,
                || format!("it has to have {size} bytes"),
            )?;
        }
        let files = self.0.values().map(|(path, _)| path);
        let hashes = Hashes::of(files, reading).map_err(StandaloneError::Load)?;
        let mut checked = BTreeMap::new();
        for (digest, (path, _)) in self.0 {
            let hashed = hashes.get(&path).map_err(StandaloneError::Load)?;
            if hashed.digest != digest {
                return Err(StandaloneError::Parcel {
                    path: path.to_path_buf(),
                    found: hashed.digest,
                });
            }
            checked.insert(digest, (path, hashed.clone()));
        }
        Ok(checked)
    }
}

/// Makes sure that this is a file, not a link or a pipe, and has a size that is right.
fn plain(
    path: &Path,
    fits: impl FnOnce(u64) -> bool,
    expected: impl FnOnce() -> String,
) -> Result<(), StandaloneError> {
    let refuse = |reason: String| StandaloneError::File {
        path: path.to_owned(),
        reason,
    };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(refuse("it is not there".to_owned()))
        }
        Err(error) => Err(StandaloneError::io("read", path)(error)),
        Ok(metadata) if !metadata.is_file() => Err(refuse("it is no plain file".to_owned())),
        Ok(metadata) if fits(metadata.len()) => Ok(()),
        Ok(metadata) => Err(refuse(format!(
            "it has {} bytes, and {}",
            metadata.len(),
            expected()
        ))),
    }
}

/// The bytes of a small file.
fn read(path: &Path, largest: u64) -> Result<Vec<u8>, StandaloneError> {
    let limit = || format!("{largest} is the limit");
    plain(path, |size| size <= largest, limit)?;
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(largest + 1).read_to_end(&mut bytes))
        .map_err(StandaloneError::io("read", path))?;
    if bytes.len() as u64 > largest {
        return Err(StandaloneError::File {
            path: PathBuf::from(path),
            reason: format!("it has more bytes than {largest}, the limit"),
        });
    }
    Ok(bytes)
}
