//! From the text of a manifest to what it says.

use semver::Version;
use toml::Spanned;
use toml::de::DeValue;

use super::document::Document;
use super::names::{self, most_similar};
use super::table::{Reading, Table};
use super::{Model, TriggerTable, dependency, triggers, v1, v2, variables};
use crate::error::{Fault, LoadError};

/// Reads and checks the text of a manifest, as it is in the build profile `profile`.
pub(super) fn read(document: &Document, profile: Option<&str>) -> Result<Model, LoadError> {
    let parsed = document.parse()?;
    let reading = Reading::of(document);
    let root = Table::root(&reading, &parsed);
    let model = whole(&reading, &root, profile);
    drop(root);
    reading.finish(model)
}

fn whole(
    reading: &Reading<'_>,
    root: &Table<'_>,
    profile: Option<&str>,
) -> Result<Model, LoadError> {
    let mut model = match manifest_version(root)? {
        ManifestVersion::One => v1::read(root)?,
        ManifestVersion::Two => v2::read(root, profile)?,
    };
    // What refers to something that could not be read would only be told as missing.
    if reading.is_wrong() {
        return Ok(model);
    }
    check_profile(&model, profile)?;
    model.triggers.sort_by_cached_key(TriggerTable::sort_key);
    triggers::name_components(&mut model.triggers, &mut model.components);
    model
        .components
        .sort_by(|a, b| a.id.get_ref().cmp(b.id.get_ref()));
    // Components inside of triggers have names only now.
    model.triggers.sort_by_cached_key(TriggerTable::sort_key);
    model.variables.sort_by(|a, b| a.name.cmp(&b.name));
    if model.components.is_empty() && model.triggers.is_empty() {
        return Err(reading.error(0..0, Fault::Empty));
    }
    check_ids(reading, &model)?;
    triggers::check(reading, &model)?;
    dependency::check(reading, &model)?;
    variables::check(reading, &model)?;
    warn_about_idle(&mut model);
    Ok(model)
}

fn check_profile(model: &Model, profile: Option<&str>) -> Result<(), LoadError> {
    let known = || model.profiles.iter().map(String::as_str);
    match profile {
        Some(profile) if !known().any(|name| name == profile) => Err(Fault::UnknownProfile {
            profile: profile.escape_debug().to_string(),
            known: known().collect::<Vec<_>>().join(", "),
            similar: most_similar(profile, known()),
        }
        .into()),
        _ => Ok(()),
    }
}

fn check_ids(reading: &Reading<'_>, model: &Model) -> Result<(), LoadError> {
    for pair in model.components.windows(2) {
        if let [first, second] = pair
            && first.id.get_ref() == second.id.get_ref()
        {
            let later = if first.id.span().start > second.id.span().start {
                first
            } else {
                second
            };
            let fault = Fault::Invalid {
                what: format!("component `{}`", later.id.get_ref()),
                reason: "there are two components with this id".to_owned(),
            };
            reading.keep(Err::<(), _>(reading.error(later.id.span(), fault)))?;
        }
    }
    Ok(())
}

fn warn_about_idle(model: &mut Model) {
    let parts = model.parts();
    let used: std::collections::BTreeSet<_> = model
        .triggers
        .iter()
        .flat_map(TriggerTable::uses)
        .map(|id| id.get_ref().as_str())
        .collect();
    let ids = model
        .components
        .iter()
        .map(|component| component.id.get_ref().as_str());
    let warnings: Vec<_> = ids
        .filter(|id| !used.contains(id) && !parts.contains(id))
        .map(|id| format!("component `{id}` has no trigger, so nothing runs it"))
        .collect();
    model.warnings.extend(warnings);
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
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) name: String,
    pub(super) version: Version,
    pub(super) description: Option<String>,
    pub(super) authors: Vec<String>,
}

impl Head {
    pub(super) fn read(table: &Table<'_>) -> Result<Self, LoadError> {
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
