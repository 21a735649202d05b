//! Triggers: what makes a component run.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value};
use toml::Spanned;

use super::Manifest;
use super::document::Document;
use super::names::{check_component, most_similar};
use super::table::{Table, wrong_type};
use crate::error::{Fault, LoadError};

/// One trigger.
#[derive(Debug)]
pub(crate) struct TriggerTable {
    pub(crate) kind: String,
    pub(crate) id: Option<String>,
    pub(crate) component: Spanned<String>,
    /// Of an HTTP trigger, unless the route is private.
    pub(crate) route: Option<String>,
    /// The whole table, in the form of version 2.
    pub(crate) config: Map<String, Value>,
    pub(crate) span: Range<usize>,
}

impl TriggerTable {
    /// Orders triggers by what they are, not by where they stand.
    pub(super) fn sort_key(&self) -> (String, String, String) {
        let config = Value::Object(self.config.clone()).to_string();
        (self.kind.clone(), self.component.get_ref().clone(), config)
    }
}

/// Refuses what can't be a kind of trigger.
pub(super) fn check_kind(table: &Table<'_>, kind: &Spanned<String>) -> Result<(), LoadError> {
    check_component(kind.get_ref()).map_err(|reason| {
        let fault = Fault::Invalid {
            what: format!("the trigger kind `{}`", kind.get_ref().escape_debug()),
            reason: reason.to_owned(),
        };
        table.error(kind.span(), fault)
    })
}

/// Reads one trigger table, which Bowline keeps whole whatever its kind is.
///
/// `component` is the component that the table belongs to in version 1; in version 2 the table names it.
pub(super) fn read(
    kind: &str,
    table: &Table<'_>,
    component: Option<Spanned<String>>,
) -> Result<TriggerTable, LoadError> {
    let version_one = component.is_some();
    if !version_one {
        refuse_unsupported(table)?;
    }
    match (kind, version_one) {
        ("http", true) => table.only(&["route", "executor"])?,
        ("http", false) => table.only(&["id", "component", "route", "executor"])?,
        ("redis", true) => table.only(&["channel", "address", "executor"])?,
        ("redis", false) => table.only(&["id", "component", "channel", "address"])?,
        _ => {}
    }
    let route = if kind == "http" { route(table)? } else { None };
    if kind == "redis" {
        table.need_string("channel", "the Redis channel to listen to")?;
        table.string("address")?;
    }
    let component = match component {
        Some(component) => component,
        None => named_component(table)?,
    };
    let mut config = table.json()?;
    if version_one {
        config.insert(
            "component".to_owned(),
            Value::String(component.get_ref().clone()),
        );
    }
    let config: BTreeMap<_, _> = config.into_iter().collect();
    Ok(TriggerTable {
        kind: kind.to_owned(),
        id: if version_one {
            None
        } else {
            table.string("id")?.map(Spanned::into_inner)
        },
        component,
        route,
        config: config.into_iter().collect(),
        span: table.span(),
    })
}

fn refuse_unsupported(table: &Table<'_>) -> Result<(), LoadError> {
    let own_table =
        "give the component a table of its own, `[component.<id>]`, and name its id here";
    table.unsupported(
        "static_response",
        "a response without a component",
        "serve it from a component",
    )?;
    table.unsupported("components", "a trigger with several components", own_table)?;
    table.unsupported(
        "dependencies",
        "composing components",
        "compose them while building, for example with `wac plug`",
    )?;
    if let Some(value) = table
        .get("component")
        .filter(|value| value.get_ref().is_table())
    {
        let fault = Fault::Unsupported {
            feature: format!(
                "a component inside of a trigger (`component` in {})",
                table.place()
            ),
            instead: own_table.to_owned(),
        };
        return Err(table.error(value.span(), fault));
    }
    Ok(())
}

fn named_component(table: &Table<'_>) -> Result<Spanned<String>, LoadError> {
    table.need_string("component", "the id of the component that it runs")
}

/// The route of an HTTP trigger; none when it is private, reachable from other components only.
fn route(table: &Table<'_>) -> Result<Option<String>, LoadError> {
    let expected = "a path such as \"/...\", or { private = true }";
    let value = table
        .get("route")
        .ok_or_else(|| table.missing("route", expected))?;
    if value.get_ref().is_table() {
        let private = Table::of(
            table.document,
            value,
            format!("`route` of {}", table.place()),
        )?;
        private.only(&["private"])?;
        return match private.boolean("private")? {
            Some(private) if *private.get_ref() => Ok(None),
            _ => Err(table.error(value.span(), wrong_type("route", value.get_ref(), expected))),
        };
    }
    let Some(route) = value.get_ref().as_str() else {
        return Err(table.error(value.span(), wrong_type("route", value.get_ref(), expected)));
    };
    match check_route(route) {
        Ok(()) => Ok(Some(route.to_owned())),
        Err(reason) => {
            let fault = Fault::Invalid {
                what: format!("the route `{}`", route.escape_debug()),
                reason: reason.to_owned(),
            };
            Err(table.error(value.span(), fault))
        }
    }
}

fn check_route(route: &str) -> Result<(), &'static str> {
    if route.len() > 1024 {
        return Err("it is longer than 1024 characters");
    }
    if route.contains(|character: char| character.is_control() || character.is_whitespace()) {
        return Err("spaces and control characters are not possible");
    }
    if route.contains(['?', '#']) {
        return Err("expected a path, without `?` and `#`");
    }
    let parts: Vec<_> = route.split('/').collect();
    let wildcard = parts.iter().position(|part| *part == "...");
    if wildcard.is_some_and(|at| at + 1 != parts.len()) {
        return Err("`...` is possible at its end only");
    }
    if parts
        .iter()
        .any(|part| *part != "..." && part.contains("..."))
    {
        return Err("`...` is a part of its own, such as in `/files/...`");
    }
    if route.contains('*') {
        return Err("`*` is not possible: `/...` at the end stands for anything below");
    }
    if parts.contains(&":") {
        return Err("expected a name after `:`");
    }
    Ok(())
}

/// Triggers name existing components, no route is taken twice, and ids are unique.
pub(super) fn check(document: &Document, manifest: &mut Manifest) -> Result<(), LoadError> {
    let ids = || {
        manifest
            .components
            .iter()
            .map(|component| component.id.get_ref().as_str())
    };
    let mut in_order: Vec<&TriggerTable> = manifest.triggers.iter().collect();
    in_order.sort_by_key(|trigger| trigger.span.start);
    let mut routes = BTreeMap::new();
    let mut trigger_ids = BTreeMap::new();
    for trigger in in_order {
        let component = trigger.component.get_ref();
        if !ids().any(|id| id == component) {
            let fault = Fault::UnknownComponent {
                component: component.escape_debug().to_string(),
                similar: most_similar(component, ids()),
            };
            return Err(document.error(trigger.component.span(), fault));
        }
        if let Some(route) = &trigger.route {
            let path = route.trim_matches('/').to_owned();
            if let Some(other) = routes.insert((trigger.kind.clone(), path), component) {
                let fault = Fault::Invalid {
                    what: format!("the route `{}`", route.escape_debug()),
                    reason: format!("it is used twice, for `{other}` and `{component}`"),
                };
                return Err(document.error(trigger.span.clone(), fault));
            }
        }
        if let Some(id) = &trigger.id
            && trigger_ids.insert(id, ()).is_some()
        {
            let fault = Fault::Invalid {
                what: format!("the trigger id `{}`", id.escape_debug()),
                reason: "it is used twice".to_owned(),
            };
            return Err(document.error(trigger.span.clone(), fault));
        }
    }
    let idle = ids().filter(|id| {
        !manifest
            .triggers
            .iter()
            .any(|trigger| trigger.component.get_ref() == id)
    });
    let warnings: Vec<_> = idle
        .map(|id| format!("component `{id}` has no trigger, so nothing runs it"))
        .collect();
    manifest.warnings.extend(warnings);
    Ok(())
}
