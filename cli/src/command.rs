//! The command line: clap's description of it, one file for each verb, with the flags of the target in force.

use std::ffi::OsString;

use clap::builder::{PossibleValuesParser, StyledStr, Styles};
use clap::{Arg, ArgAction, Command, value_parser};

use crate::description::{Description, Setting};
use crate::output::Format;
use crate::settings::flags::STDIN;
use crate::settings::host;
use crate::settings::kind::Kind;

pub use self::glance::{Glance, glance};

mod common;
mod completions;
mod deploy;
mod env;
mod glance;
mod journal;
mod local;
mod login;
mod man;
mod package;
mod plan;
mod settings;
mod target;

/// Heading of the flags that every verb takes.
const COMMON: &str = "Common options";

/// Where `bowline local up` listens unless told otherwise: the port that Hippo's own documentation uses.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:5309";

const LOGO: &str = "Deploys Spin applications to any platform. What knows the platform is a WebAssembly component that can do \
                    nothing but what it was granted.";

/// The whole command line. `target` adds the flags of the target in force to the verbs that work with one; without it they
/// are missing, which does for every other verb.
#[must_use]
pub fn command(target: Option<&Description>) -> Command {
    Command::new("bowline")
        .about("Deploys Spin applications to any platform")
        .long_about(LOGO)
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .infer_subcommands(false)
        .max_term_width(100)
        .help_template(template(&[
            ("Try it on this machine", "bowline local up"),
            ("Deploy the application in this folder", "bowline deploy --bindle-server https://bindle.example.com/v1 \\\n      --hippo-url https://hippo.example.com"),
        ]))
        .arg(
            Arg::new("output")
                .short('o')
                .long("output")
                .value_name("FORMAT")
                .value_parser(PossibleValuesParser::new(Format::NAMES))
                .default_value("text")
                .global(true)
                .display_order(899)
                .help_heading(COMMON)
                .help("How to write results and errors to stdout"),
        )
        .arg(
            Arg::new("events")
                .long("events")
                .value_name("FILE")
                .value_parser(value_parser!(OsString))
                .global(true)
                .display_order(899)
                .help_heading(COMMON)
                .help("Write what happens to this file as it happens, a line of JSON each; the file is emptied first")
        )
        .arg(
            Arg::new("verbose")
                .short('v')
                .long("verbose")
                .global(true)
                .action(ArgAction::Count)
                .display_order(900)
                .help_heading(COMMON)
                .help("Say more: what is done and why, and traces of failures; twice for even more"),
        )
        .arg(
            Arg::new("quiet")
                .short('q')
                .long("quiet")
                .global(true)
                .action(ArgAction::SetTrue)
                .conflicts_with("verbose")
                .display_order(901)
                .help_heading(COMMON)
                .help("Say less: only the result, warnings and errors"),
        )
        .arg(
            Arg::new("no-input")
                .long("no-input")
                .global(true)
                .action(ArgAction::SetTrue)
                .display_order(902)
                .help_heading(COMMON)
                .help("Ask nothing: what would be a question is an error that says how to answer it beforehand [also where CI is set]"),
        )
        .subcommand(deploy::deploy(target))
        .subcommand(plan::plan(target))
        .subcommand(package::package())
        .subcommand(login::login(target))
        .subcommand(login::logout())
        .subcommand(login::whoami(target))
        .subcommand(settings::settings(target))
        .subcommand(env::env())
        .subcommand(target::target())
        .subcommand(journal::journal())
        .subcommand(local::local())
        .subcommand(completions::completions())
        .subcommand(man::man())
}

/// Adds the Bindle server's settings and those of the target in force, grouped under its name.
fn target_flags(mut command: Command, target: Option<&Description>) -> Command {
    let uses_bindle = target.is_some_and(|target| target.uses_bindle);
    for setting in host::bindle(uses_bindle) {
        command = command.args(flags(&setting, "Bindle server"));
    }
    if let Some(target) = target {
        let heading = format!(
            "Settings of the target '{}' {}",
            target.name, target.version
        );
        for setting in &target.settings {
            command = command.args(flags(setting, &heading));
        }
    }
    command
}

/// The flags of a setting: its own, and for a secret the one that reads it from standard input.
fn flags(setting: &Setting, heading: &str) -> Vec<Arg> {
    let mut flags = vec![flag(setting, heading)];
    if setting.kind == Kind::Secret {
        let name = format!("{}{STDIN}", setting.name);
        flags.push(
            Arg::new(name.clone())
                .long(name)
                .action(ArgAction::SetTrue)
                .help(format!("Read {} from standard input", setting.flag()))
                .help_heading(heading.to_owned()),
        );
    }
    flags
}

/// The flag of a setting. Values are checked by [`crate::settings::resolve`], which checks those of variables as well.
fn flag(setting: &Setting, heading: &str) -> Arg {
    let mut help = setting.description.trim_end_matches('.').to_owned();
    if let Kind::Choice(choices) = &setting.kind {
        help.push_str(&format!(" [one of: {}]", choices.join(", ")));
    }
    if setting.kind == Kind::Secret {
        help.push_str(" [@<file> reads it from a file]");
    }
    if let Some(default) = &setting.default {
        help.push_str(&format!(" [default: {default}]"));
    }
    if let Some(variable) = &setting.variable {
        help.push_str(&format!(" [variable: {variable}]"));
    }
    if setting.required {
        help.push_str(" [required]");
    }
    let arg = Arg::new(setting.name.clone())
        .long(setting.name.clone())
        .help(help)
        .help_heading(heading.to_owned())
        .value_name(setting.kind.placeholder())
        .value_parser(value_parser!(String));
    match setting.kind {
        Kind::Boolean => arg
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
        // A token or password may well begin with a dash.
        Kind::Secret => arg.allow_hyphen_values(true),
        Kind::Integer => arg.allow_negative_numbers(true),
        Kind::Text | Kind::Url | Kind::Choice(_) => arg,
    }
}

/// Help with examples first: most people look for one.
fn template(examples: &[(&str, &str)]) -> StyledStr {
    use std::fmt::Write as _;
    let styles = Styles::styled();
    let (header, literal) = (styles.get_header(), styles.get_literal());
    let mut text = StyledStr::new();
    // Writing to a string can't fail.
    let _ = write!(
        text,
        "{{about-with-newline}}\n{header}Examples:{header:#}\n"
    );
    for (purpose, line) in examples {
        let _ = write!(text, "  {purpose}:\n    {literal}{line}{literal:#}\n");
    }
    let _ = write!(text, "\n{{usage-heading}} {{usage}}\n\n{{all-args}}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::tests::{description, setting};

    #[test]
    fn clap_finds_nothing_wrong_with_the_command() {
        let mut token = setting("acme-token", Some("ACME_TOKEN"), Kind::Secret);
        token.required = true;
        let target = description(vec![
            token,
            setting("acme-force", None, Kind::Boolean),
            setting(
                "acme-size",
                None,
                Kind::Choice(vec!["s".into(), "m".into()]),
            ),
        ]);
        command(Some(&target)).debug_assert();
        command(None).debug_assert();
    }

    #[test]
    fn reserved_flags_are_those_of_the_command() {
        let built = {
            let mut command = command(None);
            command.build();
            command
        };
        let verbs = ["deploy", "plan", "login", "whoami", "settings"]
            .map(|verb| built.find_subcommand(verb).unwrap());
        let mut flags: Vec<&str> = verbs
            .iter()
            .flat_map(|verb| verb.get_arguments().filter_map(Arg::get_long))
            .collect();
        // deploy itself has no --version, but a target that had one would confuse.
        flags.push("version");
        flags.sort_unstable();
        flags.dedup();
        let mut reserved = host::reserved_flags();
        reserved.sort_unstable();
        assert_eq!(flags, reserved);
    }

    #[test]
    fn a_boolean_needs_no_value_and_a_secret_may_begin_with_a_dash() {
        let target = description(vec![
            setting("acme-force", None, Kind::Boolean),
            setting("acme-wait", None, Kind::Boolean),
            setting("acme-token", None, Kind::Secret),
        ]);
        let line = "bowline deploy --acme-force --acme-wait=false --acme-token -x";
        let matches = command(Some(&target))
            .try_get_matches_from(line.split(' '))
            .unwrap();
        let deploy = matches.subcommand_matches("deploy").unwrap();
        for (flag, value) in [
            ("acme-force", "true"),
            ("acme-wait", "false"),
            ("acme-token", "-x"),
        ] {
            assert_eq!(
                deploy.get_one::<String>(flag).map(String::as_str),
                Some(value)
            );
        }
    }
}
