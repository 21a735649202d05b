//! A reader of bindles as Spin 1.x was one: it shares nothing with the writer, refuses what it does not know, and trusts no name.

use std::collections::BTreeMap;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Invoice {
    bindle_version: String,
    #[expect(dead_code, reason = "it has to be known to be read")]
    yanked: Option<bool>,
    bindle: Bindle,
    #[expect(dead_code, reason = "it has to be known to be read")]
    annotations: Option<BTreeMap<String, String>>,
    #[serde(default)]
    parcel: Vec<Parcel>,
    #[serde(default)]
    group: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bindle {
    name: String,
    version: String,
    description: Option<String>,
    authors: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parcel {
    label: Label,
    conditions: Option<Conditions>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Label {
    sha256: String,
    media_type: String,
    name: String,
    size: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Conditions {
    #[serde(default)]
    member_of: Vec<String>,
    #[serde(default)]
    requires: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    trigger: AppTrigger,
    #[serde(default)]
    variables: BTreeMap<String, Variable>,
    component: Vec<ComponentTable>,
}

/// Without a base, HTTP would be read as a trigger of somebody else's.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum AppTrigger {
    Known(KnownTrigger),
    Other {
        #[serde(rename = "type")]
        kind: String,
        #[serde(flatten)]
        settings: toml::Table,
    },
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "lowercase", tag = "type")]
pub enum KnownTrigger {
    Http { base: String },
    Redis { address: Option<String> },
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    #[serde(default)]
    pub required: bool,
    pub default: Option<String>,
    #[serde(default)]
    pub secret: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ComponentTable {
    id: String,
    source: String,
    description: Option<String>,
    files: Option<String>,
    #[serde(default)]
    allowed_http_hosts: Vec<String>,
    #[serde(default)]
    key_value_stores: Vec<String>,
    #[serde(default)]
    sqlite_databases: Vec<String>,
    #[serde(default)]
    ai_models: Vec<String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    trigger: Trigger,
    #[serde(default)]
    config: BTreeMap<String, String>,
}

/// Told apart by what they have.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum Trigger {
    Http {
        route: String,
        #[serde(default)]
        executor: Option<Executor>,
    },
    Redis {
        channel: String,
    },
    Other(toml::Table),
}

/// Triggers of components are those of the application.
fn fit(application: &AppTrigger, component: &Trigger) -> bool {
    matches!(
        (application, component),
        (
            AppTrigger::Known(KnownTrigger::Http { .. }),
            Trigger::Http { .. }
        ) | (
            AppTrigger::Known(KnownTrigger::Redis { .. }),
            Trigger::Redis { .. }
        ) | (AppTrigger::Other { .. }, Trigger::Other(_))
    )
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "lowercase", tag = "type")]
pub enum Executor {
    Http,
    Spin,
    Wagi {
        entrypoint: Option<String>,
        argv: Option<String>,
    },
}

/// An application as it would be run.
#[derive(Debug)]
pub struct Loaded {
    pub name: String,
    pub version: String,
    pub description: Option<String>,
    pub authors: Vec<String>,
    pub trigger: AppTrigger,
    pub variables: BTreeMap<String, Variable>,
    pub components: Vec<Component>,
}

#[derive(Debug)]
pub struct Component {
    pub id: String,
    pub description: Option<String>,
    pub wasm: Vec<u8>,
    pub files: BTreeMap<String, Vec<u8>>,
    pub allowed_http_hosts: Vec<String>,
    pub stores: [Vec<String>; 3],
    pub environment: BTreeMap<String, String>,
    pub config: BTreeMap<String, String>,
    pub trigger: Trigger,
}

/// Loads a bindle from the text of its invoice, and its parcels by digest.
pub fn load(invoice: &str, parcels: &BTreeMap<String, Vec<u8>>) -> Result<Loaded, String> {
    let invoice: Invoice = toml::from_str(invoice).map_err(|error| error.to_string())?;
    if invoice.bindle_version != "1.0.0" {
        return Err("another version of Bindle".to_owned());
    }
    let get = |sha256: &str, size: Option<u64>| -> Result<Vec<u8>, String> {
        let bytes = parcels
            .get(sha256)
            .ok_or_else(|| format!("no parcel {sha256}"))?;
        let found: String = Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        if found != sha256 || size.is_some_and(|size| size != bytes.len() as u64) {
            return Err(format!("the parcel {sha256} is another"));
        }
        Ok(bytes.clone())
    };
    let mut manifests = invoice
        .parcel
        .iter()
        .filter(|parcel| parcel.label.media_type == "application/vnd.fermyon.spin+toml");
    let (Some(manifest), None) = (manifests.next(), manifests.next()) else {
        return Err("expected one manifest".to_owned());
    };
    let text = get(&manifest.label.sha256, Some(manifest.label.size))?;
    let text = String::from_utf8(text).map_err(|error| error.to_string())?;
    let manifest: Manifest = toml::from_str(&text).map_err(|error| format!("{error}\n{text}"))?;
    if let AppTrigger::Other { kind, .. } = &manifest.trigger
        && ["http", "redis"].contains(&kind.as_str())
    {
        return Err(format!("the trigger `{kind}` lacks something"));
    }
    let components = manifest.component.into_iter().map(|table| {
        if !fit(&manifest.trigger, &table.trigger) {
            return Err(format!("the trigger of {} is of another kind", table.id));
        }
        if let Some(group) = &table.files
            && !invoice.group.iter().any(|known| known.name == *group)
        {
            return Err(format!("no group {group}"));
        }
        if table.source.len() != 64 {
            return Err(format!("{} is no digest", table.source));
        }
        let mut files = BTreeMap::new();
        for Parcel { label, conditions } in &invoice.parcel {
            let Some(conditions) = conditions else {
                continue;
            };
            if !conditions.requires.is_empty() {
                return Err("requirements are not read".to_owned());
            }
            if !table
                .files
                .as_ref()
                .is_some_and(|group| conditions.member_of.contains(group))
            {
                continue;
            }
            if label.name.starts_with('/') || label.name.contains("..") || label.name.contains('\\')
            {
                return Err(format!("{} leads out", label.name));
            }
            let bytes = get(&label.sha256, Some(label.size))?;
            if files.insert(label.name.clone(), bytes).is_some() {
                return Err(format!("{} twice", label.name));
            }
        }
        Ok(Component {
            wasm: get(&table.source, None)?,
            id: table.id,
            description: table.description,
            files,
            allowed_http_hosts: table.allowed_http_hosts,
            stores: [
                table.key_value_stores,
                table.sqlite_databases,
                table.ai_models,
            ],
            environment: table.environment,
            config: table.config,
            trigger: table.trigger,
        })
    });
    let components = components.collect::<Result<_, _>>()?;
    Ok(Loaded {
        name: invoice.bindle.name,
        version: invoice.bindle.version,
        description: invoice.bindle.description,
        authors: invoice.bindle.authors.unwrap_or_default(),
        trigger: manifest.trigger,
        variables: manifest.variables,
        components,
    })
}
