//! `bowline target inspect` and `vet`: what a file tells of itself, without compiling or running any of it.

use std::ffi::OsString;

use bowline_host::{Inspection, Limits};
use clap::ArgMatches;

use super::Context;
use crate::error::Error;
use crate::exit::Exit;
use crate::fault;
use crate::limits;
use crate::output::inspected::{Compared, Inspected, Vetted};
use crate::target::BUILT_IN;
use crate::targets::{Choice, Pin, Source};

/// What the file says.
///
/// # Errors
/// When it can't be found or had, or is no component.
pub(crate) fn inspect(matches: &ArgMatches, context: &Context<'_>) -> Result<Inspected, Error> {
    look(matches, context, "TARGET")
}

/// What the file can do, and with two what the second one can do besides.
///
/// # Errors
/// As for [`inspect`].
pub(crate) fn vet(matches: &ArgMatches, context: &Context<'_>) -> Result<Vetted, Error> {
    let first = look(matches, context, "TARGET")?;
    if !matches.contains_id("OTHER") {
        return Ok(Vetted {
            target: first,
            compared: None,
        });
    }
    let second = look(matches, context, "OTHER")?;
    let comparison = Inspection::compare(&first.inspection, &second.inspection);
    Ok(Vetted {
        compared: Some(Compared {
            with: first.place,
            asks_for_more: comparison.asks_for_more(),
            comparison,
        }),
        target: second,
    })
}

fn look(matches: &ArgMatches, context: &Context<'_>, argument: &str) -> Result<Inspected, Error> {
    let (place, bytes, limits) = bytes(matches, context, argument)?;
    let inspection = Inspection::of(&bytes, &limits)
        .map_err(|error| fault::artifact(&error, Some(place.as_ref())))?;
    Ok(Inspected { place, inspection })
}

/// How messages call the file, its bytes, whether this host could run them or not, and the limits that hold for it.
fn bytes(
    matches: &ArgMatches,
    context: &Context<'_>,
    argument: &str,
) -> Result<(String, Vec<u8>, Limits), Error> {
    let limits = limits::read(&limits::given(matches))?;
    let Some(text) = matches.get_one::<OsString>(argument) else {
        return Err(Error::new(Exit::Usage, "there is no target to look at"));
    };
    let source = match Choice::parse(text)? {
        Choice::BuiltIn => {
            let bytes = bowline_builtin::HIPPO.to_vec();
            return Ok((BUILT_IN.to_owned(), bytes, limits));
        }
        Choice::Named(name) => {
            let (bytes, limits) = context.named_file(matches, &name)?;
            return Ok((name.to_string(), bytes, limits));
        }
        Choice::At(source) => source,
    };
    let place = match &source {
        Source::File(path) => path.display().to_string(),
        other => other.to_string(),
    };
    // Looking at what a URL gives out today needs no digest: nothing is kept of it.
    let fetched = context.fetch(matches, &source, &Pin::none(), &limits)?;
    Ok((place, fetched.bytes, limits))
}
