//! The manifest as Spin 1.x wrote it into bindles, which Hippo and `spin up --bindle` read.
//!
//! Keys are in camel case, sources are digests, files are names of groups. Readers refuse unknown keys, so a key that only
//! later 1.x versions know is written only when it says something.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::obstacles::obstacles;
use super::{PackError, group};
use crate::application::{Component, Trigger};
use crate::{Application, manifest};

/// The text of the parcel.
pub(super) struct Spin1 {
    pub(super) text: String,
    pub(super) warnings: Vec<String>,
}

#[derive(Serialize)]
struct Manifest<'a> {
    trigger: toml::Table,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    variables: BTreeMap<&'a str, Variable<'a>>,
    component: Vec<ComponentTable<'a>>,
}

#[derive(Serialize)]
struct Variable<'a> {
    required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<&'a str>,
    secret: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ComponentTable<'a> {
    id: &'a str,
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed_http_hosts: Vec<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    key_value_stores: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    sqlite_databases: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    ai_models: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    environment: &'a BTreeMap<String, String>,
    trigger: toml::Table,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    config: &'a BTreeMap<String, String>,
}

/// Says `application` in words of Spin 1.x.
pub(super) fn manifest(application: &Application) -> Result<Spin1, PackError> {
    if let Some(obstacle) = obstacles(application).into_iter().next() {
        return Err(obstacle);
    }
    let mut warnings = Vec::new();
    let trigger = application_trigger(application)?;
    let variables = application
        .variables()
        .iter()
        .map(|variable| {
            let table = Variable {
                required: variable.required,
                default: variable.default.as_deref(),
                secret: variable.secret,
            };
            (variable.name.as_str(), table)
        })
        .collect();
    let mut components = Vec::new();
    for component in application.components() {
        if let Some(table) = component_table(application, component, &mut warnings)? {
            components.push(table);
        }
    }
    let manifest = Manifest {
        trigger,
        variables,
        component: components,
    };
    let text = toml::to_string(&manifest).map_err(|error| unwritable(&error))?;
    Ok(Spin1 { text, warnings })
}

fn unwritable(error: &dyn std::fmt::Display) -> PackError {
    PackError::Parcel {
        parcel: "manifest",
        reason: error.to_string(),
    }
}

fn application_trigger(application: &Application) -> Result<toml::Table, PackError> {
    let kind = application
        .triggers()
        .first()
        .map_or("http", |trigger| trigger.kind.as_str());
    let mut members = Map::new();
    if let Some(Value::Object(settings)) = application.trigger_settings().get(kind) {
        members.clone_from(settings);
    }
    // Without a base, old readers take an HTTP trigger for a foreign one.
    if kind == "http" {
        members.entry("base").or_insert_with(|| Value::from("/"));
    }
    members.insert("type".to_owned(), Value::from(kind));
    table(&members)
}

fn component_table<'a>(
    application: &'a Application,
    component: &'a Component,
    warnings: &mut Vec<String>,
) -> Result<Option<ComponentTable<'a>>, PackError> {
    let mut triggers = application
        .triggers()
        .iter()
        .filter(|trigger| trigger.component.as_ref() == Some(&component.id));
    let Some(trigger) = triggers.next() else {
        // Nothing runs it there either, and Spin 1.x wants a trigger for each component.
        return Ok(None);
    };
    let hosts = manifest::http_hosts(&component.allowed_outbound_hosts)
        .map_err(|host| unwritable(&format!("the host `{}`", host.escape_debug())))?;
    warn_about_hosts(component, &hosts, warnings);
    Ok(Some(ComponentTable {
        id: &component.id,
        source: component.source.digest().to_string(),
        description: component.description.as_deref(),
        files: (!component.files.is_empty()).then(|| group(&component.id)),
        allowed_http_hosts: hosts,
        key_value_stores: &component.key_value_stores,
        sqlite_databases: &component.sqlite_databases,
        ai_models: &component.ai_models,
        environment: &component.environment,
        trigger: component_trigger(trigger)?,
        config: &component.variables,
    }))
}

/// Spin 1.x takes a host for both schemes. Say so where the manifest was narrower than what is `written` for it.
fn warn_about_hosts(component: &Component, written: &[String], warnings: &mut Vec<String>) {
    if written == [manifest::ALLOW_ALL] {
        return;
    }
    let hosts = component.allowed_outbound_hosts.iter();
    let hosts: Vec<&str> = hosts.map(|host| host.trim_end_matches('/')).collect();
    for host in &hosts {
        let other = match host.split_once("://") {
            Some(("https", rest)) => format!("http://{rest}"),
            Some(("http", rest)) if rest != "self" && !rest.contains(':') => {
                format!("https://{rest}")
            }
            _ => continue,
        };
        if !hosts.contains(&other.as_str()) {
            warnings.push(format!(
                "on Hippo, component `{}` may also call `{other}`: Spin 1.x allows hosts, not schemes",
                component.id
            ));
        }
    }
}

fn component_trigger(trigger: &Trigger) -> Result<toml::Table, PackError> {
    let mut members = match &trigger.config {
        Value::Object(members) => members.clone(),
        _ => Map::new(),
    };
    members.remove("component");
    members.remove("id");
    table(&members)
}

/// JSON members as TOML, sorted.
fn table(members: &Map<String, Value>) -> Result<toml::Table, PackError> {
    let sorted: BTreeMap<_, _> = members.iter().collect();
    toml::Table::try_from(sorted).map_err(|error| unwritable(&error))
}
