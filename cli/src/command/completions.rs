//! `bowline completions`.

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command};

use super::template;
use crate::completion::SHELLS;

pub(super) fn completions() -> Command {
    Command::new("completions")
        .about("Prints a script that has the shell complete bowline's command line")
        .help_template(template(&[
            ("bash: in ~/.bashrc", "source <(bowline completions bash)"),
            ("zsh: in ~/.zshrc, behind compinit", "source <(bowline completions zsh)"),
            ("fish: in ~/.config/fish/completions/bowline.fish", "bowline completions fish | source"),
        ]))
        .after_help(
            "The script asks bowline itself, so it knows the flags of the target in force, installed targets, environments and runs. \
             Nothing is compiled or fetched for an answer.",
        )
        .arg(
            Arg::new("SHELL")
                .required(true)
                .value_parser(PossibleValuesParser::new(SHELLS))
                .help("The shell"),
        )
}
