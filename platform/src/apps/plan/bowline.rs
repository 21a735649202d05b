//! Bowline's own description of an application: the record that travels beside the manifest of Spin
//! 1 and says all of it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use bowline_app::record::{ApplicationRecord, ComponentRecord};

use super::{ComponentPlan, Plan};

/// Reads the record.
///
/// # Errors
/// It is none, or names an outbound host by a variable that has no value.
pub fn read(text: &[u8]) -> Result<Plan> {
    let record = ApplicationRecord::from_json(text)?;
    let base = record
        .trigger_settings
        .get("http")
        .and_then(|settings| settings.get("base"))
        .and_then(serde_json::Value::as_str)
        .unwrap_or("/")
        .to_owned();
    let variables: BTreeMap<&str, &str> = record
        .variables
        .iter()
        .filter_map(|variable| Some((variable.name.as_str(), variable.default.as_deref()?)))
        .collect();
    let mut plan = Plan {
        name: record.name.clone(),
        version: record.version.clone(),
        base,
        routes: Vec::new(),
        components: Vec::new(),
        notes: Vec::new(),
    };
    let mut indices = BTreeMap::new();
    for trigger in &record.triggers {
        let id = trigger.component.as_str();
        if trigger.kind != "http" {
            plan.notes.push(format!(
                "the component '{id}' has a trigger of kind '{}', which never fires here",
                trigger.kind
            ));
            continue;
        }
        let Some(route) = &trigger.route else {
            continue;
        };
        let index = match indices.get(id) {
            Some(index) => *index,
            None => {
                let component = record
                    .component(id)
                    .with_context(|| format!("there is no component '{id}'"))?;
                plan.components.push(component_plan(component, &variables)?);
                let index = plan.components.len() - 1;
                indices.insert(id, index);
                index
            }
        };
        plan.routes.push((route.clone(), index));
    }
    Ok(plan)
}

fn component_plan(
    component: &ComponentRecord,
    variables: &BTreeMap<&str, &str>,
) -> Result<ComponentPlan> {
    let allowed_outbound_hosts = component
        .allowed_outbound_hosts
        .iter()
        .map(|host| {
            resolve(host, variables)
                .with_context(|| format!("the outbound host '{host}' of '{}'", component.id))
        })
        .collect::<Result<_>>()?;
    Ok(ComponentPlan {
        id: component.id.clone(),
        source: component.source.sha256,
        files: component
            .files
            .iter()
            .map(|file| (file.path.clone(), file.content.sha256))
            .collect(),
        environment: component.environment.clone().into_iter().collect(),
        allowed_outbound_hosts,
    })
}

/// The text with each `{{ name }}` replaced by the variable's default: this platform has no other
/// source of values.
fn resolve(text: &str, variables: &BTreeMap<&str, &str>) -> Result<String> {
    let mut resolved = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after
            .split_once("}}")
            .context("has a '{{' without its '}}'")?;
        let name = name.trim();
        let value = variables
            .get(name)
            .with_context(|| format!("needs the variable '{name}', which has no default"))?;
        resolved.push_str(before);
        resolved.push_str(value);
        rest = after;
    }
    resolved.push_str(rest);
    Ok(resolved)
}

#[cfg(test)]
mod tests {
    use bowline_app::Digest;
    use bowline_app::record::fingerprint;
    use serde_json::json;

    use super::*;

    fn record(host: &str) -> Vec<u8> {
        let content = |bytes: &[u8]| json!({ "sha256": Digest::of(bytes), "size": bytes.len(), "media_type": "x/y" });
        let component = |id: &str| {
            json!({
                "id": id,
                "source": content(id.as_bytes()),
                "files": [{ "path": "a/b.txt", "content": content(b"file") }],
                "environment": { "K": "v" },
                "allowed_outbound_hosts": [host],
            })
        };
        let trigger = |kind: &str, component: &str, route: Option<&str>| json!({ "kind": kind, "component": component, "route": route, "config": {} });
        let mut record: ApplicationRecord = serde_json::from_value(json!({
            "format": 1,
            "digest": Digest::of(b""),
            "name": "shop",
            "version": "1.2.3",
            "components": [component("api"), component("inner"), component("jobs")],
            "triggers": [
                trigger("http", "api", Some("/api/...")),
                trigger("http", "api", Some("/v2/:id")),
                trigger("http", "inner", None),
                trigger("redis", "jobs", None),
            ],
            "trigger_settings": { "http": { "base": "/base" } },
            "variables": [{ "name": "host", "default": "example.com" }, { "name": "other", "required": true }],
        }))
        .unwrap();
        record.digest = fingerprint(&record);
        record.to_json().unwrap()
    }

    #[test]
    fn a_record_becomes_a_plan() {
        let plan = read(&record("https://{{ host }}:8443")).unwrap();
        assert_eq!((plan.name.as_str(), plan.base.as_str()), ("shop", "/base"));
        assert_eq!(
            plan.routes,
            [("/api/...".to_owned(), 0), ("/v2/:id".to_owned(), 0)]
        );
        assert_eq!(plan.components.len(), 1);
        let api = &plan.components[0];
        assert_eq!(api.source, Digest::of(b"api"));
        assert_eq!(api.files, [("a/b.txt".to_owned(), Digest::of(b"file"))]);
        assert_eq!(api.environment, [("K".to_owned(), "v".to_owned())]);
        assert_eq!(api.allowed_outbound_hosts, ["https://example.com:8443"]);
        assert_eq!(plan.notes.len(), 1, "{:?}", plan.notes);
    }

    #[test]
    fn a_host_needs_its_variable() {
        assert!(read(&record("https://{{ other }}")).is_err());
        assert!(read(&record("https://{{ host")).is_err());
    }
}
