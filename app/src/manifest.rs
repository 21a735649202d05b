//! `spin.toml`, both versions, read into one form.
//!
//! The reading is strict: a key that is not known is refused, and so is everything that Spin knows and Bowline does not
//! deploy yet. Nothing is dropped silently.

mod component;
mod document;
mod hosts;
mod names;
mod table;
mod template;
mod triggers;
mod v1;
mod v2;
mod variables;

use std::collections::BTreeMap;

use semver::Version;
use serde_json::Value;
use toml::Spanned;
use toml::de::DeValue;

use crate::error::{Fault, LoadError};

pub(crate) use component::{ComponentTable, FilesEntry};
pub(crate) use document::Document;
pub(crate) use hosts::http_hosts;
pub(crate) use triggers::TriggerTable;
pub(crate) use variables::VariableTable;

use table::Table;

/// What a manifest says, of either version, before any file but itself was looked at.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) version: Version,
    pub(crate) description: Option<String>,
    pub(crate) authors: Vec<String>,
    /// Sorted by id.
    pub(crate) components: Vec<ComponentTable>,
    /// Sorted by kind, component and contents.
    pub(crate) triggers: Vec<TriggerTable>,
    /// Settings of a whole trigger kind, e.g. the address of Redis.
    pub(crate) trigger_settings: BTreeMap<String, Value>,
    /// Sorted by name.
    pub(crate) variables: Vec<VariableTable>,
    pub(crate) warnings: Vec<String>,
}

impl Manifest {
    /// Reads and checks the text of a manifest.
    pub(crate) fn read(document: &Document) -> Result<Self, LoadError> {
        let parsed = document.parse()?;
        let table = Table::root(document, &parsed);
        let mut manifest = match manifest_version(&table)? {
            ManifestVersion::One => v1::read(table)?,
            ManifestVersion::Two => v2::read(table)?,
        };
        manifest.sort();
        manifest.check(document)?;
        Ok(manifest)
    }

    fn sort(&mut self) {
        self.components
            .sort_by(|a, b| a.id.get_ref().cmp(b.id.get_ref()));
        self.triggers.sort_by_cached_key(TriggerTable::sort_key);
        self.variables.sort_by(|a, b| a.name.cmp(&b.name));
    }

    /// What concerns more than one table.
    fn check(&mut self, document: &Document) -> Result<(), LoadError> {
        if self.components.is_empty() {
            return Err(document.error(0..0, Fault::Empty));
        }
        for pair in self.components.windows(2) {
            if let [first, second] = pair
                && first.id.get_ref() == second.id.get_ref()
            {
                let later = if first.id.span().start > second.id.span().start {
                    first
                } else {
                    second
                };
                return Err(document.error(
                    later.id.span(),
                    Fault::Invalid {
                        what: format!("component `{}`", later.id.get_ref()),
                        reason: "there are two components with this id".to_owned(),
                    },
                ));
            }
        }
        triggers::check(document, self)?;
        variables::check(document, self)?;
        Ok(())
    }
}

enum ManifestVersion {
    One,
    Two,
}

fn manifest_version(table: &Table<'_>) -> Result<ManifestVersion, LoadError> {
    let expected = "`spin_manifest_version = 2`, or the text \"1\" for the old format";
    let Some(value) = table
        .get("spin_manifest_version")
        .or_else(|| table.get("spin_version"))
    else {
        return Err(table.missing("spin_manifest_version", expected));
    };
    match value.get_ref() {
        DeValue::String(text) if text == "1" => Ok(ManifestVersion::One),
        DeValue::Integer(number) if number.as_str() == "2" && number.radix() == 10 => {
            Ok(ManifestVersion::Two)
        }
        other => {
            let found = match other {
                DeValue::String(text) => format!("\"{}\"", text.escape_debug()),
                DeValue::Integer(number) => number.to_string(),
                other => format!("of type {}", other.type_str()),
            };
            Err(table.error(
                value.span(),
                Fault::Invalid {
                    what: format!("the manifest version {found}"),
                    reason: format!("expected {expected}"),
                },
            ))
        }
    }
}

/// The version of an application whose manifest gives none, which Spin takes too. Revisions need one, and this one
/// comes before all that somebody may give later; what tells revisions apart is the digest in any case.
const UNVERSIONED: Version = Version::new(0, 0, 0);

/// The parts of a manifest's head that both versions share.
struct Head {
    name: String,
    version: Version,
    description: Option<String>,
    authors: Vec<String>,
}

impl Head {
    fn read(table: &Table<'_>) -> Result<Self, LoadError> {
        let name = table.need_string("name", "the application's name, such as \"hello\"")?;
        names::check_application(name.get_ref()).map_err(|reason| {
            table.error(
                name.span(),
                Fault::Invalid {
                    what: format!("the application's name `{}`", name.get_ref().escape_debug()),
                    reason: reason.to_owned(),
                },
            )
        })?;
        let version = table
            .string("version")?
            .filter(|version| !version.get_ref().is_empty());
        let description = table.string("description")?;
        let authors = table.strings("authors")?;
        for text in description.iter().chain(&authors) {
            let is_unprintable = |character: char| character.is_control() && character != '\n';
            if text.get_ref().contains(is_unprintable) {
                let fault = Fault::Invalid {
                    what: format!("the text `{}`", text.get_ref().escape_debug()),
                    reason: "control characters are not possible".to_owned(),
                };
                return Err(table.error(text.span(), fault));
            }
        }
        Ok(Self {
            version: match version {
                Some(version) => parse_version(table, &version)?,
                None => UNVERSIONED,
            },
            name: name.into_inner(),
            description: description
                .map(Spanned::into_inner)
                .filter(|text| !text.is_empty()),
            authors: authors.into_iter().map(Spanned::into_inner).collect(),
        })
    }
}

fn parse_version(table: &Table<'_>, version: &Spanned<String>) -> Result<Version, LoadError> {
    let invalid = |reason: String| {
        table.error(
            version.span(),
            Fault::Invalid {
                what: format!("the version `{}`", version.get_ref().escape_debug()),
                reason,
            },
        )
    };
    // Hippo keeps revision numbers of at most 128 characters, and ours gets 18 more.
    if version.get_ref().len() > 100 {
        return Err(invalid("it is longer than 100 characters".to_owned()));
    }
    Version::parse(version.get_ref()).map_err(|error| {
        invalid(format!(
            "expected a semantic version such as `1.0.0` ({error})"
        ))
    })
}
