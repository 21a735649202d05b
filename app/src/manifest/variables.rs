//! `[variables]`: what an application can be configured with.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::DeValue;

use super::names::{check_variable, most_similar};
use super::table::{Reading, Table};
use super::{Model, template};
use crate::error::{Fault, LoadError};

/// One declared variable.
#[derive(Clone, Debug)]
pub(crate) struct VariableTable {
    pub(crate) name: String,
    pub(crate) default: Option<String>,
    pub(crate) required: bool,
    pub(crate) secret: bool,
    pub(crate) description: Option<String>,
    pub(crate) span: Range<usize>,
}

/// Reads `[variables]` of the manifest.
pub(super) fn read(manifest: &Table<'_>) -> Result<Vec<VariableTable>, LoadError> {
    let Some(table) = manifest.table("variables")? else {
        return Ok(Vec::new());
    };
    let mut variables = Vec::new();
    for (name, value) in table.entries() {
        variables.extend(table.reading.keep(one(&table, name, value))?);
    }
    Ok(variables)
}

fn one<'d>(
    table: &Table<'d>,
    name: Spanned<String>,
    value: &'d Spanned<DeValue<'d>>,
) -> Result<VariableTable, LoadError> {
    check_variable(name.get_ref())
        .map_err(|reason| table.error(name.span(), invalid(name.get_ref(), reason)))?;
    let place = format!("variable `{}`", name.get_ref());
    let variable = Table::of(table.reading, value, place)?;
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
        span: name.span(),
        name: name.into_inner(),
    })
}

fn invalid(name: &str, reason: &str) -> Fault {
    Fault::Invalid {
        what: format!("variable `{}`", name.escape_debug()),
        reason: reason.to_owned(),
    }
}

/// Every variable that a component refers to is declared.
pub(super) fn check(reading: &Reading<'_>, model: &Model) -> Result<(), LoadError> {
    let declared: BTreeSet<&str> = model
        .variables
        .iter()
        .map(|variable| variable.name.as_str())
        .collect();
    for component in &model.components {
        let id = component.id.get_ref();
        let variables = component.variables.iter().map(|(key, value)| {
            let what = format!("variable `{key}` of component `{id}`");
            (what, value.get_ref(), value.span())
        });
        let hosts = component.hosts.outbound.iter().map(|(host, span)| {
            let what = format!("the host `{}` of component `{id}`", host.escape_debug());
            (what, host, span.clone())
        });
        for (what, text, span) in variables.chain(hosts) {
            if let Err(reason) = check_references(text, &declared) {
                let fault = Fault::Invalid { what, reason };
                reading.keep(Err::<(), _>(reading.error(span, fault)))?;
            }
        }
    }
    Ok(())
}

fn check_references(text: &str, declared: &BTreeSet<&str>) -> Result<(), String> {
    for name in template::references(text)? {
        if !declared.contains(name) {
            let similar = most_similar(name, declared.iter().copied())
                .map(|similar| format!(", did you mean `{similar}`?"))
                .unwrap_or_default();
            return Err(format!(
                "`{}` is not declared in `[variables]`{similar}",
                name.escape_debug()
            ));
        }
    }
    Ok(())
}
