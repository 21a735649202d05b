//! `bowline target show`.

use bowline_host::Want;
use clap::ArgMatches;

use super::{Context, digest, place};
use crate::error::Error;
use crate::output::target::{Approved, Shown};

/// What a target is, what it asks for, and where that is approved. Its own account is asked for in the sandbox, where it has no
/// capability.
///
/// # Errors
/// When it can't be found or had, is no target, or breaks down.
pub(crate) fn run(matches: &ArgMatches, context: &Context<'_>) -> Result<Shown, Error> {
    let chosen = context.find(matches, "TARGET")?;
    let description = chosen.describe(&context.paths)?;
    let words = |wants: Vec<Want>| wants.iter().map(ToString::to_string).collect::<Vec<_>>();
    let approvals = context.approvals.of(&chosen.digest())?;
    let approvals = approvals.into_iter().map(|record| Approved {
        missing: words(description.wants.beyond(&record.approved.wants)),
        private: record
            .approved
            .private
            .iter()
            .map(ToString::to_string)
            .collect(),
        limits: record.approved.limits,
        environment: record.environment,
    });
    Ok(Shown {
        place: place(&chosen),
        digest: digest(chosen.artifact()),
        size: chosen.artifact().size(),
        contract: chosen.artifact().contract_version().to_string(),
        built_in: chosen.is_built_in(),
        approvals: approvals.collect(),
        asks: words(description.wants.all()),
        wants: description.wants,
        name: description.name,
        version: description.version,
        summary: description.summary,
    })
}
