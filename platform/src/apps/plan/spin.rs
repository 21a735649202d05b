//! The manifest that Spin 1 put into bindles, and still the one that Hippo reads.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use bowline_app::Digest;
use bowline_app::invoice::Invoice;
use serde::Deserialize;

use super::values::Values;
use super::{Answer, ComponentPlan, Plan};

#[derive(Deserialize)]
struct Manifest {
    trigger: Trigger,
    #[serde(default)]
    variables: BTreeMap<String, Variable>,
    #[serde(default)]
    component: Vec<Component>,
}

#[derive(Deserialize)]
struct Variable {
    default: Option<String>,
}

#[derive(Deserialize)]
struct Trigger {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default = "root")]
    base: String,
}

fn root() -> String {
    "/".to_owned()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Component {
    id: String,
    source: Digest,
    files: Option<String>,
    #[serde(default)]
    allowed_http_hosts: Vec<String>,
    #[serde(default)]
    allowed_outbound_hosts: Vec<String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default)]
    config: BTreeMap<String, String>,
    trigger: Binding,
}

#[derive(Deserialize)]
struct Binding {
    route: Option<Route>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Route {
    Pattern(String),
    Private { private: bool },
}

/// Reads the manifest; the invoice's groups say which files belong to which component.
///
/// # Errors
/// It is no manifest of Spin 1, its trigger isn't HTTP, or a label is unfit.
pub fn read(text: &[u8], invoice: &Invoice, given: &BTreeMap<String, String>) -> Result<Plan> {
    let manifest: Manifest = toml::from_slice(text)?;
    ensure!(
        manifest.trigger.kind == "http",
        "its trigger is '{}', and only 'http' runs here",
        manifest.trigger.kind
    );
    let declared = manifest
        .variables
        .iter()
        .map(|(name, variable)| (name.as_str(), variable.default.as_deref()));
    let values = Values::new(declared, given);
    let mut plan = Plan {
        name: invoice.bindle.name.clone(),
        version: invoice.bindle.version.clone(),
        base: manifest.trigger.base,
        routes: Vec::new(),
        components: Vec::new(),
        responses: Vec::new(),
        notes: values.notes.clone(),
        archives: Vec::new(),
    };
    for component in manifest.component {
        let id = component.id;
        let route = match component.trigger.route {
            Some(Route::Pattern(route)) => route,
            Some(Route::Private { private: true }) => continue,
            Some(Route::Private { private: false }) => {
                bail!("the component '{id}' has 'private = false' for a route")
            }
            None => bail!("the component '{id}' has no route"),
        };
        plan.routes
            .push((route, Answer::Component(plan.components.len())));
        let files = match &component.files {
            Some(group) => {
                files_of(invoice, group).with_context(|| format!("the files of '{id}'"))?
            }
            None => Vec::new(),
        };
        let mut allowed_outbound_hosts = component.allowed_outbound_hosts;
        allowed_outbound_hosts.extend(
            component
                .allowed_http_hosts
                .iter()
                .flat_map(|host| hosts(host)),
        );
        plan.components.push(ComponentPlan {
            id,
            source: component.source,
            files,
            environment: component.environment.into_iter().collect(),
            variables: values.of_component(&component.config),
            allowed_outbound_hosts,
        });
    }
    Ok(plan)
}

fn files_of(invoice: &Invoice, group: &str) -> Result<Vec<(String, Digest)>> {
    let is_member = |parcel: &&bowline_app::invoice::Parcel| {
        let groups = parcel
            .conditions
            .as_ref()
            .and_then(|conditions| conditions.member_of.as_ref());
        groups.is_some_and(|groups| groups.iter().any(|name| name == group))
    };
    invoice
        .parcel
        .iter()
        .filter(is_member)
        .map(|parcel| Ok((parcel.label.name.clone(), parcel.label.sha256.parse()?)))
        .collect()
}

/// An entry of `allowed_http_hosts` in the newer form.
fn hosts(host: &str) -> Vec<String> {
    match host {
        "insecure:allow-all" => vec![
            "http://*:*".to_owned(),
            "https://*:*".to_owned(),
            "http://self".to_owned(),
        ],
        "self" => vec!["http://self".to_owned()],
        host if host.contains("://") => vec![host.to_owned()],
        host => vec![format!("http://{host}"), format!("https://{host}")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoice() -> Invoice {
        let (index, other) = (Digest::of(b"index"), Digest::of(b"other"));
        Invoice::from_toml(&format!(
            r#"
            bindleVersion = "1.0.0"
            [bindle]
            name = "site"
            version = "1.2.3+q1"
            [[group]]
            name = "files-web"
            [[parcel]]
            [parcel.label]
            sha256 = "{index}"
            mediaType = "text/html"
            name = "index.html"
            size = 5
            [parcel.conditions]
            memberOf = ["files-web"]
            [[parcel]]
            [parcel.label]
            sha256 = "{other}"
            mediaType = "text/html"
            name = "other.html"
            size = 5
            [parcel.conditions]
            memberOf = ["files-api"]
            "#
        ))
        .unwrap()
    }

    fn manifest(rest: &str) -> Vec<u8> {
        let text = format!(
            r#"
            trigger = {{ type = "http", base = "/base" }}
            [[component]]
            id = "web"
            source = "{}"
            files = "files-web"
            allowedHttpHosts = ["example.com:8080", "self"]
            environment = {{ K = "v" }}
            [component.trigger]
            {rest}
            "#,
            Digest::of(b"wasm")
        );
        text.into_bytes()
    }

    #[test]
    fn a_manifest_becomes_a_plan() {
        let plan = read(&manifest("route = \"/...\""), &invoice(), &BTreeMap::new()).unwrap();
        assert_eq!((plan.name.as_str(), plan.base.as_str()), ("site", "/base"));
        assert_eq!(plan.routes, [("/...".to_owned(), Answer::Component(0))]);
        let web = &plan.components[0];
        assert_eq!(web.files, [("index.html".to_owned(), Digest::of(b"index"))]);
        assert_eq!(web.environment, [("K".to_owned(), "v".to_owned())]);
        assert_eq!(
            web.allowed_outbound_hosts,
            [
                "http://example.com:8080",
                "https://example.com:8080",
                "http://self"
            ]
        );
        assert_eq!(plan.contents().len(), 2);
    }

    #[test]
    fn a_private_route_is_none() {
        let plan = read(
            &manifest("route = { private = true }"),
            &invoice(),
            &BTreeMap::new(),
        )
        .unwrap();
        assert!(plan.routes.is_empty() && plan.components.is_empty());
    }

    #[test]
    fn what_cannot_run_is_refused() {
        assert!(
            read(
                &manifest("route = { private = false }"),
                &invoice(),
                &BTreeMap::new()
            )
            .is_err()
        );
        assert!(
            read(
                &manifest("channel = \"jobs\""),
                &invoice(),
                &BTreeMap::new()
            )
            .is_err()
        );
        let redis = b"trigger = { type = \"redis\" }";
        let error = read(redis, &invoice(), &BTreeMap::new()).unwrap_err();
        assert!(error.to_string().contains("'redis'"), "{error}");
    }
}
