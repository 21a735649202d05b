//! `bowline man`.

use std::ffi::OsString;

use clap::{Arg, Command, value_parser};

use super::template;

pub(super) fn man() -> Command {
    Command::new("man")
        .about("Writes bowline's manual pages: one for each verb")
        .help_template(template(&[(
            "Install them for yourself",
            "bowline man --to ~/.local/share/man/man1",
        )]))
        .arg(
            Arg::new("to")
                .long("to")
                .value_name("FOLDER")
                .required(true)
                .value_parser(value_parser!(OsString))
                .help("Write the pages into this folder, which is made if it isn't there"),
        )
}
