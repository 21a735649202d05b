//! Manifest version 1: one trigger kind for the application, one trigger for each component.

use std::collections::BTreeMap;

use serde_json::Value;
use toml::Spanned;
use toml::de::DeValue;

use super::table::{Table, wrong_type};
use super::{ComponentTable, Head, Manifest, TriggerTable, component, names, triggers, variables};
use crate::error::{Fault, LoadError};

const KEYS: &[&str] = &[
    "spin_manifest_version",
    "spin_version",
    "name",
    "version",
    "description",
    "authors",
    "namespace",
    "trigger",
    "variables",
    "component",
];

pub(super) fn read(manifest: Table<'_>) -> Result<Manifest, LoadError> {
    manifest.only(KEYS)?;
    let head = Head::read(&manifest)?;
    let mut warnings = Vec::new();
    if manifest.string("namespace")?.is_some() {
        warnings.push("`namespace` means nothing any more and is left out".to_owned());
    }
    let (kind, settings) = trigger_kind(&manifest)?;
    let mut components = Vec::new();
    let mut bindings = Vec::new();
    for item in manifest.items("component", "`[[component]]` tables")? {
        let (component, trigger) = read_component(&manifest, item, &kind)?;
        components.push(component);
        bindings.push(trigger);
    }
    let widened: Vec<_> = components
        .iter()
        .filter(|component| component.hosts.widened)
        .map(|component| format!("`{}`", component.id.get_ref()))
        .collect();
    if !widened.is_empty() {
        warnings.push(format!(
            "manifest version 1 lets {} call every Redis, MySQL and PostgreSQL server; add `allowed_outbound_hosts` to narrow it",
            widened.join(", ")
        ));
    }
    let variables = variables::read(&manifest)?;
    Ok(Manifest {
        name: head.name,
        version: head.version,
        description: head.description,
        authors: head.authors,
        components,
        triggers: bindings,
        trigger_settings: settings,
        variables,
        warnings,
    })
}

/// `trigger = { type = "http", base = "/" }`.
fn trigger_kind(manifest: &Table<'_>) -> Result<(String, BTreeMap<String, Value>), LoadError> {
    let trigger = manifest
        .table("trigger")?
        .ok_or_else(|| manifest.missing("trigger", "a table such as { type = \"http\" }"))?;
    let kind = trigger.need_string("type", "the kind of trigger, such as \"http\"")?;
    triggers::check_kind(&trigger, &kind)?;
    match kind.get_ref().as_str() {
        "http" => {
            trigger.only(&["type", "base"])?;
            trigger.string("base")?;
        }
        "redis" => {
            trigger.only(&["type", "address"])?;
            trigger.string("address")?;
        }
        _ => {}
    }
    let mut settings = trigger.json()?;
    settings.remove("type");
    let kind = kind.into_inner();
    let mut all = BTreeMap::new();
    if !settings.is_empty() {
        all.insert(kind.clone(), Value::Object(settings));
    }
    Ok((kind, all))
}

fn read_component<'d>(
    manifest: &Table<'d>,
    item: &'d Spanned<DeValue<'d>>,
    kind: &str,
) -> Result<(ComponentTable, TriggerTable), LoadError> {
    let document = manifest.document;
    let table = Table::of(document, item, "a `[[component]]` table")?;
    let id = table.need_string("id", "the component's id, such as \"hello\"")?;
    names::check_component(id.get_ref()).map_err(|reason| {
        let fault = Fault::Invalid {
            what: format!("the component id `{}`", id.get_ref().escape_debug()),
            reason: reason.to_owned(),
        };
        document.error(id.span(), fault)
    })?;
    let table = Table::of(document, item, format!("component `{}`", id.get_ref()))?;
    let known: Vec<_> = ["id", "trigger", "config"]
        .iter()
        .chain(component::KEYS)
        .copied()
        .collect();
    table.only(&known)?;
    let Some(trigger) = table.get("trigger") else {
        return Err(table.missing("trigger", "a table such as { route = \"/...\" }"));
    };
    if !trigger.get_ref().is_table() {
        return Err(document.error(
            trigger.span(),
            wrong_type("trigger", trigger.get_ref(), "a table"),
        ));
    }
    let trigger = Table::of(
        document,
        trigger,
        format!("the trigger of component `{}`", id.get_ref()),
    )?;
    let trigger = triggers::read(kind, &trigger, Some(id.clone()))?;
    Ok((component::read(&table, id, "config", true)?, trigger))
}
