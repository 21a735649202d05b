//! The application as a bindle: an invoice and the parcels that it lists.

mod obstacles;
mod spin1;

use std::collections::BTreeSet;
use std::io;

use crate::archive::{self, ARCHIVE_MEDIA_TYPE, FILE_MEDIA_TYPE, INDEX_MEDIA_TYPE, Layout};
use crate::error::Location;
use crate::invoice::{BindleSpec, Condition, Group, Invoice, Label, Parcel};
use crate::record::ContentLabel;
use crate::{Application, BindleId, Component, Content};

/// Media type of the manifest parcel, which Hippo and Spin 1.x look for: exactly one parcel of a bindle has it.
pub const SPIN_MEDIA_TYPE: &str = "application/vnd.fermyon.spin+toml";

/// Media type of the parcel that holds a [`crate::record::ApplicationRecord`].
pub const RECORD_MEDIA_TYPE: &str = "application/vnd.bowline.application.v2+json";

/// Media type of WebAssembly binaries.
pub const WASM_MEDIA_TYPE: &str = "application/wasm";

/// A packed application: what a Bindle server is given.
#[derive(Clone, Debug)]
pub struct Bundle {
    id: BindleId,
    invoice: Invoice,
    contents: Vec<Content>,
    archives: usize,
    warnings: Vec<String>,
}

/// An application that can't be packed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// It has something that manifests of Spin 1.x, which Hippo reads, have no words for.
    #[error("{}{}", prefix(location.as_ref()), self.what())]
    Inexpressible {
        /// What it has.
        what: String,
        /// What to do instead.
        instead: String,
        /// Where the manifest says it.
        location: Option<Location>,
    },
    /// A generated parcel can't be written. No application is known that causes this.
    #[error("can't write the {parcel} parcel: {reason}")]
    Parcel {
        /// Which one.
        parcel: &'static str,
        /// What the serialiser said.
        reason: String,
    },
    /// A file that goes into an archive can't be read any more, or changed since the application was read
    /// ([`crate::ChangedFile`]).
    #[error("can't pack the files into archives")]
    File(#[source] io::Error),
}

impl PackError {
    /// What is wrong, without the place in the manifest.
    pub fn what(&self) -> String {
        match self {
            Self::Inexpressible { what, .. } => {
                format!("Spin 1.x, which Hippo runs, has no {what}")
            }
            Self::Parcel { .. } | Self::File(_) => self.to_string(),
        }
    }

    /// What to do about it, as a sentence without a final period.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Inexpressible { instead, .. } => Some(instead),
            Self::Parcel { .. } | Self::File(_) => None,
        }
    }

    /// Where in the manifest, when it can be told.
    pub fn location(&self) -> Option<&Location> {
        match self {
            Self::Inexpressible { location, .. } => location.as_ref(),
            Self::Parcel { .. } | Self::File(_) => None,
        }
    }
}

fn prefix(location: Option<&Location>) -> String {
    location
        .map(|location| format!("{location}: "))
        .unwrap_or_default()
}

impl Bundle {
    /// Everything that keeps `application` from being packed, each as [`Bundle::pack`] would say it; nothing if there is nothing.
    pub fn obstacles(application: &Application) -> Vec<PackError> {
        obstacles::obstacles(application)
    }

    /// Packs `application` under the name `id`.
    ///
    /// The invoice lists, in this order: the manifest as Spin 1.x and Hippo read it, our own record of the application,
    /// the WebAssembly binary of each component, and the files of each component sorted by path. Files of a component are
    /// members of its group `files-<component>`. Equal applications give equal invoices, byte for byte.
    ///
    /// The order says what is what: [`crate::record::Received`] reads it, and signatures cover it, which they do not for the
    /// names. So each component has a parcel of its own even for bytes that another one has, too.
    ///
    /// # Errors
    /// [`PackError::Inexpressible`] if Spin 1.x has no words for it: triggers of several kinds, several triggers for one
    /// component, private routes, hosts with wildcards or variables in them, or `..` inside a file name.
    pub fn pack(application: &Application, id: BindleId) -> Result<Self, PackError> {
        let manifest = spin1::manifest(application)?;
        let manifest_content = Content::from_bytes(manifest.text.into_bytes(), SPIN_MEDIA_TYPE);
        let record_content = record(application)?;

        let mut parcels = vec![
            parcel(
                &manifest_content,
                format!("spin.{}.toml", manifest_content.digest()),
            ),
            parcel(&record_content, record_name(&record_content)),
        ];
        parcels.extend(binaries(application));
        parcels.extend(application.components().iter().flat_map(assets));

        let mut contents = vec![manifest_content, record_content];
        contents.extend(application.contents().iter().cloned());

        let groups = application.components().iter().map(|component| Group {
            name: group(&component.id),
            required: None,
            satisfied_by: None,
        });
        Ok(Self {
            invoice: invoice(application, &id, parcels, groups.collect()),
            id,
            contents: distinct(contents),
            archives: 0,
            warnings: manifest.warnings,
        })
    }

    /// Packs `application` in the [archive form](crate::archive): for platforms that say that they read it.
    ///
    /// There is no manifest of Spin 1.x in it: who knows nothing else would run the application without its files. Each file that
    /// goes into an archive is read once more, for the digest of the archive.
    ///
    /// # Errors
    /// As [`Bundle::pack`], so that an application can be packed in both forms or in none, and [`PackError::File`].
    pub fn pack_archived(application: &Application, id: BindleId) -> Result<Self, PackError> {
        spin1::manifest(application)?;
        let record_content = record(application)?;
        let files: Vec<&Content> = application
            .components()
            .iter()
            .flat_map(|component| component.files.iter().map(|file| &file.content))
            .collect();
        let labels: Vec<ContentLabel> = files.iter().map(|file| ContentLabel::of(file)).collect();
        let layout = Layout::of(&labels).map_err(|digest| PackError::Parcel {
            parcel: "index",
            reason: format!("the content {digest} has two sizes"),
        })?;
        let index = archive::index(labels).map_err(|error| PackError::Parcel {
            parcel: "index",
            reason: error.to_string(),
        })?;
        let index_content = Content::from_bytes(index, INDEX_MEDIA_TYPE);

        let mut parcels = vec![
            parcel(&record_content, record_name(&record_content)),
            parcel(
                &index_content,
                format!("files.{}.json", index_content.digest()),
            ),
        ];
        parcels.extend(binaries(application));
        let sources = application
            .components()
            .iter()
            .map(|component| component.source.clone());
        let mut contents = vec![record_content, index_content];
        contents.extend(sources);
        let archives = layout.archives.len();
        for (digit, files) in layout.archives {
            let files = files
                .iter()
                .filter_map(|(digest, _)| application.content(digest).cloned())
                .collect();
            let content = Content::join(files, ARCHIVE_MEDIA_TYPE).map_err(PackError::File)?;
            parcels.push(parcel(&content, archive::name(digit)));
            contents.push(content);
        }
        for (digest, _) in layout.alone {
            contents.extend(application.content(&digest).map(|content| {
                let mut parcel = parcel(content, digest.to_string());
                FILE_MEDIA_TYPE.clone_into(&mut parcel.label.media_type);
                parcels.push(parcel);
                content.clone()
            }));
        }
        Ok(Self {
            invoice: invoice(application, &id, parcels, Vec::new()),
            id,
            contents: distinct(contents),
            archives,
            warnings: Vec::new(),
        })
    }

    /// Name and version.
    pub fn id(&self) -> &BindleId {
        &self.id
    }

    /// The invoice, not signed.
    pub fn invoice(&self) -> &Invoice {
        &self.invoice
    }

    /// The bytes of all parcels, each digest once. Several parcels may have the same bytes.
    pub fn contents(&self) -> &[Content] {
        &self.contents
    }

    /// How many of the parcels are archives: none in the plain form.
    pub fn archives(&self) -> usize {
        self.archives
    }

    /// What Spin 1.x would do differently: one sentence each, without a final period.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// The group that the files of a component are members of.
pub(crate) fn group(component: &str) -> String {
    format!("files-{component}")
}

/// The name of the parcel with a component's binary.
///
/// Spin named it by the path where the binary was built. That path is no part of the application's digest, so after a
/// move the same revision would come with another invoice, which a server that has the revision refuses for ever.
pub(crate) fn binary(component: &str) -> String {
    format!("{component}.wasm")
}

fn record(application: &Application) -> Result<Content, PackError> {
    let record = application.record().to_json();
    let record = record.map_err(|error| PackError::Parcel {
        parcel: "application",
        reason: error.to_string(),
    })?;
    Ok(Content::from_bytes(record, RECORD_MEDIA_TYPE))
}

fn record_name(record: &Content) -> String {
    format!("application.{}.json", record.digest())
}

/// The parcels with the components' binaries.
fn binaries(application: &Application) -> impl Iterator<Item = Parcel> {
    application
        .components()
        .iter()
        .map(|component| parcel(&component.source, binary(&component.id)))
}

/// Each digest once.
fn distinct(mut contents: Vec<Content>) -> Vec<Content> {
    let mut seen = BTreeSet::new();
    contents.retain(|content| seen.insert(content.digest()));
    contents
}

fn invoice(
    application: &Application,
    id: &BindleId,
    parcel: Vec<Parcel>,
    group: Vec<Group>,
) -> Invoice {
    Invoice {
        bindle_version: "1.0.0".to_owned(),
        yanked: None,
        bindle: BindleSpec {
            name: id.name().to_owned(),
            version: id.version().to_string(),
            description: application.description().map(str::to_owned),
            authors: (!application.authors().is_empty()).then(|| application.authors().to_vec()),
        },
        annotations: None,
        parcel,
        group,
        signature: Vec::new(),
        yanked_signature: Vec::new(),
    }
}

fn parcel(content: &Content, name: String) -> Parcel {
    Parcel {
        label: Label {
            sha256: content.digest().to_string(),
            media_type: content.media_type().to_owned(),
            name,
            size: content.size(),
            origin: None,
            annotations: None,
            feature: None,
        },
        conditions: None,
    }
}

fn assets(component: &Component) -> impl Iterator<Item = Parcel> {
    component.files.iter().map(|file| Parcel {
        conditions: Some(Condition {
            member_of: Some(vec![group(&component.id)]),
            requires: None,
        }),
        ..parcel(&file.content, file.path.clone())
    })
}
