//! `bowline login`, `bowline logout` and `bowline whoami`.

use clap::{Arg, ArgAction, Command};

use super::{common, target_flags, template};
use crate::description::Description;

pub(super) fn login(target: Option<&Description>) -> Command {
    let command = Command::new("login")
        .about("Logs in to an environment, and keeps the login and where it is")
        .help_template(template(&[
            ("Log in; what is missing is asked for", "bowline login --hippo-url https://hippo.example.com \\\n      --bindle-server https://bindle.example.com/v1"),
            ("In a script", "bowline login --hippo-username ada --hippo-password-stdin < password.txt"),
            ("To another environment", "bowline login -e staging"),
        ]));
    target_flags(settings_of(command), target)
}

pub(super) fn whoami(target: Option<&Description>) -> Command {
    let command = Command::new("whoami")
        .about("Says who a deploy would be, and until when the login holds; asks no server")
        .help_template(template(&[
            ("In the environment in use", "bowline whoami"),
            ("In a script", "bowline whoami -e staging -o json"),
        ]));
    target_flags(settings_of(command), target)
}

pub(super) fn logout() -> Command {
    Command::new("logout")
        .about("Forgets the login of an environment, and the secrets that are kept for it")
        .help_template(template(&[
            ("Forget the login", "bowline logout"),
            ("Forget all of them", "bowline logout --all"),
        ]))
        .arg(common::environment())
        .arg(
            Arg::new("all")
                .long("all")
                .action(ArgAction::SetTrue)
                .conflicts_with("environment-name")
                .help("Of every environment"),
        )
}

/// The flags of verbs that work with a target and its settings, but deploy nothing.
pub(super) fn settings_of(command: Command) -> Command {
    command
        .arg(
            common::from()
                .help("The application whose files may hold settings: its spin.toml or its folder"),
        )
        .arg(common::target())
        .arg(common::environment())
        .args(common::approval())
        .arg(common::allow_server())
        .arg(common::locked())
        .arg(crate::limits::arg())
        .args(common::network())
}
