//! A first look at the command line, before it can be read in full.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use crate::error::Error;
use crate::exit::Exit;
use crate::output::Format;
use crate::targets::Asked;

/// Verbs that work with a target, whose settings are their flags.
const WITH_TARGET: [&str; 5] = ["deploy", "plan", "login", "whoami", "settings"];

/// What has to be known of the command line before it can be read in full: the flags of some verbs are those of their target.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Glance {
    /// The verb works with a target.
    pub with_target: bool,
    /// What decides which target it is.
    pub asked: Asked,
    /// `-v` is there, so that errors before the full reading are told in full as well.
    pub verbose: bool,
    /// `--detailed-exitcode` is there, on a verb that plans.
    pub detailed_exitcode: bool,
    /// How errors before the full reading are written.
    pub format: Format,
    /// The verb, if there is one.
    pub verb: Option<String>,
    /// Value of `--events`: what goes wrong before the full reading is an event, too.
    pub events: Option<OsString>,
}

impl Glance {
    /// The error with the code that it ends with. With `--detailed-exitcode` 2 says that there is something to do, and so not that
    /// the command line is wrong.
    #[must_use]
    pub fn ending(&self, error: Error) -> Error {
        if self.detailed_exitcode && error.exit() == Exit::Usage {
            error.ending_with(Exit::Internal.code())
        } else {
            error
        }
    }
}

/// Looks for the verb, what decides which target it works with, `--output` and `-v` in `arguments`, the command line without the program's name. What is wrong
/// with them is found when they are read in full.
pub fn glance(arguments: &[OsString]) -> Glance {
    let mut seen = Glance {
        with_target: false,
        asked: Asked::default(),
        verbose: false,
        detailed_exitcode: false,
        format: Format::Text,
        verb: None,
        events: None,
    };
    let (mut detailed_exitcode, mut dry_run) = (false, false);
    let mut rest = arguments.iter().take_while(|argument| *argument != "--");
    while let Some(argument) = rest.next() {
        if argument == "-v" || argument == "-vv" || argument == "--verbose" {
            seen.verbose = true;
        } else if argument == "-q" || argument == "--quiet" {
            seen.asked.quiet = true;
        } else if argument == "--detailed-exitcode" {
            detailed_exitcode = true;
        } else if argument == "--dry-run" {
            dry_run = true;
        } else if let Some(value) = value(argument, &["-o", "--output"], &mut rest) {
            seen.format = value.to_str().and_then(Format::find).unwrap_or(seen.format);
        } else if let Some(value) = value(argument, &["--events"], &mut rest) {
            seen.events.get_or_insert(value);
        } else if seen.verb.is_none() {
            // Of the flags before the verb, only those above have a value.
            if !argument.as_encoded_bytes().starts_with(b"-") {
                seen.verb = Some(argument.to_string_lossy().into_owned());
                seen.with_target = WITH_TARGET.iter().any(|with| argument == with);
            }
        } else if seen.with_target {
            look(&mut seen.asked, argument, &mut rest);
        }
    }
    let plans = match seen.verb.as_deref() {
        Some("plan") => true,
        Some("deploy") => dry_run,
        _ => false,
    };
    seen.detailed_exitcode = detailed_exitcode && plans;
    seen
}

/// Of a flag that is there twice, the first counts; clap refuses the second.
fn look<'a>(asked: &mut Asked, argument: &OsStr, rest: &mut impl Iterator<Item = &'a OsString>) {
    if argument == "--locked" {
        asked.locked = true;
    } else if argument == "--insecure" || argument == "-k" {
        asked.network.insecure = true;
    } else if let Some(value) = value(argument, &["--target"], rest) {
        asked.target.get_or_insert(value);
    } else if let Some(value) = value(argument, &["-f", "--from"], rest) {
        asked.from.get_or_insert(value);
    } else if let Some(value) = value(argument, &["-e", "--environment-name"], rest) {
        asked.environment.get_or_insert(value);
    } else if let Some(value) = value(argument, &["--ca-file"], rest) {
        asked.network.ca_file.get_or_insert(value);
    } else if let Some(value) = value(argument, &["--client-cert"], rest) {
        asked.network.client_cert.get_or_insert(value);
    } else if let Some(value) = value(argument, &["--client-key"], rest) {
        asked.network.client_key.get_or_insert(value);
    } else if let Some(value) = value(argument, &["--connect-timeout"], rest) {
        asked.network.connect_timeout.get_or_insert(seconds(&value));
    } else if let Some(value) = value(argument, &["--idle-timeout"], rest) {
        asked.network.idle_timeout.get_or_insert(seconds(&value));
    } else if let Some(value) = value(argument, &["--limit"], rest) {
        asked.limits.push(value);
    }
}

/// What is no number is found when the command line is read in full, and is nothing until then.
fn seconds(value: &OsStr) -> Duration {
    let seconds = value.to_str().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or_default())
}

/// The value of the flag of one of these names, if `argument` is it: behind `=`, or, for short flags, at once, or in the next
/// argument.
fn value<'a>(
    argument: &OsStr,
    names: &[&str],
    rest: &mut impl Iterator<Item = &'a OsString>,
) -> Option<OsString> {
    for name in names {
        if argument == *name {
            return rest.next().cloned();
        }
        let Some(behind) = strip_prefix(argument, name) else {
            continue;
        };
        if let Some(value) = strip_prefix(&behind, "=") {
            return Some(value);
        }
        if !name.starts_with("--") {
            return Some(behind);
        }
    }
    None
}

fn strip_prefix(argument: &OsStr, prefix: &str) -> Option<OsString> {
    if let Some(text) = argument.to_str() {
        return text.strip_prefix(prefix).map(OsString::from);
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
        let value = argument.as_bytes().strip_prefix(prefix.as_bytes())?;
        Some(OsString::from_vec(value.to_vec()))
    }
    #[cfg(not(unix))]
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Flags;

    fn glance_at(line: &str) -> Glance {
        let arguments: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        glance(&arguments)
    }

    fn target_of(line: &str) -> Option<String> {
        let glance = glance_at(line);
        assert!(glance.with_target, "{line}");
        glance
            .asked
            .target
            .map(|target| target.into_string().unwrap())
    }

    #[test]
    fn the_target_is_found_wherever_it_stands() {
        for line in [
            "deploy --target a.wasm",
            "deploy --target=a.wasm -f x",
            "-v deploy -f x --acme-url http://a --target a.wasm --help",
            "-o json deploy --target a.wasm",
            "deploy --target a.wasm --target b.wasm",
        ] {
            assert_eq!(target_of(line).as_deref(), Some("a.wasm"), "{line}");
        }
        for line in [
            "deploy",
            "deploy -- --target a.wasm",
            "deploy --target",
            "deploy --targets=a",
        ] {
            assert_eq!(target_of(line), None, "{line}");
        }
    }

    #[test]
    fn other_verbs_have_no_target() {
        for line in ["", "-v", "--help", "local up --target a", "--version"] {
            let glance = glance_at(line);
            assert!(
                !glance.with_target && glance.asked == Asked::default(),
                "{line}"
            );
        }
    }

    #[test]
    fn what_decides_which_target_it_is_is_found() {
        let asked = glance_at("-q deploy -fapp --locked -k -estaging --ca-file=ca.pem --target acme --client-cert me.pem --idle-timeout 7").asked;
        let text = |text: &str| Some(OsString::from(text));
        let expected = Asked {
            target: text("acme"),
            from: text("app"),
            environment: text("staging"),
            locked: true,
            quiet: true,
            network: Flags {
                insecure: true,
                ca_file: text("ca.pem"),
                client_cert: text("me.pem"),
                idle_timeout: Some(Duration::from_secs(7)),
                ..Flags::default()
            },
            limits: Vec::new(),
            here: false,
        };
        assert_eq!(asked, expected);
    }

    #[test]
    fn only_what_plans_has_a_detailed_exit_code() {
        for (line, found) in [
            ("plan --detailed-exitcode", true),
            ("deploy --detailed-exitcode --dry-run", true),
            ("deploy --detailed-exitcode", false),
            ("deploy --dry-run", false),
            ("plan", false),
        ] {
            assert_eq!(glance_at(line).detailed_exitcode, found, "{line}");
        }
    }

    #[test]
    fn the_form_of_errors_is_found_wherever_it_stands() {
        for line in [
            "-o json deploy",
            "-ojson",
            "deploy -o=json",
            "deploy --output json",
            "--output=json local",
        ] {
            assert_eq!(glance_at(line).format, Format::Json, "{line}");
        }
        for line in ["", "deploy -o", "deploy -o xml", "deploy -- -o json"] {
            assert_eq!(glance_at(line).format, Format::Text, "{line}");
        }
    }
}
