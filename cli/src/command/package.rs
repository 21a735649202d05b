//! `bowline package`.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command, value_parser};

use super::{common, target_flags, template};

/// Where bindles are written unless told otherwise.
const FOLDER: &str = "bindle";

pub(super) fn package() -> Command {
    let command = Command::new("package")
        .about("Packs a Spin application into a folder, to be pushed or deployed from elsewhere")
        .help_template(template(&[
            ("Pack the application in this folder, and deploy it on another machine", "bowline package --to out\n    bowline deploy --from out"),
            ("Read and check everything, and write nothing", "bowline package --check"),
            ("List what it consists of, and what of it a server lacks", "bowline package --check -o json --bindle-server https://bindle.example.com/v1"),
        ]))
        .arg(common::from())
        .arg(common::profile())
        .arg(
            Arg::new("to")
                .long("to")
                .value_name("DIR")
                .value_parser(value_parser!(OsString))
                .default_value(FOLDER)
                .help("Write the bindle into a folder of its own below this one; an older one of the same revision is replaced"),
        )
        .arg(
            Arg::new("check")
                .long("check")
                .action(ArgAction::SetTrue)
                .help("Write nothing: only read and check everything"),
        )
        .arg(common::no_cache())
        .args(common::network());
    target_flags(command, None)
}
