//! Limits that the command line sets.

use std::ffi::OsString;

use bowline_host::{Approval, LimitError, LimitExceeded, Limits, Operation};
use clap::{Arg, ArgAction, ArgMatches};

use crate::error::Error;
use crate::exit::Exit;
use crate::text;

/// Name of the flag.
pub const FLAG: &str = "limit";

/// The flag.
pub(crate) fn arg() -> Arg {
    Arg::new(FLAG)
        .long(FLAG)
        .value_name("NAME=VALUE")
        .action(ArgAction::Append)
        .help("Let the target use that much of something, for example memory=512MiB or compute=2m; may be given several times. `-v` shows what it used")
}

/// Values of the flag.
pub(crate) fn given(matches: &ArgMatches) -> Vec<OsString> {
    let given = matches.get_many::<String>(FLAG).unwrap_or_default();
    given.map(OsString::from).collect()
}

/// The default limits, with those in the place that the flags set.
///
/// # Errors
/// As usage, when a flag names no limit or no value for it.
pub fn read(given: &[OsString]) -> Result<Limits, Error> {
    let mut limits = Limits::default();
    set(&mut limits, given)?;
    Ok(limits)
}

/// Sets the limits that the flags set.
///
/// # Errors
/// As for [`read`].
pub fn set(limits: &mut Limits, given: &[OsString]) -> Result<(), Error> {
    for flag in given {
        let flag = flag.to_string_lossy();
        let Some((name, value)) = flag.split_once('=') else {
            let flag = text::one_line(&flag);
            return Err(Error::new(
                Exit::Usage,
                format!("--limit needs a name and a value, and '{flag}' has no '='"),
            )
            .hint("write it as in `--limit memory=512MiB`"));
        };
        limits.set(name, value).map_err(|error| {
            let made = Error::of(Exit::Usage, &error);
            match error {
                LimitError::Unknown { .. } => made.hint(names()),
                _ => made,
            }
        })?;
    }
    Ok(())
}

/// The default limits, with those in the place that an approval sets.
///
/// # Errors
/// As usage: approvals are files, and this one names no limit or no value for it.
pub fn approved(approval: &Approval) -> Result<Limits, Error> {
    let mut limits = Limits::default();
    for (name, value) in &approval.limits {
        limits.set(name, value).map_err(|error| {
            Error::of(Exit::Usage, &error)
                .hint("the target's approval sets it; approve the target again")
        })?;
    }
    Ok(limits)
}

/// The limits that an approval sets, with those in the place that the flags set.
///
/// # Errors
/// As for [`read`] and [`approved`].
pub fn of(approval: &Approval, given: &[OsString]) -> Result<Limits, Error> {
    let mut limits = approved(approval)?;
    set(&mut limits, given)?;
    Ok(limits)
}

/// The approval, with the limits that the flags set. Wrong flags are left out: [`read`] is to have refused them.
#[must_use]
pub fn keep(approval: Approval, given: &[OsString]) -> Approval {
    given
        .iter()
        .filter_map(|flag| flag.to_str()?.split_once('='))
        .fold(approval, |approval, (name, value)| {
            approval.with_limit(name, value)
        })
}

/// How to let a target have more, for one that has reached a limit.
#[must_use]
pub fn raise(limit: &LimitExceeded, operation: Option<Operation>) -> Option<String> {
    let name = match (limit, operation) {
        (LimitExceeded::Stack, _) => return None,
        (LimitExceeded::Compute(_), Some(Operation::Describe)) => "describe-compute",
        (LimitExceeded::WallClock(_), Some(Operation::Describe)) => "describe-wall-clock",
        _ => limit.name(),
    };
    Some(format!(
        "if it has a reason to need more, `--limit {name}=<value>` gives it more"
    ))
}

fn names() -> String {
    let names: Vec<_> = Limits::all().iter().map(|limit| limit.name).collect();
    format!("the limits are {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(flag: &str) -> (Exit, String) {
        let error = read(&[OsString::from(flag)]).unwrap_err();
        (error.exit(), error.message().to_owned())
    }

    #[test]
    fn flags_come_after_the_approval() {
        let approval = Approval::default()
            .with_limit("memory", "64MiB")
            .with_limit("requests", "5");
        let flags = ["memory=32MiB", "compute=2s"].map(OsString::from);
        let limits = of(&approval, &flags).unwrap();
        assert_eq!(approved(&keep(approval, &flags)).unwrap(), limits);
        let changed: Vec<_> = limits
            .changed()
            .map(|(limit, value)| format!("{}={value}", limit.name))
            .collect();
        assert_eq!(changed, ["memory=32 MiB", "compute=2s", "requests=5"]);
    }

    #[test]
    fn what_makes_no_sense_is_usage() {
        for (flag, message) in [
            (
                "memory",
                "--limit needs a name and a value, and 'memory' has no '='",
            ),
            (
                "memry=1GiB",
                "there is no limit 'memry'; did you mean 'memory'?",
            ),
            ("memory=much", "the limit 'memory' can't be 'much'"),
            (
                "memory=9GiB",
                "the limit 'memory' can't be 9 GiB: it goes from 1 MiB to 4 GiB",
            ),
        ] {
            assert_eq!(refusal(flag), (Exit::Usage, message.to_owned()));
        }
        let error = approved(&Approval::default().with_limit("memory", "")).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
    }

    #[test]
    fn every_limit_that_can_be_set_can_be_raised() {
        let hint = raise(&LimitExceeded::Requests(5), Some(Operation::Deploy)).unwrap();
        assert!(hint.contains("`--limit requests=<value>`"), "{hint}");
        let clock = LimitExceeded::Compute(std::time::Duration::from_secs(5));
        let hint = raise(&clock, Some(Operation::Describe)).unwrap();
        assert!(hint.contains("describe-compute="), "{hint}");
        assert_eq!(raise(&LimitExceeded::Stack, None), None);
    }
}
