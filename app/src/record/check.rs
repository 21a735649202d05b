//! Checks of a record that came from a server.

use std::collections::BTreeSet;

use super::{ApplicationRecord, ComponentRecord, RecordError};
use crate::{BindleId, Limits, check_guest_path};

/// More components or triggers than any application has.
const MOST_TABLES: usize = 10_000;

pub(super) fn check(record: &ApplicationRecord) -> Result<(), RecordError> {
    let invalid = |text: String| Err(RecordError::Invalid(text));
    let version = match semver::Version::parse(&record.version) {
        Ok(version) => version,
        Err(error) => return invalid(format!("its version is no semantic version ({error})")),
    };
    if let Err(error) = BindleId::new(&record.name, version) {
        return invalid(error.to_string());
    }
    if record.components.is_empty() && record.format < 3 {
        return invalid("it has no components".to_owned());
    }
    if record
        .components
        .len()
        .max(record.triggers.len())
        .max(record.variables.len())
        > MOST_TABLES
    {
        return invalid("it has more than 10,000 components, triggers or variables".to_owned());
    }
    let mut ids = BTreeSet::new();
    let mut files = 0;
    for component in &record.components {
        if !is_id(&component.id) {
            return invalid(format!(
                "`{}` is no component id",
                component.id.escape_debug()
            ));
        }
        if !ids.insert(component.id.as_str()) {
            return invalid(format!("there are two components `{}`", component.id));
        }
        check_component(component)?;
        files += component.files.len();
    }
    if files > Limits::default().files {
        return invalid(format!(
            "it has {files} files, and {} is the limit",
            Limits::default().files
        ));
    }
    for trigger in &record.triggers {
        match &trigger.component {
            Some(component) if !ids.contains(component.as_str()) => {
                return invalid(format!(
                    "a trigger names the component `{}`, which there is not",
                    component.escape_debug()
                ));
            }
            None if record.format < 3 => {
                return invalid("a trigger has no component".to_owned());
            }
            _ => {}
        }
        if !is_id(&trigger.kind) {
            return invalid(format!(
                "`{}` is no trigger kind",
                trigger.kind.escape_debug()
            ));
        }
        if trigger
            .route
            .as_ref()
            .is_some_and(|route| route.contains(char::is_control))
        {
            return invalid(format!(
                "the route `{}` has a control character",
                trigger.route.as_deref().unwrap_or_default().escape_debug()
            ));
        }
        if !trigger.config.is_object() {
            return invalid(format!("a trigger of kind `{}` has no table", trigger.kind));
        }
    }
    if record
        .trigger_settings
        .values()
        .any(|settings| !settings.is_object())
    {
        return invalid("settings of a trigger kind are no table".to_owned());
    }
    Ok(())
}

fn check_component(component: &ComponentRecord) -> Result<(), RecordError> {
    let mut paths = BTreeSet::new();
    for path in &component.files {
        check_guest_path(path).map_err(|fault| RecordError::Path {
            component: component.id.clone(),
            path: path.clone(),
            fault,
        })?;
        if !paths.insert(path.as_str()) {
            return Err(RecordError::Invalid(format!(
                "component `{}` has two files `{path}`",
                component.id
            )));
        }
    }
    let inside_another = paths.iter().find(|path| {
        path.match_indices('/')
            .any(|(at, _)| paths.contains(&path[..at]))
    });
    match inside_another {
        Some(path) => Err(RecordError::Invalid(format!(
            "component `{}` has the file `{path}` inside another file",
            component.id
        ))),
        None => Ok(()),
    }
}

fn is_id(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= 128
        && id.starts_with(|first: char| first.is_ascii_alphanumeric())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}
