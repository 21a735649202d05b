//! Manifest version 2: components by id, any number of triggers of any kind.

use std::collections::BTreeMap;

use serde_json::Value;
use toml::Spanned;
use toml::de::DeValue;

use super::table::{Table, wrong_type};
use super::{ComponentTable, Head, Manifest, TriggerTable, component, names, triggers, variables};
use crate::error::{Fault, LoadError};

pub(super) fn read(manifest: Table<'_>) -> Result<Manifest, LoadError> {
    manifest.only(&[
        "spin_manifest_version",
        "spin_version",
        "application",
        "variables",
        "trigger",
        "component",
    ])?;
    let application = manifest
        .table("application")?
        .ok_or_else(|| manifest.missing("application", "a table with `name` and `version`"))?;
    application.only(&[
        "name",
        "version",
        "description",
        "authors",
        "targets",
        "trigger",
        "tool",
    ])?;
    let head = Head::read(&application)?;
    Ok(Manifest {
        name: head.name,
        version: head.version,
        description: head.description,
        authors: head.authors,
        components: read_components(&manifest)?,
        triggers: read_triggers(&manifest)?,
        trigger_settings: read_settings(&application)?,
        variables: variables::read(&manifest)?,
        warnings: Vec::new(),
    })
}

/// `[application.trigger.<kind>]`.
fn read_settings(application: &Table<'_>) -> Result<BTreeMap<String, Value>, LoadError> {
    let Some(kinds) = application.table("trigger")? else {
        return Ok(BTreeMap::new());
    };
    let mut settings = BTreeMap::new();
    for (kind, value) in kinds.entries() {
        triggers::check_kind(&kinds, &kind)?;
        let table = Table::of(
            kinds.document,
            value,
            format!("`[application.trigger.{}]`", kind.get_ref()),
        )?;
        match kind.get_ref().as_str() {
            "http" => {
                table.only(&["base"])?;
                table.string("base")?;
            }
            "redis" => {
                table.only(&["address"])?;
                table.string("address")?;
            }
            _ => {}
        }
        let members = table.json()?;
        if !members.is_empty() {
            settings.insert(kind.into_inner(), Value::Object(members));
        }
    }
    Ok(settings)
}

/// `[[trigger.<kind>]]`.
fn read_triggers(manifest: &Table<'_>) -> Result<Vec<TriggerTable>, LoadError> {
    let Some(kinds) = manifest.table("trigger")? else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    for (kind, value) in kinds.entries() {
        triggers::check_kind(&kinds, &kind)?;
        let kind = kind.get_ref();
        let DeValue::Array(items) = value.get_ref() else {
            let expected = format!("`[[trigger.{}]]` with two brackets", kind.escape_debug());
            let fault = wrong_type(
                &format!("trigger.{}", kind.escape_debug()),
                value.get_ref(),
                &expected,
            );
            return Err(kinds.error(value.span(), fault));
        };
        for item in items {
            let table = Table::of(
                kinds.document,
                item,
                format!("`[[trigger.{}]]`", kind.escape_debug()),
            )?;
            all.push(triggers::read(kind, &table, None)?);
        }
    }
    Ok(all)
}

/// `[component.<id>]`.
fn read_components(manifest: &Table<'_>) -> Result<Vec<ComponentTable>, LoadError> {
    if let Some(value) = manifest.get("component")
        && value.get_ref().is_array()
    {
        let expected = "`[component.<id>]` tables (`[[component]]` is manifest version 1)";
        return Err(manifest.error(
            value.span(),
            wrong_type("component", value.get_ref(), expected),
        ));
    }
    let Some(components) = manifest.table("component")? else {
        return Ok(Vec::new());
    };
    components
        .entries()
        .into_iter()
        .map(|(id, value)| read_component(&components, id, value))
        .collect()
}

fn read_component<'d>(
    components: &Table<'d>,
    id: Spanned<String>,
    value: &'d Spanned<DeValue<'d>>,
) -> Result<ComponentTable, LoadError> {
    names::check_kebab(id.get_ref()).map_err(|reason| {
        let fault = Fault::Invalid {
            what: format!("the component id `{}`", id.get_ref().escape_debug()),
            reason: reason.to_owned(),
        };
        components.error(id.span(), fault)
    })?;
    let table = Table::of(
        components.document,
        value,
        format!("component `{}`", id.get_ref()),
    )?;
    table.unsupported(
        "dependencies",
        "composing components",
        "compose them while building, for example with `wac plug`",
    )?;
    table.unsupported(
        "dependencies_inherit_configuration",
        "composing components",
        "compose them while building, for example with `wac plug`",
    )?;
    table.unsupported(
        "profile",
        "a build profile",
        "write what the profile sets into the component itself",
    )?;
    let known: Vec<_> = ["variables", "targets", "tool"]
        .iter()
        .chain(component::KEYS)
        .copied()
        .collect();
    table.only(&known)?;
    component::read(&table, id, "variables", false)
}
