//! Triggers: what makes a component run.

mod http;
mod inline;
mod unique;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::DeValue;

use super::component::ComponentTable;
use super::dependency::TriggerDependencies;
use super::document::Spans;
use super::names::check_component;
use super::table::{Table, wrong_type};
use super::{dependency, v2};
use crate::error::{Fault, LoadError};

pub(super) use inline::name_components;
pub(super) use unique::check;

/// One trigger.
#[derive(Clone, Debug)]
pub(crate) struct TriggerTable {
    pub(crate) kind: String,
    pub(crate) id: Option<Spanned<String>>,
    /// The component that runs; none if the trigger answers itself, or uses `components` only.
    pub(crate) component: Option<Use>,
    /// Further components, by what the kind of trigger calls them.
    pub(crate) components: BTreeMap<String, Vec<Use>>,
    /// Further binaries, by what the kind of trigger calls them.
    pub(crate) dependencies: TriggerDependencies,
    /// Of an HTTP trigger, unless the route is private.
    pub(crate) route: Option<String>,
    /// The whole table, in the form of version 2.
    pub(crate) config: Map<String, Value>,
    pub(crate) spans: Spans,
}

/// A component as a trigger has it.
#[derive(Clone, Debug)]
pub(crate) enum Use {
    /// By its id.
    Named(Spanned<String>),
    /// As a table of its own, which is moved to the others once it has an id.
    Inline(Box<ComponentTable>),
}

impl Use {
    /// The id; none for a table that has none yet.
    pub(crate) fn id(&self) -> Option<&Spanned<String>> {
        match self {
            Self::Named(id) => Some(id),
            Self::Inline(_) => None,
        }
    }
}

impl TriggerTable {
    /// Orders triggers by what they are, not by where they stand.
    pub(super) fn sort_key(&self) -> (String, String, String) {
        let component = self.component.as_ref().and_then(Use::id);
        let config = Value::Object(self.config.clone()).to_string();
        let component = component.map(|id| id.get_ref().clone());
        (self.kind.clone(), component.unwrap_or_default(), config)
    }

    /// The ids of all components that it uses.
    pub(crate) fn uses(&self) -> impl Iterator<Item = &Spanned<String>> {
        self.component
            .iter()
            .chain(self.components.values().flatten())
            .filter_map(Use::id)
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

/// Reads a trigger table of version 1, which belongs to the component `component` with the id `id`.
pub(super) fn read_version_one(
    kind: &str,
    table: &Table<'_>,
    id: &Spanned<String>,
) -> Result<TriggerTable, LoadError> {
    match kind {
        "http" => table.only(&["route", "executor"])?,
        "redis" => table.only(&["channel", "address", "executor"])?,
        _ => {}
    }
    let mut config = table.json()?;
    config.insert("component".to_owned(), Value::from(id.get_ref().as_str()));
    Ok(TriggerTable {
        kind: kind.to_owned(),
        id: None,
        component: Some(Use::Named(id.clone())),
        components: BTreeMap::new(),
        dependencies: TriggerDependencies::new(),
        route: own_keys(kind, table)?,
        config: sorted(config),
        spans: table.spans(),
    })
}

/// Reads a trigger table of version 2. It is kept whole, whatever its kind is.
///
/// Components inside of it are in `profile`; the names of their profiles are added to `profiles`.
pub(super) fn read(
    kind: &str,
    table: &Table<'_>,
    profile: Option<&str>,
    profiles: &mut BTreeSet<String>,
) -> Result<TriggerTable, LoadError> {
    let shared = ["id", "component", "components", "dependencies"];
    let own: Option<&[&str]> = match kind {
        "http" => Some(&["route", "executor", "static_response"]),
        "redis" => Some(&["channel", "address"]),
        _ => None,
    };
    if let Some(own) = own {
        table.only(&[&shared, own].concat())?;
    }
    let mut inlined = Inlined { profile, profiles };
    let component = match table.get("component") {
        Some(value) => Some(inlined.of(table, "component", value)?),
        None => None,
    };
    let answers_itself = kind == "http" && table.get("static_response").is_some();
    match (&component, answers_itself) {
        (None, false) if own.is_some() => {
            return Err(table.missing("component", "the id of the component that it runs"));
        }
        (Some(_), true) => {
            let fault = Fault::Invalid {
                what: table.place().to_owned(),
                reason:
                    "it has a `component` and a `static_response`: only one of them is possible"
                        .to_owned(),
            };
            return Err(table.error(table.span(), fault));
        }
        _ => {}
    }
    Ok(TriggerTable {
        kind: kind.to_owned(),
        id: id(table)?,
        component,
        components: inlined.components(table)?,
        dependencies: dependency::read_of_trigger(table)?,
        route: own_keys(kind, table)?,
        config: sorted(table.json()?),
        spans: table.spans(),
    })
}

fn sorted(config: Map<String, Value>) -> Map<String, Value> {
    let config: BTreeMap<_, _> = config.into_iter().collect();
    config.into_iter().collect()
}

/// Checks what the kind knows beside its components; gives the public route, if there is one.
fn own_keys(kind: &str, table: &Table<'_>) -> Result<Option<String>, LoadError> {
    match kind {
        "http" => {
            http::executor(table)?;
            http::static_response(table)?;
            http::route(table)
        }
        "redis" => {
            table.need_string("channel", "the Redis channel to listen to")?;
            table.string("address")?;
            Ok(None)
        }
        _ => Ok(None),
    }
}

fn id(table: &Table<'_>) -> Result<Option<Spanned<String>>, LoadError> {
    let Some(id) = table.string("id")?.filter(|id| !id.get_ref().is_empty()) else {
        return Ok(None);
    };
    if id.get_ref().len() > 128 || id.get_ref().contains(char::is_control) {
        let fault = Fault::Invalid {
            what: format!("the trigger id `{}`", id.get_ref().escape_debug()),
            reason: "expected at most 128 characters, and no control characters".to_owned(),
        };
        return Err(table.error(id.span(), fault));
    }
    Ok(Some(id))
}

/// Reads components inside of a trigger.
struct Inlined<'p> {
    profile: Option<&'p str>,
    profiles: &'p mut BTreeSet<String>,
}

impl Inlined<'_> {
    /// A component by its id, or as a table.
    fn of<'d>(
        &mut self,
        table: &Table<'d>,
        key: &str,
        value: &'d Spanned<DeValue<'d>>,
    ) -> Result<Use, LoadError> {
        match value.get_ref() {
            DeValue::String(id) => Ok(Use::Named(Spanned::new(value.span(), id.to_string()))),
            DeValue::Table(_) => {
                let place = format!("the component in `{key}` of {}", table.place());
                let inline = Table::of(table.reading, value, place)?;
                let id = Spanned::new(value.span(), String::new());
                let (component, profiles) = v2::component(&inline, id, self.profile)?;
                self.profiles.extend(profiles);
                Ok(Use::Inline(Box::new(component)))
            }
            other => {
                let expected = "the id of a component, or a table that is one";
                Err(table.error(value.span(), wrong_type(key, other, expected)))
            }
        }
    }

    /// The key `components`.
    fn components(&mut self, table: &Table<'_>) -> Result<BTreeMap<String, Vec<Use>>, LoadError> {
        let mut all = BTreeMap::new();
        let Some(table) = table.table("components")? else {
            return Ok(all);
        };
        for (name, value) in table.entries() {
            let uses = match value.get_ref() {
                DeValue::Array(items) => items
                    .iter()
                    .map(|item| self.of(&table, name.get_ref(), item))
                    .collect::<Result<_, _>>()?,
                _ => vec![self.of(&table, name.get_ref(), value)?],
            };
            all.insert(name.into_inner(), uses);
        }
        Ok(all)
    }
}
