//! `bowline local`.

use std::ffi::OsString;

use clap::{Arg, Command, value_parser};

use super::{DEFAULT_LISTEN, template};

pub(super) fn local() -> Command {
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
