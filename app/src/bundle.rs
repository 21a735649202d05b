//! The application as a bindle: an invoice and the parcels that it lists.

mod spin1;

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Location;
use crate::invoice::{BindleSpec, Condition, Group, Invoice, Label, Parcel};
use crate::{Application, BindleId, Content};

/// Media type of the manifest parcel, which Hippo and Spin 1.x look for: exactly one parcel of a bindle has it.
pub const SPIN_MEDIA_TYPE: &str = "application/vnd.fermyon.spin+toml";

/// Media type of the parcel that holds a [`crate::record::ApplicationRecord`].
pub const RECORD_MEDIA_TYPE: &str = "application/vnd.bowline.application.v1+json";

/// Media type of WebAssembly binaries.
pub const WASM_MEDIA_TYPE: &str = "application/wasm";

/// A packed application: what a Bindle server is given.
#[derive(Clone, Debug)]
pub struct Bundle {
    id: BindleId,
    invoice: Invoice,
    contents: Vec<Content>,
    warnings: Vec<String>,
}

/// An application that can't be packed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// It has something that manifests of Spin 1.x, which Hippo reads, have no words for.
    #[error("{}Spin 1.x, which Hippo runs, has no {what}", prefix(location.as_ref()))]
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
}

impl PackError {
    /// What to do about it, as a sentence without a final period.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Inexpressible { instead, .. } => Some(instead),
            Self::Parcel { .. } => None,
        }
    }

    /// Where in the manifest, when it can be told.
    pub fn location(&self) -> Option<&Location> {
        match self {
            Self::Inexpressible { location, .. } => location.as_ref(),
            Self::Parcel { .. } => None,
        }
    }
}

fn prefix(location: Option<&Location>) -> String {
    location
        .map(|location| format!("{location}: "))
        .unwrap_or_default()
}

impl Bundle {
    /// Packs `application` under the name `id`.
    ///
    /// The invoice lists, in this order: the manifest as Spin 1.x and Hippo read it, our own record of the application,
    /// the WebAssembly binaries, and the files sorted by path and component. Files of a component are members of its group
    /// `files-<component>`. Equal applications give equal invoices, byte for byte.
    ///
    /// # Errors
    /// [`PackError::Inexpressible`] if Spin 1.x has no words for it: triggers of several kinds, several triggers for one
    /// component, private routes, hosts with wildcards or variables in them, or `..` inside a file name.
    pub fn pack(application: &Application, id: BindleId) -> Result<Self, PackError> {
        let manifest = spin1::manifest(application)?;
        let record = application
            .record()
            .to_json()
            .map_err(|error| PackError::Parcel {
                parcel: "application",
                reason: error.to_string(),
            })?;
        let manifest_content = Content::from_bytes(manifest.text.into_bytes(), SPIN_MEDIA_TYPE);
        let record_content = Content::from_bytes(record, RECORD_MEDIA_TYPE);

        let mut parcels = vec![
            parcel(
                &manifest_content,
                format!("spin.{}.toml", manifest_content.digest()),
            ),
            parcel(
                &record_content,
                format!("application.{}.json", record_content.digest()),
            ),
        ];
        parcels.extend(binaries(application));
        parcels.extend(assets(application));

        let mut contents = vec![manifest_content, record_content];
        contents.extend(application.contents().iter().cloned());
        let mut seen = BTreeSet::new();
        contents.retain(|content| seen.insert(content.digest()));

        let groups = application.components().iter().map(|component| Group {
            name: group(&component.id),
            required: None,
            satisfied_by: None,
        });
        let invoice = Invoice {
            bindle_version: "1.0.0".to_owned(),
            yanked: None,
            bindle: BindleSpec {
                name: id.name().to_owned(),
                version: id.version().to_string(),
                description: application.description().map(str::to_owned),
                authors: (!application.authors().is_empty())
                    .then(|| application.authors().to_vec()),
            },
            annotations: None,
            parcel: parcels,
            group: groups.collect(),
            signature: Vec::new(),
            yanked_signature: Vec::new(),
        };
        Ok(Self {
            id,
            invoice,
            contents,
            warnings: manifest.warnings,
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

    /// What Spin 1.x would do differently: one sentence each, without a final period.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

fn group(component: &str) -> String {
    format!("files-{component}")
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

/// One parcel for each binary, named after the first component that it is of.
///
/// Spin named it by the path where the binary was built. That path is no part of the application's digest, so after a
/// move the same revision would come with another invoice, which a server that has the revision refuses for ever.
fn binaries(application: &Application) -> impl Iterator<Item = Parcel> {
    let mut seen = BTreeSet::new();
    application
        .components()
        .iter()
        .filter(move |component| seen.insert(component.source.digest()))
        .map(|component| parcel(&component.source, format!("{}.wasm", component.id)))
}

/// One parcel for each file and path, a member of the groups of all components that see it there.
fn assets(application: &Application) -> impl Iterator<Item = Parcel> {
    let mut unique: BTreeMap<_, (Content, BTreeSet<String>)> = BTreeMap::new();
    for component in application.components() {
        for file in &component.files {
            unique
                .entry((file.path.clone(), file.content.digest()))
                .or_insert_with(|| (file.content.clone(), BTreeSet::new()))
                .1
                .insert(component.id.clone());
        }
    }
    let mut ordered: Vec<_> = unique.into_iter().collect();
    ordered.sort_by(|((a_path, _), (_, a)), ((b_path, _), (_, b))| (a_path, a).cmp(&(b_path, b)));
    ordered
        .into_iter()
        .map(|((path, _), (content, components))| Parcel {
            conditions: Some(Condition {
                member_of: Some(
                    components
                        .iter()
                        .map(|component| group(component))
                        .collect(),
                ),
                requires: None,
            }),
            ..parcel(&content, path)
        })
}
