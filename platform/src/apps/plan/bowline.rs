//! Bowline's own description of an application: the record that travels beside the manifest of Spin
//! 1 and says all of it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use bowline_app::invoice::Invoice;
use bowline_app::record::{ComponentContents, ComponentRecord, Received};
use serde::Deserialize as _;

use super::values::Values;
use super::{Answer, ComponentPlan, Plan, StaticResponse};

/// Reads the record; the invoice, or the index of the archives, says what is in the files, and the channel gives variables
/// their values.
///
/// # Errors
/// It is none, doesn't fit the invoice, or names an outbound host by a variable that has no value.
pub fn read(
    text: &[u8],
    index: Option<&[u8]>,
    invoice: &Invoice,
    given: &BTreeMap<String, String>,
) -> Result<Plan> {
    let received = match index {
        Some(index) => Received::read_archived(text, index, invoice),
        None => Received::read(text, invoice),
    };
    let Received {
        record,
        contents,
        archives,
        ..
    } = received?;
    let base = record
        .trigger_settings
        .get("http")
        .and_then(|settings| settings.get("base"))
        .and_then(serde_json::Value::as_str)
        .unwrap_or("/")
        .to_owned();
    let declared = record
        .variables
        .iter()
        .map(|variable| (variable.name.as_str(), variable.default.as_deref()));
    let values = Values::new(declared, given);
    let mut plan = Plan {
        name: record.name.clone(),
        version: record.version.clone(),
        base,
        routes: Vec::new(),
        components: Vec::new(),
        responses: Vec::new(),
        notes: values.notes.clone(),
        archives,
    };
    let mut indices = BTreeMap::new();
    for trigger in &record.triggers {
        // To leave them out could be to leave out who asks for a password.
        ensure!(
            trigger.config.get("dependencies").is_none(),
            "a trigger has dependencies, which this platform can't compose"
        );
        if trigger.kind != "http" {
            plan.notes.push(match &trigger.component {
                Some(id) => format!(
                    "the component '{id}' has a trigger of kind '{}', which never fires here",
                    trigger.kind
                ),
                None => format!("a trigger of kind '{}' never fires here", trigger.kind),
            });
            continue;
        }
        let Some(route) = &trigger.route else {
            continue;
        };
        let Some(id) = trigger.component.as_deref() else {
            let response = trigger
                .config
                .get("static_response")
                .with_context(|| format!("nothing answers at the route '{route}'"))?;
            let response = StaticResponse::deserialize(response)
                .with_context(|| format!("the static response at the route '{route}'"))?;
            plan.routes
                .push((route.clone(), Answer::Response(plan.responses.len())));
            plan.responses.push(response);
            continue;
        };
        let index = match indices.get(id) {
            Some(index) => *index,
            None => {
                let (component, contents) = record
                    .components
                    .iter()
                    .zip(&contents)
                    .find(|(component, _)| component.id == id)
                    .with_context(|| format!("there is no component '{id}'"))?;
                plan.components
                    .push(component_plan(component, contents, &values)?);
                let index = plan.components.len() - 1;
                indices.insert(id, index);
                index
            }
        };
        plan.routes.push((route.clone(), Answer::Component(index)));
    }
    Ok(plan)
}

fn component_plan(
    component: &ComponentRecord,
    contents: &ComponentContents,
    values: &Values<'_>,
) -> Result<ComponentPlan> {
    let allowed_outbound_hosts = component
        .allowed_outbound_hosts
        .iter()
        .map(|host| {
            values
                .fill(host)
                .with_context(|| format!("the outbound host '{host}' of '{}'", component.id))
        })
        .collect::<Result<_>>()?;
    Ok(ComponentPlan {
        id: component.id.clone(),
        source: contents.source.digest,
        files: component
            .files
            .iter()
            .zip(&contents.files)
            .map(|(path, content)| (path.clone(), content.digest))
            .collect(),
        environment: component.environment.clone().into_iter().collect(),
        variables: values.of_component(&component.variables),
        allowed_outbound_hosts,
    })
}

#[cfg(test)]
mod tests {
    use bowline_app::Digest;
    use serde_json::json;

    use super::*;

    fn record(host: &str) -> Vec<u8> {
        let component = |id: &str| {
            json!({
                "id": id,
                "files": ["a/b.txt"],
                "environment": { "K": "v" },
                "allowed_outbound_hosts": [host],
            })
        };
        let trigger = |kind: &str, component: &str, route: Option<&str>| json!({ "kind": kind, "component": component, "route": route, "config": {} });
        let record = json!({
            "format": 2,
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
        });
        serde_json::to_vec(&record).unwrap()
    }

    /// The invoice of [`record`]: each binary is the id of its component, each file the letters `file`.
    fn invoice(record: &[u8]) -> Invoice {
        let parcel = |name: &str, bytes: &[u8], groups: &[&str]| {
            json!({
                "label": { "name": name, "sha256": Digest::of(bytes), "size": bytes.len(), "mediaType": "x/y" },
                "conditions": { "memberOf": groups },
            })
        };
        let mut parcels = vec![parcel("spin", b"", &[]), parcel("record", record, &[])];
        let ids = ["api", "inner", "jobs"];
        parcels.extend(ids.map(|id| parcel(&format!("{id}.wasm"), id.as_bytes(), &[])));
        parcels.extend(ids.map(|id| parcel("a/b.txt", b"file", &[&format!("files-{id}")])));
        serde_json::from_value(json!({
            "bindleVersion": "1.0.0",
            "bindle": { "name": "shop", "version": "1.2.3" },
            "parcel": parcels,
        }))
        .unwrap()
    }

    fn plan(host: &str) -> Result<Plan> {
        let record = record(host);
        read(&record, None, &invoice(&record), &BTreeMap::new())
    }

    #[test]
    fn a_record_becomes_a_plan() {
        let plan = plan("https://{{ host }}:8443").unwrap();
        assert_eq!((plan.name.as_str(), plan.base.as_str()), ("shop", "/base"));
        assert_eq!(
            plan.routes,
            [
                ("/api/...".to_owned(), Answer::Component(0)),
                ("/v2/:id".to_owned(), Answer::Component(0))
            ]
        );
        assert_eq!(plan.components.len(), 1);
        let api = &plan.components[0];
        assert_eq!(api.source, Digest::of(b"api"));
        assert_eq!(api.files, [("a/b.txt".to_owned(), Digest::of(b"file"))]);
        assert_eq!(api.environment, [("K".to_owned(), "v".to_owned())]);
        assert_eq!(api.allowed_outbound_hosts, ["https://example.com:8443"]);
        assert_eq!(plan.notes.len(), 1, "{:?}", plan.notes);
    }

    /// A record without components, and its plan.
    fn bare(trigger: &serde_json::Value) -> Result<Plan> {
        let record = json!({ "format": 3, "name": "shop", "version": "1.2.3", "components": [], "triggers": [trigger] });
        let record = serde_json::to_vec(&record).unwrap();
        let mut invoice = invoice(&record);
        invoice.parcel.truncate(2);
        read(&record, None, &invoice, &BTreeMap::new())
    }

    #[test]
    fn a_trigger_can_answer_itself() {
        let config =
            json!({ "static_response": { "status_code": 301, "headers": { "location": "/new" } } });
        let plan = bare(&json!({ "kind": "http", "route": "/old", "config": config })).unwrap();
        assert_eq!(plan.routes, [("/old".to_owned(), Answer::Response(0))]);
        let response = &plan.responses[0];
        assert_eq!((response.status_code, &response.body), (Some(301), &None));
        assert_eq!(response.headers["location"], "/new");
        for config in [
            json!({}),
            json!({ "static_response": { "status_code": -1 } }),
        ] {
            bare(&json!({ "kind": "http", "route": "/old", "config": config })).unwrap_err();
        }
    }

    #[test]
    fn a_trigger_whose_dependencies_nobody_composed_is_refused() {
        let config = json!({ "static_response": {}, "dependencies": { "middleware": [] } });
        let error = bare(&json!({ "kind": "http", "route": "/", "config": config })).unwrap_err();
        assert!(error.to_string().contains("can't compose"), "{error:#}");
    }

    #[test]
    fn a_host_needs_its_variable() {
        assert!(plan("https://{{ other }}").is_err());
        assert!(plan("https://{{ host").is_err());
    }

    #[test]
    fn an_invoice_that_does_not_fit_is_refused() {
        let record = record("https://a.com");
        let mut invoice = invoice(&record);
        invoice.parcel.swap(2, 3);
        let error = read(&record, None, &invoice, &BTreeMap::new()).unwrap_err();
        assert!(error.to_string().contains("stands where"), "{error:#}");
    }
}
