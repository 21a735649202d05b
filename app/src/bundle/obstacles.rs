//! What an application has that manifests of Spin 1.x have no words for.

use super::PackError;
use crate::error::Location;
use crate::{Application, Component, manifest};

/// Everything of it, in the order of triggers, then components. An application without any can be packed.
pub(super) fn obstacles(application: &Application) -> Vec<PackError> {
    let mut found = Vec::new();
    triggers(application, &mut found);
    for component in application.components() {
        of_component(application, component, &mut found);
    }
    found
}

fn inexpressible(what: String, instead: &str, location: Option<Location>) -> PackError {
    PackError::Inexpressible {
        what,
        instead: instead.to_owned(),
        location,
    }
}

fn triggers(application: &Application, found: &mut Vec<PackError>) {
    let Some(first) = application.triggers().first() else {
        found.push(inexpressible(
            "applications without triggers".to_owned(),
            "add a `[[trigger.http]]` for a component",
            None,
        ));
        return;
    };
    let others = application.triggers().iter();
    if let Some(other) = others.clone().find(|trigger| trigger.kind != first.kind) {
        found.push(inexpressible(
            format!(
                "applications with triggers of several kinds (`{}` and `{}`)",
                first.kind, other.kind
            ),
            "make an application for each kind",
            Some(other.location()),
        ));
    }
    for trigger in others {
        if let Some(name) = trigger.dependencies.first() {
            found.push(inexpressible(
                format!("dependencies of triggers (`{}`)", name.escape_debug()),
                "compose them into the component while building, for example with `wac plug`",
                Some(trigger.location_of("dependencies")),
            ));
        }
        if !trigger.components.is_empty() {
            found.push(inexpressible(
                "triggers with several components".to_owned(),
                "give each component a trigger of its own",
                Some(trigger.location_of("components")),
            ));
        }
        match &trigger.component {
            None => found.push(inexpressible(
                "triggers without a component".to_owned(),
                "serve the response from a component",
                Some(trigger.location_of("static_response")),
            )),
            Some(component) if trigger.kind == "http" && trigger.route.is_none() => {
                found.push(inexpressible(
                    format!("private routes (component `{component}`)"),
                    "give the trigger a route",
                    Some(trigger.location_of("route")),
                ));
            }
            Some(_) => {}
        }
    }
}

fn of_component(application: &Application, component: &Component, found: &mut Vec<PackError>) {
    let id = &component.id;
    let mut triggers = application
        .triggers()
        .iter()
        .filter(|trigger| trigger.component.as_ref() == Some(id));
    if triggers.next().is_none() {
        // It is left out: nothing runs it there either, and Spin 1.x wants a trigger for each component.
        return;
    }
    if let Some(second) = triggers.next() {
        found.push(inexpressible(
            format!("components with several triggers (`{id}`)"),
            "give each trigger a component of its own, with the same source",
            Some(second.location()),
        ));
    }
    // Readers look for `..` anywhere in a name, not only between slashes.
    if let Some(file) = component.files.iter().find(|file| file.path.contains("..")) {
        found.push(inexpressible(
            format!(
                "files with `..` in their name (`{}` of component `{id}`)",
                file.path
            ),
            "rename the file",
            Some(component.location_of("files")),
        ));
    }
    // Some entries can be said together only: all hosts by HTTP and all by HTTPS.
    if manifest::http_hosts(&component.allowed_outbound_hosts).is_ok() {
        return;
    }
    for host in &component.allowed_outbound_hosts {
        if manifest::http_hosts(std::slice::from_ref(host)).is_err() {
            found.push(inexpressible(
                format!(
                    "way to allow the host `{}` (component `{id}`)",
                    host.escape_debug()
                ),
                "name each host, without `*` and `{{ }}`: \"https://api.example.com\"",
                Some(component.host_location(host)),
            ));
        }
    }
}
