//! `bowline settings`: what a deploy would go by, and where it comes from.

use clap::ArgMatches;

use super::deploy::Context;
use crate::error::Error;
use crate::output;
use crate::output::settings::{Listed, Listing};
use crate::settings::gather::{Gathered, from};
use crate::settings::kind::Kind;
use crate::variables::Variables;

/// Every setting of bowline and of the target in force.
///
/// # Errors
/// Whatever a deploy would find wrong with them before it starts, but for what is missing.
pub(crate) fn run(
    matches: &ArgMatches,
    context: &Context,
    variables: &Variables,
) -> Result<Listing, Error> {
    let gathered = Gathered::read(matches, context, variables)?;
    let environment = &context.environment;
    environment.must_exist(&context.paths, &gathered.credentials, &from(matches))?;
    for note in &gathered.notes {
        output::warning(note);
    }
    let settings = gathered
        .settings
        .iter()
        .map(|setting| {
            let value = gathered.values.get(&setting.name);
            let secret = setting.kind == Kind::Secret;
            Listed {
                name: setting.name.clone(),
                variable: setting.variable.clone(),
                description: setting.description.clone(),
                required: setting.required,
                secret,
                set: value.is_some(),
                value: value
                    .filter(|_| !secret)
                    .map(|value| value.text().to_owned()),
                source: value.map(|value| value.source().clone()),
            }
        })
        .collect();
    Ok(Listing {
        environment: environment.name().to_owned(),
        target: context.description.name.clone(),
        settings,
    })
}
