//! `[variables]`: what an application can be configured with.

use toml::Spanned;

use super::document::Document;
use super::names::{check_variable, most_similar};
use super::table::Table;
use super::{Manifest, template};
use crate::error::{Fault, LoadError};

/// One declared variable.
#[derive(Debug)]
pub(crate) struct VariableTable {
    pub(crate) name: String,
    pub(crate) default: Option<String>,
    pub(crate) required: bool,
    pub(crate) secret: bool,
    pub(crate) description: Option<String>,
}

/// Reads `[variables]` of the manifest.
pub(super) fn read(manifest: &Table<'_>) -> Result<Vec<VariableTable>, LoadError> {
    let Some(table) = manifest.table("variables")? else {
        return Ok(Vec::new());
    };
    table
        .entries()
        .into_iter()
        .map(|(name, value)| {
            check_variable(name.get_ref())
                .map_err(|reason| table.error(name.span(), invalid(name.get_ref(), reason)))?;
            let variable = Table::of(
                table.document,
                value,
                format!("variable `{}`", name.get_ref()),
            )?;
            variable.only(&["required", "default", "secret", "description"])?;
            let default = variable.string("default")?;
            let required = variable
                .boolean("required")?
                .is_some_and(Spanned::into_inner);
            let reason = match (&default, required) {
                (None, false) => Some("expected a `default`, or `required = true`"),
                (Some(_), true) => {
                    Some("it has a `default` and is `required`: only one of them is possible")
                }
                _ => None,
            };
            if let Some(reason) = reason {
                return Err(table.error(name.span(), invalid(name.get_ref(), reason)));
            }
            Ok(VariableTable {
                default: default.map(Spanned::into_inner),
                required,
                secret: variable.boolean("secret")?.is_some_and(Spanned::into_inner),
                description: variable.string("description")?.map(Spanned::into_inner),
                name: name.into_inner(),
            })
        })
        .collect()
}

fn invalid(name: &str, reason: &str) -> Fault {
    Fault::Invalid {
        what: format!("variable `{}`", name.escape_debug()),
        reason: reason.to_owned(),
    }
}

/// Every variable that a component refers to is declared.
pub(super) fn check(document: &Document, manifest: &Manifest) -> Result<(), LoadError> {
    for component in &manifest.components {
        for (key, value) in &component.variables {
            let unusable = |reason: String| {
                let fault = Fault::Invalid {
                    what: format!("variable `{key}` of component `{}`", component.id.get_ref()),
                    reason,
                };
                document.error(value.span(), fault)
            };
            for name in template::references(value.get_ref())
                .map_err(|reason| unusable(reason.to_owned()))?
            {
                let declared = || {
                    manifest
                        .variables
                        .iter()
                        .map(|variable| variable.name.as_str())
                };
                if !declared().any(|known| known == name) {
                    let similar = most_similar(name, declared())
                        .map(|similar| format!(", did you mean `{similar}`?"))
                        .unwrap_or_default();
                    return Err(unusable(format!(
                        "`{}` is not declared in `[variables]`{similar}",
                        name.escape_debug()
                    )));
                }
            }
        }
    }
    Ok(())
}
