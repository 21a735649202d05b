//! The Bindle wire types: what a client writes to a Bindle server and reads from it.
//!
//! They follow the Bindle 1.0.0 specification as the reference server (0.8 and 0.9) implements it. Servers reject unknown
//! fields, so writing leaves out everything that is empty; reading ignores what it does not know.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod read;

/// More parcels than any application has: two that describe it, a binary for each of 10,000 components, and 10,000 files.
pub const MOST_PARCELS: usize = 20_002;

/// Why a document of a Bindle server can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvoiceError {
    /// The text is not TOML, or not such a document.
    #[error("{0}")]
    Syntax(String),
    /// It lists too much.
    #[error("it has too many {what}: {limit} is the limit")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// A part of it is too long.
    #[error("{what} has more than {limit} bytes")]
    TooLong {
        /// Which part.
        what: &'static str,
        /// How many bytes it may have.
        limit: usize,
    },
}

/// Media type of every body that is not a parcel.
pub const MEDIA_TYPE: &str = "application/toml";

/// What a bindle consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invoice {
    /// Version of the Bindle specification: `1.0.0`.
    pub bindle_version: String,
    /// Set by the server once the bindle was withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yanked: Option<bool>,
    /// Name, version and the human-readable parts.
    pub bindle: BindleSpec,
    /// Free texts. Not covered by signatures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
    /// The parts, in the order that signatures cover.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parcel: Vec<Parcel>,
    /// Names that parcels can be members of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub group: Vec<Group>,
    /// Who vouches for the bindle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signature: Vec<Signature>,
    /// Who withdrew the bindle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub yanked_signature: Vec<Signature>,
}

impl Invoice {
    /// The TOML text that is sent to a server. The same invoice gives the same bytes.
    ///
    /// # Errors
    /// A size does not fit the 63 bits of a TOML integer.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    /// Reads an invoice as a server sends it. Nothing in it is checked: sizes, names and digests are the server's word. Beside what it
    /// returns, that takes little memory, whatever the text is.
    ///
    /// # Errors
    /// The text is not TOML, not an invoice, or more than any application needs.
    pub fn from_toml(text: &str) -> Result<Self, InvoiceError> {
        read::invoice(text)
    }
}

/// The `[bindle]` table of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BindleSpec {
    /// Name, slashes allowed.
    pub name: String,
    /// Semantic version, build metadata included.
    pub version: String,
    /// One line for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `Name <address>` of each author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authors: Option<Vec<String>>,
}

/// One part of a bindle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parcel {
    /// What the parcel is.
    pub label: Label,
    /// When it is wanted. Without conditions it always is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Condition>,
}

/// Identity and description of a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Label {
    /// SHA-256 of the bytes. A text here, because a server may send anything; check it before using it as a path.
    pub sha256: String,
    /// Media type of the bytes.
    pub media_type: String,
    /// Name of the parcel; for files that components see, their path.
    pub name: String,
    /// Number of bytes.
    pub size: u64,
    /// Where the parcel came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Free texts. Not covered by signatures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
    /// Features, by kind and name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature: Option<BTreeMap<String, BTreeMap<String, String>>>,
}

/// When a parcel is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Groups that the parcel is a member of; none means that it is always wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_of: Option<Vec<String>>,
    /// Groups that the parcel asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires: Option<Vec<String>>,
}

/// A named set of parcels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// The name that parcels refer to.
    pub name: String,
    /// Whether every reader needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// `allOf`, `oneOf` or `optional`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub satisfied_by: Option<String>,
}

/// A signature over name, version, role and the ordered digests of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Signature {
    /// Who signed.
    pub by: String,
    /// The Ed25519 signature, base64.
    pub signature: String,
    /// The Ed25519 public key, base64.
    pub key: String,
    /// `creator`, `approver`, `host` or `proxy`.
    pub role: String,
    /// When, in seconds since the Unix epoch.
    pub at: u64,
}

/// Answer to a question for the parcels that a server lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingParcels {
    /// Labels of the missing parcels; one digest may occur several times.
    #[serde(default)]
    pub missing: Vec<Label>,
}

impl MissingParcels {
    /// Reads the answer as a server sends it, as [`Invoice::from_toml`] reads.
    ///
    /// # Errors
    /// As [`Invoice::from_toml`].
    pub fn from_toml(text: &str) -> Result<Self, InvoiceError> {
        read::missing(text)
    }
}

/// Answer to the creation of a bindle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceCreated {
    /// The invoice as the server stored it, with its own signature.
    pub invoice: Invoice,
    /// Labels of parcels that the server thinks it lacks; absent when it thinks it has all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Vec<Label>>,
}

impl InvoiceCreated {
    /// Reads the answer as a server sends it, as [`Invoice::from_toml`] reads.
    ///
    /// # Errors
    /// As [`Invoice::from_toml`].
    pub fn from_toml(text: &str) -> Result<Self, InvoiceError> {
        read::created(text)
    }
}

/// Body of a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorResponse {
    /// What the server says.
    pub error: String,
}

/// One page of an answer to a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Matches {
    /// The text that was looked for.
    pub query: String,
    /// Whether the server took the query literally.
    pub strict: bool,
    /// Number of matches before this page.
    pub offset: u64,
    /// Most matches on a page.
    pub limit: u8,
    /// Number of all matches.
    pub total: u64,
    /// Whether more pages follow.
    pub more: bool,
    /// Whether yanked bindles were asked for.
    #[serde(default)]
    pub yanked: bool,
    /// The bindles, whole.
    #[serde(default)]
    pub invoices: Vec<Invoice>,
}

impl Matches {
    /// Reads a page as a server sends it, as [`Invoice::from_toml`] reads.
    ///
    /// # Errors
    /// As [`Invoice::from_toml`].
    pub fn from_toml(text: &str) -> Result<Self, InvoiceError> {
        read::matches(text)
    }
}

/// Public keys and what they are trusted with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyRing {
    /// Version of the format: `1.0`.
    pub version: String,
    /// The keys.
    #[serde(default)]
    pub key: Vec<KeyEntry>,
}

/// One key of a [`KeyRing`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyEntry {
    /// Whose key it is.
    pub label: String,
    /// `creator`, `approver`, `host`, `proxy`.
    pub roles: Vec<String>,
    /// The Ed25519 public key, base64.
    pub key: String,
    /// Signature of the label by the key itself, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_signature: Option<String>,
}
