//! The application as a document of its own: what `bowline-local` runs from.
//!
//! It travels in every bindle as one parcel of media type [`crate::RECORD_MEDIA_TYPE`], beside the manifest that Hippo and
//! Spin 1.x read. It says more than that one can: any number of triggers of any kind, and which component sees files at
//! which paths. It does not say what is in them, so it stays the same when only their bytes change: the invoice lists the
//! contents in the record's order, and the bindle's signature covers the record and that order.
//!
//! Whoever reads one got it from a server: [`Received::read`] checks all of it, against its invoice and its version.

mod check;
mod fingerprint;
mod received;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::application::{Route, routes};
use crate::{Content, Digest, PathFault};

pub(crate) use fingerprint::fingerprint;
pub use received::Received;

/// The newest format that this version of Bowline writes and reads. It writes the oldest one that can say what there is to
/// say, so that what older versions can run stays readable to them, and keeps its digest.
pub const FORMAT: u32 = 3;

/// The oldest format that it reads: each trigger has one component and nothing else to run, and there is a component.
pub const OLDEST_FORMAT: u32 = 2;

/// The format that triggers need.
pub(crate) fn format_for(triggers: &[TriggerRecord]) -> u32 {
    let needs_it = |trigger: &TriggerRecord| {
        trigger.component.is_none()
            || ["components", "dependencies"].map(|key| trigger.config.get(key).is_some())
                != [false; 2]
    };
    if triggers.iter().any(needs_it) {
        FORMAT
    } else {
        OLDEST_FORMAT
    }
}

/// Largest record that is read, in bytes.
///
/// The path of a file has up to 1 KiB, and 10,000 of them are allowed.
pub const LARGEST: usize = 16 * 1024 * 1024;

/// An application without its bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationRecord {
    /// From [`OLDEST_FORMAT`] to [`FORMAT`].
    pub format: u32,
    /// Name of the application.
    pub name: String,
    /// Semantic version of the manifest.
    pub version: String,
    /// One line for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `Name <address>` of each author.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// The components, sorted by id; at least one before format 3.
    pub components: Vec<ComponentRecord>,
    /// The triggers, sorted by kind and component.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<TriggerRecord>,
    /// Settings of whole trigger kinds: objects by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trigger_settings: BTreeMap<String, Value>,
    /// The variables, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<VariableRecord>,
}

/// One component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComponentRecord {
    /// The id that triggers use.
    pub id: String,
    /// One line for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The paths at which it sees files, read-only, sorted; each fulfils [`crate::check_guest_path`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Its environment variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// Its configuration: texts in which `{{ name }}` stands for a variable of the application.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// Hosts that it may call, `scheme://host:port`, `{{ name }}` possible; none when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_outbound_hosts: Vec<String>,
    /// Labels of its key-value stores.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_value_stores: Vec<String>,
    /// Labels of its SQLite databases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sqlite_databases: Vec<String>,
    /// Names of language models that it uses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ai_models: Vec<String>,
}

/// What a component consists of. The record has none of it: it is what the invoice adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentContents {
    /// The WebAssembly binary.
    pub source: ContentLabel,
    /// What is at each path of [`ComponentRecord::files`], in that order.
    pub files: Vec<ContentLabel>,
}

/// Names some bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContentLabel {
    /// Their digest, and the digest of the parcel that holds them, unless that is an archive.
    pub digest: Digest,
    /// Their number.
    pub size: u64,
    /// Their media type.
    pub media_type: String,
}

impl ContentLabel {
    pub(crate) fn of(content: &Content) -> Self {
        Self {
            digest: content.digest(),
            size: content.size(),
            media_type: content.media_type().to_owned(),
        }
    }
}

/// What makes a component run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriggerRecord {
    /// `http`, `redis`, ...
    pub kind: String,
    /// The id, if the manifest gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The id of the component that runs. From format 3 on there may be none, if the trigger answers itself with the
    /// `static_response` in `config`, or has its components in there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// Route of an HTTP trigger without the base; none for a private route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The whole trigger table in the form of manifest version 2; an object.
    pub config: Value,
}

/// A variable of the application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariableRecord {
    /// Its name.
    pub name: String,
    /// The value without configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Whether the application can't run without a value.
    #[serde(default)]
    pub required: bool,
    /// Whether the value must not be shown.
    #[serde(default)]
    pub secret: bool,
    /// One line for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Why a record can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// It has more than [`LARGEST`] bytes.
    #[error("the application record has {0} bytes, and 16 MiB is the most that is read")]
    TooLarge(usize),
    /// It is not JSON, or not a record.
    #[error("the application record can't be understood")]
    Json(#[source] serde_json::Error),
    /// It was written by another version of Bowline.
    #[error(
        "the application record has format {0}, and this version of Bowline reads formats {OLDEST_FORMAT} to {FORMAT}"
    )]
    Format(u64),
    /// A path would lead out of the component's files, or can't be a path.
    #[error("the application record has the path `{}` for component `{component}`: {fault}", path.escape_debug())]
    Path {
        /// The component.
        component: String,
        /// The path.
        path: String,
        /// What is wrong with it.
        fault: PathFault,
    },
    /// Something else in it contradicts itself or its rules.
    #[error("the application record can't be used: {0}")]
    Invalid(String),
    /// The invoice that it came with is another's, or was changed.
    #[error("the parcels of the bindle don't fit its application record: {0}")]
    Parcels(String),
    /// The index of the files, in a bindle of the archive form, can't be used.
    #[error("the index of the application's files can't be used: {0}")]
    Index(String),
    /// What came is not what the version names.
    #[error(
        "the bindle's version is {version}, which is that of another application: this one has the digest {found}"
    )]
    Revision {
        /// The version, which carries the first 16 digits of a digest.
        version: String,
        /// The digest of what came.
        found: Digest,
    },
}

impl ApplicationRecord {
    /// The JSON text, the same for the same application.
    ///
    /// # Errors
    /// None that an application can cause; serde's signature has one.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }

    /// Reads a record that came from anywhere, and checks what can be checked without its invoice: its format, names, ids,
    /// paths and references. [`Received::read`] does the rest.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub fn from_json(text: &[u8]) -> Result<Self, RecordError> {
        /// Read first, so that a newer format is told as what it is.
        #[derive(Deserialize)]
        struct Probe {
            format: u64,
        }
        if text.len() > LARGEST {
            return Err(RecordError::TooLarge(text.len()));
        }
        let probe: Probe = serde_json::from_slice(text).map_err(RecordError::Json)?;
        if !(u64::from(OLDEST_FORMAT)..=u64::from(FORMAT)).contains(&probe.format) {
            return Err(RecordError::Format(probe.format));
        }
        let record: Self = serde_json::from_slice(text).map_err(RecordError::Json)?;
        check::check(&record)?;
        Ok(record)
    }

    /// All public HTTP routes with their base, sorted.
    pub fn routes(&self) -> Vec<Route> {
        let triggers = self
            .triggers
            .iter()
            .map(|trigger| (&trigger.kind, &trigger.route, &trigger.component));
        routes(&self.trigger_settings, triggers)
    }

    /// The component with this id.
    pub fn component(&self, id: &str) -> Option<&ComponentRecord> {
        self.components.iter().find(|component| component.id == id)
    }
}
