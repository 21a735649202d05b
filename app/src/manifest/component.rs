//! What a component table says, as far as both versions agree.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;
use toml::de::DeValue;

use super::build::{self, BuildTable};
use super::dependency::{Dependencies, Inherit};
use super::document::Spans;
use super::hosts::{self, AllowedHosts};
use super::names::{check_label, check_variable};
use super::source::{self, Source};
use super::table::{Table, wrong_type};
use super::targets::{self, TargetEnvironment};
use crate::error::{Fault, LoadError};

/// One component, before its files were looked at.
#[derive(Clone, Debug)]
pub(crate) struct ComponentTable {
    pub(crate) id: Spanned<String>,
    pub(crate) description: Option<String>,
    pub(crate) source: Spanned<Source>,
    pub(crate) files: Vec<FilesEntry>,
    pub(crate) exclude_files: Vec<Spanned<String>>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) variables: BTreeMap<String, Spanned<String>>,
    pub(crate) hosts: AllowedHosts,
    /// Each list sorted, without repetitions.
    pub(crate) key_value_stores: Vec<String>,
    pub(crate) sqlite_databases: Vec<String>,
    pub(crate) ai_models: Vec<String>,
    pub(crate) build: Option<BuildTable>,
    /// What it has to be compatible with, if that is not what the application says.
    pub(crate) targets: Option<Vec<TargetEnvironment>>,
    pub(crate) dependencies: Dependencies,
    /// What all dependencies inherit that say nothing themselves.
    pub(crate) inherit: Inherit,
    pub(crate) spans: Spans,
}

/// One entry of `files`.
#[derive(Clone, Debug)]
pub(crate) enum FilesEntry {
    /// A glob; what matches keeps its path.
    Pattern(Spanned<String>),
    /// A file or folder that gets another path.
    Placement {
        source: Spanned<String>,
        destination: Spanned<String>,
    },
}

/// Which version of the manifest a component table belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    One,
    Two,
}

/// Keys that [`read`] reads, for [`Table::only`].
pub(super) const KEYS: &[&str] = &[
    "description",
    "source",
    "files",
    "exclude_files",
    "environment",
    "allowed_outbound_hosts",
    "allowed_http_hosts",
    "key_value_stores",
    "sqlite_databases",
    "ai_models",
    "build",
];

/// Reads the parts that both versions share.
pub(super) fn read(
    table: &Table<'_>,
    id: Spanned<String>,
    form: Form,
) -> Result<ComponentTable, LoadError> {
    let variables = match form {
        Form::One => "config",
        Form::Two => "variables",
    };
    let mut spans = table.spans();
    spans.whole = id.span();
    Ok(ComponentTable {
        description: table
            .string("description")?
            .map(Spanned::into_inner)
            .filter(|text| !text.is_empty()),
        source: source::read(table)?,
        files: files(table)?,
        exclude_files: table.strings("exclude_files")?,
        environment: environment(table)?,
        variables: component_variables(table, variables)?,
        hosts: hosts::read(table, form)?,
        key_value_stores: labels(table, "key_value_stores", form)?,
        sqlite_databases: labels(table, "sqlite_databases", form)?,
        ai_models: names(table, "ai_models")?
            .into_iter()
            .map(Spanned::into_inner)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
        build: build::read(table)?,
        targets: match table.get("targets") {
            Some(_) => Some(targets::read(table)?),
            None => None,
        },
        dependencies: Dependencies::new(),
        inherit: Inherit::Nothing,
        spans,
        id,
    })
}

fn names(table: &Table<'_>, key: &str) -> Result<Vec<Spanned<String>>, LoadError> {
    let names = table.strings(key)?;
    match names
        .iter()
        .find(|name| name.get_ref().is_empty() || name.get_ref().contains(char::is_control))
    {
        None => Ok(names),
        Some(name) => {
            let fault = Fault::Invalid {
                what: format!("`{}` in `{key}`", name.get_ref().escape_debug()),
                reason: "expected a name without control characters".to_owned(),
            };
            Err(table.error(name.span(), fault))
        }
    }
}

fn labels(table: &Table<'_>, key: &str, form: Form) -> Result<Vec<String>, LoadError> {
    let mut labels = BTreeSet::new();
    for label in names(table, key)? {
        if form == Form::Two
            && let Err(reason) = check_label(label.get_ref())
        {
            let fault = Fault::Invalid {
                what: format!("`{}` in `{key}`", label.get_ref().escape_debug()),
                reason: reason.to_owned(),
            };
            table
                .reading
                .keep(Err::<(), _>(table.error(label.span(), fault)))?;
        }
        labels.insert(label.into_inner());
    }
    Ok(labels.into_iter().collect())
}

fn component_variables(
    table: &Table<'_>,
    key: &str,
) -> Result<BTreeMap<String, Spanned<String>>, LoadError> {
    let variables = table.string_map(key)?;
    for (name, value) in &variables {
        if let Err(reason) = check_variable(name) {
            let fault = Fault::Invalid {
                what: format!("variable `{}` of {}", name.escape_debug(), table.place()),
                reason: reason.to_owned(),
            };
            table
                .reading
                .keep(Err::<(), _>(table.error(value.span(), fault)))?;
        }
    }
    Ok(variables)
}

/// Reads the key `environment` of a component or profile.
pub(super) fn environment(table: &Table<'_>) -> Result<BTreeMap<String, String>, LoadError> {
    let environment = table.string_map("environment")?;
    for (name, value) in &environment {
        let reason = if name.is_empty() || name.contains(['=', '\0']) {
            "a name of an environment variable is not empty and has neither `=` nor NUL"
        } else if value.get_ref().contains('\0') {
            "a value of an environment variable has no NUL"
        } else {
            continue;
        };
        let fault = Fault::Invalid {
            what: format!(
                "`{}` in `environment` of {}",
                name.escape_debug(),
                table.place()
            ),
            reason: reason.to_owned(),
        };
        return Err(table.error(value.span(), fault));
    }
    Ok(environment
        .into_iter()
        .map(|(name, value)| (name, value.into_inner()))
        .collect())
}

fn files(table: &Table<'_>) -> Result<Vec<FilesEntry>, LoadError> {
    let expected = "a list of glob patterns and of tables with `source` and `destination`";
    table
        .items("files", expected)?
        .iter()
        .map(|item| match item.get_ref() {
            DeValue::String(pattern) => Ok(FilesEntry::Pattern(Spanned::new(
                item.span(),
                pattern.to_string(),
            ))),
            DeValue::Table(_) => {
                let entry = Table::of(
                    table.reading,
                    item,
                    format!("an entry of `files` of {}", table.place()),
                )?;
                entry.only(&["source", "destination"])?;
                Ok(FilesEntry::Placement {
                    source: entry.need_string("source", "a file or folder of the application")?,
                    destination: entry.need_string(
                        "destination",
                        "the path that the component sees, such as \"/\"",
                    )?,
                })
            }
            other => Err(table.error(item.span(), wrong_type("files", other, expected))),
        })
        .collect()
}
