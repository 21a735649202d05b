//! `bowline completions`: the script for a shell.

use clap::ArgMatches;

use crate::completion;
use crate::error::Error;
use crate::output::made::Script;
use crate::paths::Paths;
use crate::targets::{self, Asked};
use crate::variables::Variables;

/// Makes the script. So that its first answer knows the flags of the target in force, that one is asked what it is, which the cache
/// then knows.
///
/// # Errors
/// When the script can't be made.
pub(crate) fn run(matches: &ArgMatches, variables: &Variables) -> Result<Script, Error> {
    let shell = matches
        .get_one::<String>("SHELL")
        .map(String::as_str)
        .unwrap_or_default();
    let script = completion::script(shell)?;
    let asked = Asked {
        here: true,
        quiet: true,
        ..Asked::default()
    };
    let known = Paths::find(variables)
        .and_then(|paths| targets::resolve(&asked, &paths, variables)?.describe(&paths));
    if let Err(error) = known {
        tracing::warn!(
            error = error.message(),
            "the flags of the target in force will not be completed"
        );
    }
    Ok(Script {
        shell: shell.to_owned(),
        script,
    })
}
