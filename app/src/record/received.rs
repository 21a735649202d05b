//! A record together with the contents that its invoice gives it.

use std::slice;

use semver::Version;

use super::{ApplicationRecord, ComponentContents, ContentLabel, RecordError, fingerprint};
use crate::application::mark;
use crate::archive::{
    self, ARCHIVE_MEDIA_TYPE, Archive, FILE_MEDIA_TYPE, INDEX_MEDIA_TYPE, Layout,
};
use crate::invoice::{Invoice, Parcel};
use crate::{Digest, Limits, ParseDigestError, bundle};

/// An application as a server sent it: the record, and what its components consist of.
///
/// The bytes themselves are still to be fetched, and to be compared with the digests.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Received {
    /// The record.
    pub record: ApplicationRecord,
    /// The contents of [`ApplicationRecord::components`], in their order.
    pub contents: Vec<ComponentContents>,
    /// The digest of the whole: [`crate::Application::digest`] of what was packed.
    pub digest: Digest,
    /// The archives of a bindle that has the archive form. A content that is in none of them is a parcel of its own.
    pub archives: Vec<Archive>,
}

impl Received {
    /// Reads a record that came from anywhere, with the invoice that it came with.
    ///
    /// A content belongs to the component and path at whose place it stands in the list of parcels, which
    /// [`crate::Bundle::pack`] describes: signatures cover that order and the record, but neither names nor groups. Those must
    /// say the same. If the version carries the digest of an application, as [`crate::Application::revision`] does, then it must
    /// be the digest of this one.
    ///
    /// # Errors
    /// [`RecordError::Parcels`] and [`RecordError::Revision`] if the invoice does not fit; else as
    /// [`ApplicationRecord::from_json`].
    pub fn read(text: &[u8], invoice: &Invoice) -> Result<Self, RecordError> {
        let record = ApplicationRecord::from_json(text)?;
        let mut parcels = Parcels(invoice.parcel.iter());
        // What the manifest of Spin 1.x says is for its readers.
        parcels.next("the manifest")?;
        if parcels.next("the record")?.label.sha256 != Digest::of(text).to_string() {
            return Err(RecordError::Parcels(
                "the second is not the record".to_owned(),
            ));
        }
        let mut contents = Vec::with_capacity(record.components.len());
        for component in &record.components {
            contents.push(ComponentContents {
                source: parcels.content(&bundle::binary(&component.id), None)?,
                files: Vec::with_capacity(component.files.len()),
            });
        }
        for (component, contents) in record.components.iter().zip(&mut contents) {
            let group = bundle::group(&component.id);
            for path in &component.files {
                contents.files.push(parcels.content(path, Some(&group))?);
            }
        }
        parcels.end()?;
        Self::checked(record, contents, Vec::new(), invoice)
    }

    /// As [`Received::read`], for a bindle of the [archive form](crate::archive), with the index of its files.
    ///
    /// # Errors
    /// As [`Received::read`], and [`RecordError::Index`] if the index can't be read, or has not the files of the record.
    pub fn read_archived(
        text: &[u8],
        index: &[u8],
        invoice: &Invoice,
    ) -> Result<Self, RecordError> {
        let record = ApplicationRecord::from_json(text)?;
        let files = archive::read_index(index)?;
        let layout = Layout::of(&files)
            .map_err(|digest| RecordError::Index(format!("the file {digest} has two sizes")))?;
        let mut parcels = Parcels(invoice.parcel.iter());
        if parcels.next("the record")?.label.sha256 != Digest::of(text).to_string() {
            return Err(RecordError::Parcels(
                "the first is not the record".to_owned(),
            ));
        }
        let parcel = parcels.next("the index")?;
        if parcel.label.sha256 != Digest::of(index).to_string()
            || parcel.label.media_type != INDEX_MEDIA_TYPE
        {
            return Err(RecordError::Parcels(
                "the second is not the index".to_owned(),
            ));
        }
        let listed: usize = record
            .components
            .iter()
            .map(|component| component.files.len())
            .sum();
        if listed != files.len() {
            return Err(RecordError::Index(format!(
                "it has {} files, and the record has {listed}",
                files.len()
            )));
        }
        let mut files = files.into_iter();
        let mut contents = Vec::with_capacity(record.components.len());
        for component in &record.components {
            contents.push(ComponentContents {
                source: parcels.content(&bundle::binary(&component.id), None)?,
                files: files.by_ref().take(component.files.len()).collect(),
            });
        }
        let mut archives = Vec::new();
        for (digit, files) in layout.archives {
            let size = files.iter().map(|(_, size)| size).sum();
            let digest = parcels.exactly(&archive::name(digit), size, ARCHIVE_MEDIA_TYPE)?;
            archives.push(Archive { digest, files });
        }
        for (digest, size) in layout.alone {
            let name = digest.to_string();
            if parcels.exactly(&name, size, FILE_MEDIA_TYPE)? != digest {
                return Err(RecordError::Parcels(format!(
                    "another file stands where {digest} belongs"
                )));
            }
        }
        parcels.end()?;
        Self::checked(record, contents, archives, invoice)
    }

    /// All that was read, if it is what the version names.
    fn checked(
        record: ApplicationRecord,
        contents: Vec<ComponentContents>,
        archives: Vec<Archive>,
        invoice: &Invoice,
    ) -> Result<Self, RecordError> {
        let digest = fingerprint(&record, &contents);
        let version = &invoice.bindle.version;
        match stated(version) {
            Some(stated) if stated != mark(&digest) => Err(RecordError::Revision {
                version: version.escape_debug().to_string(),
                found: digest,
            }),
            _ => Ok(Self {
                record,
                contents,
                digest,
                archives,
            }),
        }
    }
}

/// The last part of the version's build metadata, if it has the form of a digest's mark.
///
/// A target may push under any version, so one without a mark is nothing to complain of.
fn stated(version: &str) -> Option<String> {
    let version = Version::parse(version).ok()?;
    let last = version.build.rsplit('.').next()?;
    let digits = last.strip_prefix('q')?;
    let is_mark = digits.len() == 16
        && digits
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_mark.then(|| last.to_owned())
}

struct Parcels<'i>(slice::Iter<'i, Parcel>);

impl<'i> Parcels<'i> {
    fn next(&mut self, what: &str) -> Result<&'i Parcel, RecordError> {
        self.0
            .next()
            .ok_or_else(|| RecordError::Parcels(format!("there is none for {what}")))
    }

    fn end(mut self) -> Result<(), RecordError> {
        match self.0.next() {
            Some(_) => Err(RecordError::Parcels(
                "there are more than it accounts for".to_owned(),
            )),
            None => Ok(()),
        }
    }

    /// The digest of the next parcel, which must have this name, size and type.
    fn exactly(&mut self, name: &str, size: u64, media_type: &str) -> Result<Digest, RecordError> {
        let label = self.content(name, None)?;
        if label.size == size && label.media_type == media_type {
            Ok(label.digest)
        } else {
            Err(RecordError::Parcels(format!(
                "`{name}` has {} bytes of type `{}` instead of {size} of type `{media_type}`",
                label.size,
                label.media_type.escape_debug()
            )))
        }
    }

    fn content(&mut self, name: &str, group: Option<&str>) -> Result<ContentLabel, RecordError> {
        let shown = name.escape_debug();
        let Parcel { label, conditions } = self.next(&format!("`{shown}`"))?;
        if label.name != name {
            let other = label.name.escape_debug();
            return Err(RecordError::Parcels(format!(
                "`{other}` stands where `{shown}` belongs"
            )));
        }
        let groups = conditions
            .as_ref()
            .and_then(|conditions| conditions.member_of.as_deref())
            .unwrap_or_default();
        if !groups.iter().map(String::as_str).eq(group) {
            return Err(RecordError::Parcels(format!(
                "`{shown}` is in other groups"
            )));
        }
        let digest = label.sha256.parse().map_err(|error: ParseDigestError| {
            RecordError::Parcels(format!("the digest of `{shown}` is {error}"))
        })?;
        let largest = Limits::default().file_bytes;
        if label.size > largest {
            return Err(RecordError::Parcels(format!(
                "`{shown}` has more than {largest} bytes"
            )));
        }
        Ok(ContentLabel {
            digest,
            size: label.size,
            media_type: label.media_type.clone(),
        })
    }
}
