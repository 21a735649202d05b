//! Manifest version 2: components by id, any number of triggers of any kind.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use toml::Spanned;
use toml::de::DeValue;

use super::component::{self, Form};
use super::dependency::{self, Inherit};
use super::read::Head;
use super::table::{Table, wrong_type};
use super::{ComponentTable, Model, TriggerTable, names, profile, targets, triggers, variables};
use crate::error::{Fault, LoadError};

pub(super) fn read(manifest: &Table<'_>, profile: Option<&str>) -> Result<Model, LoadError> {
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
    application.tables("tool")?;
    let mut profiles = BTreeSet::new();
    let components = read_components(manifest, profile, &mut profiles)?;
    let warnings = components.iter().filter_map(deprecation).collect();
    Ok(Model {
        head: Head::read(&application)?,
        targets: targets::read(&application)?,
        components,
        triggers: read_triggers(manifest, profile, &mut profiles)?,
        trigger_settings: read_settings(&application)?,
        variables: variables::read(manifest)?,
        profiles,
        warnings,
    })
}

fn deprecation(component: &ComponentTable) -> Option<String> {
    let hosts = component.hosts.deprecated.as_ref()?;
    let hosts: Vec<_> = hosts.iter().map(|host| format!("\"{host}\"")).collect();
    Some(format!(
        "`allowed_http_hosts` of component `{}` is deprecated; write `allowed_outbound_hosts = [{}]`",
        component.id.get_ref(),
        hosts.join(", ")
    ))
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
            kinds.reading,
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
fn read_triggers(
    manifest: &Table<'_>,
    profile: Option<&str>,
    profiles: &mut BTreeSet<String>,
) -> Result<Vec<TriggerTable>, LoadError> {
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
            let place = format!("`[[trigger.{}]]`", kind.escape_debug());
            let trigger = Table::of(kinds.reading, item, place)
                .and_then(|table| triggers::read(kind, &table, profile, profiles));
            all.extend(kinds.reading.keep(trigger)?);
        }
    }
    Ok(all)
}

/// `[component.<id>]`.
fn read_components(
    manifest: &Table<'_>,
    profile: Option<&str>,
    profiles: &mut BTreeSet<String>,
) -> Result<Vec<ComponentTable>, LoadError> {
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
    let mut all = Vec::new();
    for (id, value) in components.entries() {
        let read = named_component(&components, id, value, profile);
        if let Some((component, names)) = components.reading.keep(read)? {
            all.push(component);
            profiles.extend(names);
        }
    }
    Ok(all)
}

fn named_component<'d>(
    components: &Table<'d>,
    id: Spanned<String>,
    value: &'d Spanned<DeValue<'d>>,
    profile: Option<&str>,
) -> Result<(ComponentTable, Vec<String>), LoadError> {
    names::check_kebab(id.get_ref()).map_err(|reason| {
        let fault = Fault::Invalid {
            what: format!("the component id `{}`", id.get_ref().escape_debug()),
            reason: reason.to_owned(),
        };
        components.error(id.span(), fault)
    })?;
    let place = format!("component `{}`", id.get_ref());
    let table = Table::of(components.reading, value, place)?;
    component(&table, id, profile)
}

/// Reads a component, of a table of its own or inside of a trigger. Gives the names of its profiles too.
pub(super) fn component(
    table: &Table<'_>,
    id: Spanned<String>,
    profile: Option<&str>,
) -> Result<(ComponentTable, Vec<String>), LoadError> {
    let own = [
        "variables",
        "targets",
        "tool",
        "dependencies",
        "dependencies_inherit_configuration",
        "profile",
    ];
    table.only(&[&own, component::KEYS].concat())?;
    table.tables("tool")?;
    let mut component = component::read(table, id, Form::Two)?;
    component.dependencies = dependency::read(table)?;
    if let Some(true) = table
        .boolean("dependencies_inherit_configuration")?
        .map(Spanned::into_inner)
    {
        component.inherit = Inherit::Everything;
    }
    let profiles = profile::apply(table, &mut component, profile)?;
    dependency::check_apart(table, &component.dependencies)?;
    Ok((component, profiles))
}
