//! Components that triggers have as tables of their own: they get ids and a place among the others.

use std::collections::BTreeSet;

use serde_json::Value;
use toml::Spanned;

use super::{TriggerTable, Use};
use crate::manifest::ComponentTable;
use crate::manifest::names::check_kebab;

/// Gives an id to each component inside of a trigger, and moves it to `components`.
///
/// The ids are those that Spin gives, but counted in the order of `triggers`, which has to be one that does not depend on
/// the order of the manifest: ids are part of what is deployed.
pub(in crate::manifest) fn name_components(
    triggers: &mut [TriggerTable],
    components: &mut Vec<ComponentTable>,
) {
    let named = components.iter().map(|component| &component.id);
    let mut taken: BTreeSet<String> = named.map(|id| id.get_ref().clone()).collect();
    let mut unnamed = std::collections::BTreeMap::<String, usize>::new();
    let mut counter = 0;
    for trigger in triggers {
        let has_several = trigger.component.iter().count()
            + trigger.components.values().map(Vec::len).sum::<usize>()
            > 1;
        let base = match &trigger.id {
            Some(id) => id.get_ref().clone(),
            None if matches!(trigger.component, Some(Use::Inline(_))) => {
                let number = unnamed.entry(trigger.kind.clone()).or_default();
                *number += 1;
                format!("{}-trigger{number}", trigger.kind)
            }
            None => String::new(),
        };
        let mut name = |used: &mut Use| {
            let Use::Inline(component) = used else {
                return;
            };
            let mut id = format!("{base}-component");
            if has_several || check_kebab(&id).is_err() || taken.contains(&id) {
                loop {
                    counter += 1;
                    id = format!("inline-component{counter}");
                    if !taken.contains(&id) {
                        break;
                    }
                }
            }
            taken.insert(id.clone());
            let id = Spanned::new(component.id.span(), id);
            let mut component = (**component).clone();
            component.id = id.clone();
            components.push(component);
            *used = Use::Named(id);
        };
        if let Some(component) = &mut trigger.component {
            name(component);
        }
        for used in trigger.components.values_mut().flatten() {
            name(used);
        }
        write_ids(trigger);
    }
}

/// Puts the ids where the tables were.
fn write_ids(trigger: &mut TriggerTable) {
    let id = |used: &Use| used.id().map(|id| Value::from(id.get_ref().as_str()));
    if let Some(component) = trigger.component.as_ref().and_then(id) {
        trigger.config.insert("component".to_owned(), component);
    }
    let Some(Value::Object(members)) = trigger.config.get_mut("components") else {
        return;
    };
    for (name, uses) in &trigger.components {
        let ids: Vec<_> = uses.iter().filter_map(id).collect();
        let value = match members.get(name) {
            Some(Value::Array(_)) => Value::Array(ids),
            _ => ids.into_iter().next().unwrap_or_default(),
        };
        members.insert(name.clone(), value);
    }
}
