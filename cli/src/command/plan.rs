//! `bowline plan`, and the flags by which `deploy` plans.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command, value_parser};

use super::{common, target_flags, template};
use crate::application::variables;
use crate::description::Description;

pub(super) fn plan(target: Option<&Description>) -> Command {
    let command = Command::new("plan")
        .about("Says what `deploy` would do now, and changes nothing")
        .help_template(template(&[
            ("See what a deploy would change", "bowline plan"),
            (
                "Have it reviewed, then do exactly that",
                "bowline plan --save shop.plan && bowline deploy --plan shop.plan",
            ),
            (
                "Ask in a script whether there is anything to do",
                "bowline plan --quiet --detailed-exitcode",
            ),
        ]))
        .arg(common::from())
        .arg(common::profile())
        .arg(variables::arg())
        .arg(common::target())
        .arg(
            Arg::new("save")
                .long("save")
                .value_name("FILE")
                .value_parser(value_parser!(OsString))
                .help("Write the plan to this file, for `bowline deploy --plan`"),
        )
        .arg(detailed_exitcode())
        .arg(common::environment())
        .args(common::approval())
        .arg(common::allow_server())
        .arg(common::locked())
        .arg(crate::limits::arg())
        .arg(common::archive())
        .arg(common::no_cache())
        .args(common::network());
    target_flags(command, target)
}

/// The flags of `deploy` that have to do with plans.
pub(super) fn of_deploy() -> [Arg; 3] {
    [
        Arg::new("dry-run")
            .long("dry-run")
            .action(ArgAction::SetTrue)
            .help("Say what would be done, as `bowline plan` does, and change nothing"),
        detailed_exitcode().requires("dry-run"),
        Arg::new("plan")
            .long("plan")
            .value_name("FILE")
            .value_parser(value_parser!(OsString))
            .conflicts_with("dry-run")
            .help("Do what this plan of `bowline plan --save` says, and nothing if something that it relies on has moved"),
    ]
}

fn detailed_exitcode() -> Arg {
    Arg::new("detailed-exitcode")
        .long("detailed-exitcode")
        .action(ArgAction::SetTrue)
        .help("End with 0 if there is nothing to do, and with 2 if there is; what ends with 2 otherwise ends with 1")
}
