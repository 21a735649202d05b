//! `[application.tool.<name>]`: what a project says to one tool.

use std::path::Path;

use toml::de::DeValue;

use super::Document;
use super::table::wrong_type;
use crate::error::LoadError;

/// The table `[application.tool.<name>]` of the manifest `path`, or of `spin.toml` in the folder `path`.
///
/// Nothing else of the manifest is looked at, so it may be wrong, of version 1, or not finished.
///
/// # Errors
/// The manifest can't be read or is not TOML, or what is there is no table.
pub fn tool_table(path: &Path, name: &str) -> Result<Option<toml::Table>, LoadError> {
    let document = Document::read(path)?;
    let parsed = document.parse()?;
    let mut table = parsed.get_ref();
    for key in ["application", "tool", name] {
        let Some(value) = table.get(key) else {
            return Ok(None);
        };
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            other => return Err(document.error(value.span(), wrong_type(key, other, "a table"))),
        }
    }
    // What was parsed so far is a view of the text that knows places. The caller wants a table of its own.
    let whole: toml::Table = toml::from_str(document.text()).unwrap_or_default();
    let table = ["application", "tool", name].into_iter().try_fold(
        toml::Value::Table(whole),
        |value, key| match value {
            toml::Value::Table(mut table) => table.remove(key),
            _ => None,
        },
    );
    Ok(match table {
        Some(toml::Value::Table(table)) => Some(table),
        _ => None,
    })
}
