//! What a component table says, as far as both versions agree.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::DeValue;

use super::hosts::{self, AllowedHosts};
use super::names::check_variable;
use super::table::{Table, wrong_type};
use crate::error::{Fault, LoadError};

/// One component, before its files were looked at.
#[derive(Debug)]
pub(crate) struct ComponentTable {
    pub(crate) id: Spanned<String>,
    pub(crate) description: Option<String>,
    /// Path of the WebAssembly file, relative to the application folder.
    pub(crate) source: Spanned<String>,
    pub(crate) files: Vec<FilesEntry>,
    pub(crate) exclude_files: Vec<Spanned<String>>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) variables: BTreeMap<String, Spanned<String>>,
    pub(crate) hosts: AllowedHosts,
    /// Where the hosts are written, or else the component.
    pub(crate) hosts_span: Range<usize>,
    pub(crate) key_value_stores: Vec<String>,
    pub(crate) sqlite_databases: Vec<String>,
    pub(crate) ai_models: Vec<String>,
    pub(crate) build_command: Option<String>,
}

/// One entry of `files`.
#[derive(Debug)]
pub(crate) enum FilesEntry {
    /// A glob; what matches keeps its path.
    Pattern(Spanned<String>),
    /// A file or folder that gets another path.
    Placement {
        source: Spanned<String>,
        destination: Spanned<String>,
    },
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

/// Reads the parts that both versions share. `variables` is the key of the variables: `config` in version 1.
pub(super) fn read(
    table: &Table<'_>,
    id: Spanned<String>,
    variables: &str,
    version_one: bool,
) -> Result<ComponentTable, LoadError> {
    let sorted = |key: &str| -> Result<Vec<String>, LoadError> {
        let mut names: Vec<_> = table
            .strings(key)?
            .into_iter()
            .map(Spanned::into_inner)
            .collect();
        names.sort();
        names.dedup();
        Ok(names)
    };
    let variables = table.string_map(variables)?;
    for (name, value) in &variables {
        check_variable(name).map_err(|reason| {
            let fault = Fault::Invalid {
                what: format!("variable `{}` of {}", name.escape_debug(), table.place()),
                reason: reason.to_owned(),
            };
            table.error(value.span(), fault)
        })?;
    }
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
    let hosts_span = table
        .get("allowed_outbound_hosts")
        .or_else(|| table.get("allowed_http_hosts"))
        .map_or_else(|| id.span(), Spanned::span);
    Ok(ComponentTable {
        description: table
            .string("description")?
            .map(Spanned::into_inner)
            .filter(|text| !text.is_empty()),
        source: source(table)?,
        files: files(table)?,
        exclude_files: table.strings("exclude_files")?,
        environment: environment
            .into_iter()
            .map(|(name, value)| (name, value.into_inner()))
            .collect(),
        variables,
        hosts: hosts::read(table, version_one)?,
        hosts_span,
        key_value_stores: sorted("key_value_stores")?,
        sqlite_databases: sorted("sqlite_databases")?,
        ai_models: sorted("ai_models")?,
        build_command: build(table)?,
        id,
    })
}

fn source(table: &Table<'_>) -> Result<Spanned<String>, LoadError> {
    let expected = "the path of a WebAssembly file";
    let value = table
        .get("source")
        .ok_or_else(|| table.missing("source", expected))?;
    match value.get_ref() {
        DeValue::String(path) => Ok(Spanned::new(value.span(), path.to_string())),
        DeValue::Table(_) => {
            let source = Table::of(
                table.document,
                value,
                format!("`source` of {}", table.place()),
            )?;
            let keys: Vec<_> = source
                .entries()
                .into_iter()
                .map(|(key, _)| key.into_inner())
                .collect();
            let has = |key: &str| keys.iter().any(|found| found == key);
            let kind = if has("url") {
                "a component from a URL"
            } else if has("package") || has("registry") {
                "a component from a registry"
            } else if has("reference") || has("parcel") {
                "a component from another bindle"
            } else {
                return Err(source.error(
                    value.span(),
                    wrong_type("source", value.get_ref(), expected),
                ));
            };
            let fault = Fault::Unsupported {
                feature: format!("{kind} (`source` of {})", table.place()),
                instead:
                    "download the file into the application folder, and name its path as `source`"
                        .to_owned(),
            };
            Err(source.error(value.span(), fault))
        }
        other => Err(table.error(value.span(), wrong_type("source", other, expected))),
    }
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
                    table.document,
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

/// The build command, which is only ever shown, never run here.
fn build(table: &Table<'_>) -> Result<Option<String>, LoadError> {
    let Some(build) = table.table("build")? else {
        return Ok(None);
    };
    build.only(&["command", "workdir", "watch"])?;
    build.string("workdir")?;
    build.strings("watch")?;
    match build.get("command").map(|value| (value, value.get_ref())) {
        None => Err(build.missing("command", "a command, or a list of commands")),
        Some((_, DeValue::String(command))) => Ok(Some(command.to_string())),
        Some((_, DeValue::Array(_))) => {
            let commands: Vec<_> = build
                .strings("command")?
                .into_iter()
                .map(Spanned::into_inner)
                .collect();
            Ok((!commands.is_empty()).then(|| commands.join(" && ")))
        }
        Some((value, other)) => Err(build.error(
            value.span(),
            wrong_type("command", other, "a command, or a list of commands"),
        )),
    }
}
