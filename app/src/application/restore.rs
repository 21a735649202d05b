//! From a record and its contents back to the application that they were packed from.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::{Application, Component, MountedFile, Trigger, Variable, load, revision};
use crate::Content;
use crate::manifest::{Document, Places, Spans};
use crate::record::{ContentLabel, Received, RecordError};

impl Application {
    /// The application that `received` tells of. `place` is the file that stands for its manifest; `content` finds the bytes.
    ///
    /// # Errors
    /// [`RecordError::Parcels`] if there is no content of a digest, [`RecordError::Invalid`] if the version can't carry a digest.
    pub(crate) fn restore(
        place: PathBuf,
        received: Received,
        content: impl Fn(&ContentLabel) -> Option<Content>,
    ) -> Result<Self, RecordError> {
        let find = |label: &ContentLabel| {
            content(label).ok_or_else(|| {
                RecordError::Parcels(format!("there is none with the digest {}", label.digest))
            })
        };
        // The record has no places in a text; its file has to do.
        let document = Arc::new(Document::empty(place.clone()));
        let places = || Places::new(&document, Spans::default());
        let Received {
            record,
            contents,
            digest,
            // What `Received::read` takes has the plain form.
            archives: _,
        } = received;
        let invalid = |what: &str| RecordError::Invalid(what.to_owned());
        let version = semver::Version::parse(&record.version)
            .map_err(|_| invalid("its version is no semantic version"))?;
        let revision =
            revision(&version, &digest).map_err(|_| invalid("its version can't carry a digest"))?;
        let mut components = Vec::with_capacity(record.components.len());
        for (component, contents) in record.components.into_iter().zip(contents) {
            let mut files = Vec::with_capacity(component.files.len());
            for (path, label) in component.files.into_iter().zip(&contents.files) {
                files.push(MountedFile {
                    path,
                    content: find(label)?,
                });
            }
            components.push(Component {
                id: component.id,
                description: component.description,
                source: find(&contents.source)?,
                files,
                environment: component.environment,
                variables: component.variables,
                allowed_outbound_hosts: component.allowed_outbound_hosts,
                key_value_stores: component.key_value_stores,
                sqlite_databases: component.sqlite_databases,
                ai_models: component.ai_models,
                places: places(),
                host_places: places(),
            });
        }
        let mut triggers = Vec::with_capacity(record.triggers.len());
        for trigger in record.triggers {
            triggers.push(Trigger {
                kind: trigger.kind,
                id: trigger.id,
                component: trigger.component,
                components: further(&trigger.config)
                    .ok_or_else(|| invalid("the `components` of a trigger are no lists of ids"))?,
                dependencies: members(&trigger.config, "dependencies")
                    .map(|(name, _)| name.clone())
                    .collect(),
                route: trigger.route,
                config: trigger.config,
                places: places(),
            });
        }
        let variables = record.variables.into_iter().map(|variable| Variable {
            name: variable.name,
            default: variable.default,
            required: variable.required,
            secret: variable.secret,
            description: variable.description,
            places: places(),
        });
        let (contents, by_digest) = load::index(&components);
        Ok(Self {
            manifest: place,
            name: record.name,
            version,
            revision,
            digest,
            description: record.description,
            authors: record.authors,
            components,
            triggers,
            trigger_settings: record.trigger_settings,
            variables: variables.collect(),
            contents,
            by_digest,
            warnings: Vec::new(),
        })
    }
}

/// The members of a table in a trigger's configuration.
fn members<'c>(config: &'c Value, key: &str) -> impl Iterator<Item = (&'c String, &'c Value)> {
    config
        .get(key)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

/// The further components of a trigger: each a list of ids, or one id.
fn further(config: &Value) -> Option<BTreeMap<String, Vec<String>>> {
    let ids = |value: &Value| match value {
        Value::String(id) => Some(vec![id.clone()]),
        Value::Array(ids) => ids
            .iter()
            .map(|id| id.as_str().map(str::to_owned))
            .collect(),
        _ => None,
    };
    members(config, "components")
        .map(|(name, value)| Some((name.clone(), ids(value)?)))
        .collect()
}
