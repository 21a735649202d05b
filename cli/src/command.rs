//! The command line: clap's description of it, with the flags of the target in force.

use std::ffi::{OsStr, OsString};

use clap::builder::{StyledStr, Styles};
use clap::{Arg, ArgAction, Command, value_parser};

use crate::description::{Description, Setting};
use crate::settings::host;
use crate::settings::kind::Kind;

/// Heading of the flags that every verb takes.
const COMMON: &str = "Common options";

/// Where `bowline local up` listens unless told otherwise: the port that Hippo's own documentation uses.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:5309";

const LOGO: &str = "Deploys Spin applications to any platform. What knows the platform is a WebAssembly component that can do \
                    nothing but what it was granted.";

/// The whole command line. `target` adds the flags of the target in force to `deploy`; without it they are missing, which
/// does for everything but `deploy` itself.
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
        .subcommand(deploy(target))
        .subcommand(local())
}

fn deploy(target: Option<&Description>) -> Command {
    let mut command = Command::new("deploy")
        .about("Packages a Spin application, pushes it and brings a platform to run it")
        .help_template(template(&[
            ("Deploy the application in this folder", "bowline deploy"),
            ("Name the servers, and don't wait until the application answers", "bowline deploy -f ./shop --bindle-server https://bindle.example.com/v1 \\\n      --hippo-url https://hippo.example.com --readiness-timeout 0"),
            ("Deploy with another target", "bowline deploy --target ./acme.wasm --acme-url https://acme.example.com"),
        ]))
        .arg(
            Arg::new("from")
                .short('f')
                .long("from")
                .value_name("PATH")
                .value_parser(value_parser!(OsString))
                .default_value(".")
                .help("The application: its spin.toml or its folder"),
        )
        .arg(
            Arg::new("target")
                .long("target")
                .value_name("FILE")
                .value_parser(value_parser!(OsString))
                .help("Deploy with this target, a WebAssembly component, instead of the built-in Hippo target"),
        )
        .arg(
            Arg::new("grant")
                .long("grant")
                .value_name("ORIGIN")
                .action(ArgAction::Append)
                .help("Let the target send requests to this origin, for example https://api.example.com; may be given several times"),
        )
        .arg(
            Arg::new("insecure")
                .short('k')
                .long("insecure")
                .action(ArgAction::SetTrue)
                .help("Accept any TLS certificate: whoever sits on the way can read and change everything, passwords included"),
        )
        .arg(
            Arg::new("ca-file")
                .long("ca-file")
                .value_name("FILE")
                .value_parser(value_parser!(OsString))
                .help("Trust the authorities whose certificates (PEM) are in this file, besides those of the operating system [variable: SSL_CERT_FILE]"),
        )
        .arg(
            Arg::new("readiness-timeout")
                .long("readiness-timeout")
                .value_name("SECONDS")
                .value_parser(value_parser!(u32))
                .default_value("60")
                .help("How long to wait until the application answers; 0 doesn't wait"),
        );
    let uses_bindle = target.is_some_and(|target| target.uses_bindle);
    for setting in host::bindle(uses_bindle) {
        command = command.arg(flag(&setting, "Bindle server"));
    }
    if let Some(target) = target {
        let heading = format!(
            "Settings of the target '{}' {}",
            target.name, target.version
        );
        for setting in &target.settings {
            command = command.arg(flag(setting, &heading));
        }
    }
    command
}

fn local() -> Command {
    Command::new("local")
        .about("Runs a platform of your own on this machine")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(
            Command::new("up")
                .about("Starts a Hippo-compatible platform with its Bindle server, for trying things out")
                .help_template(template(&[
                    ("Start it, and deploy to it from another terminal", "bowline local up"),
                    ("Keep its data elsewhere", "bowline local up --data ./platform --listen 127.0.0.1:8080"),
                ]))
                .arg(
                    Arg::new("data")
                        .long("data")
                        .value_name("FOLDER")
                        .value_parser(value_parser!(OsString))
                        .help("Where the platform keeps its data [default: a folder of bowline's own]"),
                )
                .arg(
                    Arg::new("listen")
                        .long("listen")
                        .value_name("ADDRESS:PORT")
                        .default_value(DEFAULT_LISTEN)
                        .help("Where the API and the deployed applications answer"),
                )
                .arg(
                    Arg::new("bindle-listen")
                        .long("bindle-listen")
                        .value_name("ADDRESS:PORT")
                        .help("Where the Bindle server answers"),
                )
                .arg(
                    Arg::new("env-file")
                        .long("env-file")
                        .value_name("FILE")
                        .value_parser(value_parser!(OsString))
                        .help("Write the variables that `bowline deploy` needs for this platform to this file"),
                ),
        )
}

/// The flag of a setting. Values are checked by [`crate::settings::resolve`], which checks those of variables as well.
fn flag(setting: &Setting, heading: &str) -> Arg {
    let mut help = setting.description.trim_end_matches('.').to_owned();
    if let Kind::Choice(choices) = &setting.kind {
        help.push_str(&format!(" [one of: {}]", choices.join(", ")));
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

/// What has to be known of the command line before it can be read in full: the flags of `deploy` are those of its target.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Glance {
    /// The verb is `deploy`.
    pub deploys: bool,
    /// Value of `--target`.
    pub target: Option<OsString>,
    /// `-v` is there, so that errors before the full reading are told in full as well.
    pub verbose: bool,
}

/// Looks for the verb and `--target` in `arguments`, the command line without the program's name. What is wrong with them
/// is found when they are read in full.
pub fn glance(arguments: &[OsString]) -> Glance {
    let verbose = arguments
        .iter()
        .any(|argument| argument == "-v" || argument == "-vv" || argument == "--verbose");
    let starts_with_dash = |argument: &OsStr| argument.as_encoded_bytes().starts_with(b"-");
    // The flags before the verb take no values.
    let verb = arguments
        .iter()
        .position(|argument| !starts_with_dash(argument));
    let Some((verb, rest)) = verb.and_then(|at| arguments.get(at..)?.split_first()) else {
        return Glance {
            deploys: false,
            target: None,
            verbose,
        };
    };
    if verb != "deploy" {
        return Glance {
            deploys: false,
            target: None,
            verbose,
        };
    }
    let mut target = None;
    let mut rest = rest.iter().take_while(|argument| *argument != "--");
    while let Some(argument) = rest.next() {
        if argument == "--target" {
            target = rest.next().cloned();
            break;
        }
        if let Some(value) = strip_prefix(argument, "--target=") {
            target = Some(value);
            break;
        }
    }
    Glance {
        deploys: true,
        target,
        verbose,
    }
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
    use crate::description::tests::{description, setting};

    fn target_of(line: &str) -> Option<String> {
        let arguments: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        let glance = glance(&arguments);
        assert!(glance.deploys, "{line}");
        glance.target.map(|target| target.into_string().unwrap())
    }

    #[test]
    fn the_target_is_found_wherever_it_stands() {
        for line in [
            "deploy --target a.wasm",
            "deploy --target=a.wasm -f x",
            "-v deploy -f x --acme-url http://a --target a.wasm --help",
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
            let arguments: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            let glance = glance(&arguments);
            assert!(!glance.deploys && glance.target.is_none(), "{line}");
        }
    }

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
        let deploy = built.find_subcommand("deploy").unwrap();
        let mut flags: Vec<&str> = deploy.get_arguments().filter_map(Arg::get_long).collect();
        // deploy itself has no --version, but a target that had one would confuse.
        flags.push("version");
        flags.sort_unstable();
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
