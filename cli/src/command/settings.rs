//! `bowline settings`.

use clap::Command;

use super::{login, target_flags, template};
use crate::description::Description;

pub(super) fn settings(target: Option<&Description>) -> Command {
    let command = Command::new("settings")
        .about("Shows each setting with its value and where that comes from; secrets are masked")
        .help_template(template(&[
            ("What a deploy would go by", "bowline settings"),
            (
                "In another environment, for a script",
                "bowline settings -e staging -o json",
            ),
        ]));
    target_flags(login::settings_of(command), target)
}
