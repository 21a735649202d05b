//! `bowline env`.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command, value_parser};

use super::{common, template};
use crate::settings::servers;

pub(super) fn env() -> Command {
    Command::new("env")
        .about("Keeps what is particular to each place that you deploy to")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(Command::new("list").about("Shows all environments"))
        .subcommand(
            Command::new("show")
                .about("Shows what is kept for an environment: target, settings, approvals, login")
                .arg(name().help("The environment [default: the one in use]")),
        )
        .subcommand(set())
        .subcommand(
            Command::new("remove")
                .about(
                    "Forgets an environment: its settings, its login, and what was approved in it",
                )
                .arg(name().required(true)),
        )
        .subcommand(
            Command::new("use")
                .about("Sets the environment that is used where nothing names one")
                .arg(name().required(true)),
        )
}

fn set() -> Command {
    Command::new("set")
        .about("Sets target and settings of an environment, and makes it where it is missing")
        .help_template(template(&[
            ("Say where `staging` is", "bowline env set staging hippo-url=https://hippo.example.com \\\n      bindle-server=https://bindle.example.com/v1"),
            ("Keep a secret, from a file or from standard input", "bowline env set staging hippo-token=@token.txt\n    bowline env set staging hippo-token=@-"),
            ("Deploy there", "bowline deploy -e staging"),
        ]))
        .arg(name().required(true))
        .arg(
            Arg::new("SETTING")
                .value_name("SETTING=VALUE")
                .action(ArgAction::Append)
                .help("A setting of the target, or of the Bindle server; a secret as @<file>, or @- for standard input"),
        )
        .arg(
            Arg::new("target")
                .long("target")
                .value_name("TARGET")
                .value_parser(value_parser!(OsString))
                .help("Deploy with this target: a name, a path, or a reference to a registry"),
        )
        .arg(common::limit())
        .arg(
            Arg::new("unset")
                .long("unset")
                .value_name("SETTING")
                .action(ArgAction::Append)
                .help("Forget the value of this setting, or with `target`, the target; may be given several times"),
        )
        .arg(
            Arg::new(servers::FLAG)
                .long(servers::FLAG)
                .value_name("ORIGIN")
                .action(ArgAction::Append)
                .help("Let the files of projects name this server, for example https://hippo.example.com"),
        )
        .arg(
            Arg::new("forget-server")
                .long("forget-server")
                .value_name("ORIGIN")
                .action(ArgAction::Append)
                .help("Take that back"),
        )
}

fn name() -> Arg {
    Arg::new("NAME")
        .value_name("NAME")
        .help("The environment: lower-case words joined by '-'")
}
