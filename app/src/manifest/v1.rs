//! Manifest version 1: one trigger kind for the application, one trigger for each component.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use toml::Spanned;
use toml::de::DeValue;

use super::component::{self, Form};
use super::read::Head;
use super::table::{Table, wrong_type};
use super::{ComponentTable, Model, TriggerTable, names, triggers, variables};
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

pub(super) fn read(manifest: &Table<'_>) -> Result<Model, LoadError> {
    manifest.only(KEYS)?;
    let head = Head::read(manifest)?;
    let mut warnings = Vec::new();
    if manifest.string("namespace")?.is_some() {
        warnings.push("`namespace` means nothing any more and is left out".to_owned());
    }
    let (kind, settings) = trigger_kind(manifest)?;
    let mut components = Vec::new();
    let mut bindings = Vec::new();
    for item in manifest.items("component", "`[[component]]` tables")? {
        if let Some((component, trigger)) = manifest
            .reading
            .keep(read_component(manifest, item, &kind))?
        {
            components.push(component);
            bindings.push(trigger);
        }
    }
    let widened: Vec<_> = components
        .iter()
        .filter(|component| component.hosts.widened)
        .map(|component| format!("`{}`", component.id.get_ref()))
        .collect();
    if !widened.is_empty() {
        warnings.push(format!(
            "manifest version 1 lets {} call every Redis, MySQL and PostgreSQL server (`redis://*:*`, `mysql://*:*`, `postgres://*:*`); add `allowed_outbound_hosts`, if only an empty list, to narrow it",
            widened.join(", ")
        ));
    }
    let variables = variables::read(manifest)?;
    Ok(Model {
        head,
        targets: Vec::new(),
        components,
        triggers: bindings,
        trigger_settings: settings,
        variables,
        profiles: BTreeSet::new(),
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
    let reading = manifest.reading;
    let table = Table::of(reading, item, "a `[[component]]` table")?;
    let id = table.need_string("id", "the component's id, such as \"hello\"")?;
    names::check_component(id.get_ref()).map_err(|reason| {
        let fault = Fault::Invalid {
            what: format!("the component id `{}`", id.get_ref().escape_debug()),
            reason: reason.to_owned(),
        };
        table.error(id.span(), fault)
    })?;
    let table = Table::of(reading, item, format!("component `{}`", id.get_ref()))?;
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
        let fault = wrong_type("trigger", trigger.get_ref(), "a table");
        return Err(table.error(trigger.span(), fault));
    }
    let place = format!("the trigger of component `{}`", id.get_ref());
    let trigger = Table::of(reading, trigger, place)?;
    let id = Spanned::new(
        id.span(),
        names::kebab_from_version_one(id.get_ref().clone()),
    );
    let trigger = triggers::read_version_one(kind, &trigger, &id)?;
    Ok((component::read(&table, id, Form::One)?, trigger))
}
