//! `bowline journal`.

use clap::{Arg, ArgAction, ArgGroup, Command, value_parser};

use super::template;

pub(super) fn journal() -> Command {
    Command::new("journal")
        .about("Shows what runs of bowline did: every request that left, written down before it left")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(
            Command::new("list").about("Lists the latest runs").arg(
                Arg::new("count")
                    .short('n')
                    .long("count")
                    .value_name("NUMBER")
                    .value_parser(value_parser!(u16).range(1..))
                    .default_value("20")
                    .help("How many at most"),
            ),
        )
        .subcommand(
            Command::new("show")
                .about("Shows one run: what was done, what may have been done, and what was not")
                .help_template(template(&[
                    ("What did the last run do, the one that crashed?", "bowline journal show --last"),
                    ("For a program", "bowline journal show --last --output json"),
                ]))
                .arg(run().required(false))
                .arg(
                    Arg::new("last")
                        .long("last")
                        .action(ArgAction::SetTrue)
                        .help("The latest run"),
                )
                .group(ArgGroup::new("which").args(["RUN", "last"]).required(true)),
        )
        .subcommand(
            Command::new("tail")
                .about("Follows a run, request by request, until it ends; with `--output json` it writes the journal's own lines")
                .arg(run().help("Which run, or the beginning of its name [default: the latest]")),
        )
}

fn run() -> Arg {
    Arg::new("RUN").help("Which run, or the beginning of its name")
}
