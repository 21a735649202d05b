//! The archive form of a bindle: the files of an application in few parcels instead of one for each.
//!
//! Bindle servers take a time that grows with the square of the number of parcels, so an application of thousands of files is
//! better packed this way, for platforms that say that they read it. Its parcels are, in this order: the record, an index of
//! the files, the binary of each component, at most 16 archives, and each large file by itself.
//!
//! - The **index** is JSON: digest, size and media type of each file of the record, in the record's order.
//! - An **archive** is the bytes of its files, one after another, and nothing else. What is where follows from the index: of
//!   the files of up to 1 MiB each archive has those whose digest begins with its digit, sorted by digest, each digest
//!   once. So an archive has no names and no headers that could lie, and a changed file changes two archives at most.
//!
//! Who reads it cuts an archive up by the sizes of the index and compares the digest of each piece: what is left over or
//! missing shows. The digest of the application, and so its revision, is the same in both forms.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::invoice::{Invoice, Parcel};
use crate::record::{ContentLabel, RecordError};
use crate::{Application, Digest, Limits};

/// Media type of the index of the files: a bindle with such a parcel has the archive form.
pub const INDEX_MEDIA_TYPE: &str = "application/vnd.bowline.files.v1+json";

/// Media type of an archive.
pub const ARCHIVE_MEDIA_TYPE: &str = "application/vnd.bowline.archive.v1";

/// Media type of a file that is a parcel by itself: the index knows its own, one for each place that it is at.
pub(crate) const FILE_MEDIA_TYPE: &str = "application/octet-stream";

/// With more files than this, the archive form is chosen for a platform that accepts it.
///
/// Up to here a Bindle server takes the parcels in seconds, and one parcel for each file sends less when some change.
pub const MANY_FILES: usize = 1_000;

/// Largest index that is read, in bytes: room for 10,000 files with long media types.
pub const LARGEST_INDEX: usize = 4 * 1024 * 1024;

/// A file larger than this is a parcel by itself.
const LARGEST_PACKED: u64 = 1024 * 1024;

/// The format that is written, and the only one that is read.
const FORMAT: u32 = 1;

/// What the parcel of the index holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    /// [`FORMAT`].
    format: u32,
    /// The files of all components, in the order of the record.
    files: Vec<ContentLabel>,
}

/// The JSON text of the index.
pub(crate) fn index(files: Vec<ContentLabel>) -> Result<Vec<u8>, serde_json::Error> {
    let mut text = serde_json::to_vec(&Index {
        format: FORMAT,
        files,
    })?;
    text.push(b'\n');
    Ok(text)
}

/// Reads an index that came from anywhere.
pub(crate) fn read_index(text: &[u8]) -> Result<Vec<ContentLabel>, RecordError> {
    /// Read first, so that a newer format is told as what it is.
    #[derive(Deserialize)]
    struct Probe {
        format: u64,
    }
    if text.len() > LARGEST_INDEX {
        return Err(RecordError::Index(format!(
            "it has {} bytes, and {LARGEST_INDEX} is the most that is read",
            text.len()
        )));
    }
    let unreadable =
        |error: serde_json::Error| RecordError::Index(format!("it can't be understood ({error})"));
    let probe: Probe = serde_json::from_slice(text).map_err(unreadable)?;
    if probe.format != u64::from(FORMAT) {
        return Err(RecordError::Index(format!(
            "it has format {}, and this version of Bowline reads format {FORMAT}",
            probe.format
        )));
    }
    let index: Index = serde_json::from_slice(text).map_err(unreadable)?;
    let Limits {
        files, file_bytes, ..
    } = Limits::default();
    if index.files.len() > files {
        return Err(RecordError::Index(format!(
            "it has {} files, and {files} is the limit",
            index.files.len()
        )));
    }
    match index.files.iter().find(|file| file.size > file_bytes) {
        Some(file) => Err(RecordError::Index(format!(
            "the file {} has more than {file_bytes} bytes",
            file.digest
        ))),
        None => Ok(index.files),
    }
}

/// How many files the components of `application` see: in the plain form, each is a parcel.
pub fn files(application: &Application) -> usize {
    let components = application.components().iter();
    components.map(|component| component.files.len()).sum()
}

/// The parcel of a bindle that holds the index of its files; none if the bindle has the plain form.
pub fn index_parcel(invoice: &Invoice) -> Option<&Parcel> {
    invoice
        .parcel
        .iter()
        .find(|parcel| parcel.label.media_type == INDEX_MEDIA_TYPE)
}

/// A parcel that holds several files.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Archive {
    /// The digest of the parcel.
    pub digest: Digest,
    /// Digest and size of each file in it, in the order of their bytes. No byte belongs to none of them.
    pub files: Vec<(Digest, u64)>,
}

/// Which parcel each file is in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Digest and size of the files of each archive, by the first digit of their digests.
    pub(crate) archives: BTreeMap<u8, Vec<(Digest, u64)>>,
    /// Digest and size of the files that are parcels by themselves.
    pub(crate) alone: Vec<(Digest, u64)>,
}

impl Layout {
    /// The layout for these files. Neither their order nor how often each comes matters.
    ///
    /// Fails with a digest that comes with two sizes.
    pub(crate) fn of(files: &[ContentLabel]) -> Result<Self, Digest> {
        let mut sizes = BTreeMap::new();
        for ContentLabel { digest, size, .. } in files {
            if sizes
                .insert(*digest, *size)
                .is_some_and(|other| other != *size)
            {
                return Err(*digest);
            }
        }
        let mut layout = Self::default();
        for (digest, size) in sizes {
            let place = if size > LARGEST_PACKED {
                &mut layout.alone
            } else {
                let [first, ..] = digest.as_bytes();
                layout.archives.entry(first >> 4).or_default()
            };
            place.push((digest, size));
        }
        Ok(layout)
    }
}

/// The name of the archive for this first digit.
pub(crate) fn name(digit: u8) -> String {
    format!("files-{digit:x}.archive")
}
