//! What triggers and components have to do with each other.

use std::collections::{BTreeMap, BTreeSet};

use super::{TriggerTable, Use};
use crate::error::{Fault, LoadError};
use crate::manifest::Model;
use crate::manifest::names::most_similar;
use crate::manifest::table::Reading;

/// Triggers name existing components, no route is taken twice, and ids are unique.
pub(in crate::manifest) fn check(reading: &Reading<'_>, model: &Model) -> Result<(), LoadError> {
    let ids: BTreeSet<&str> = model
        .components
        .iter()
        .map(|component| component.id.get_ref().as_str())
        .collect();
    let mut in_order: Vec<&TriggerTable> = model.triggers.iter().collect();
    in_order.sort_by_key(|trigger| trigger.spans.whole.start);
    let mut routes = BTreeMap::new();
    let mut trigger_ids = BTreeSet::new();
    for trigger in in_order {
        for component in trigger.uses() {
            if !ids.contains(component.get_ref().as_str()) {
                let fault = Fault::UnknownComponent {
                    component: component.get_ref().escape_debug().to_string(),
                    similar: most_similar(component.get_ref(), ids.iter().copied()),
                };
                reading.keep(Err::<(), _>(reading.error(component.span(), fault)))?;
            }
        }
        if let Some(route) = &trigger.route {
            let path = route.trim_matches('/').to_owned();
            let answers = match trigger.component.as_ref().and_then(Use::id) {
                Some(id) => format!("`{}`", id.get_ref().escape_debug()),
                None => "a static response".to_owned(),
            };
            if let Some(other) = routes.insert((&trigger.kind, path), answers.clone()) {
                let fault = Fault::Invalid {
                    what: format!("the route `{}`", route.escape_debug()),
                    reason: format!("it is used twice, for {other} and {answers}"),
                };
                let error = reading.error(trigger.spans.whole.clone(), fault);
                reading.keep(Err::<(), _>(error))?;
            }
        }
        if let Some(id) = &trigger.id
            && !trigger_ids.insert(id.get_ref())
        {
            let fault = Fault::Invalid {
                what: format!("the trigger id `{}`", id.get_ref().escape_debug()),
                reason: "it is used twice".to_owned(),
            };
            reading.keep(Err::<(), _>(reading.error(id.span(), fault)))?;
        }
    }
    Ok(())
}
