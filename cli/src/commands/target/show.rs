//! `bowline target show`.

use clap::ArgMatches;

use super::{Context, approved, digest, place, words};
use crate::error::Error;
use crate::output::target::Shown;

/// What a target is, what it asks for, and where that is approved. Its own account is asked for in the sandbox, where it has no
/// capability.
///
/// # Errors
/// When it can't be found or had, is no target, or breaks down.
pub(crate) fn run(matches: &ArgMatches, context: &Context<'_>) -> Result<Shown, Error> {
    let chosen = context.find(matches, "TARGET")?;
    let description = chosen.describe(&context.paths)?;
    let approvals = context.approvals.of(&chosen.digest())?;
    let approvals = approvals
        .into_iter()
        .map(|record| approved(record, &description.wants));
    Ok(Shown {
        place: place(&chosen),
        digest: digest(chosen.artifact()),
        size: chosen.artifact().size(),
        contract: chosen.artifact().contract_version().to_string(),
        built_in: chosen.is_built_in(),
        approvals: approvals.collect(),
        asks: words(&description.wants.all()),
        wants: description.wants,
        name: description.name,
        version: description.version,
        summary: description.summary,
    })
}
