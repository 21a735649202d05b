//! `bowline deploy`, with the flags of the target in force.

use clap::{Arg, Command, value_parser};

use super::{common, plan, target_flags, template};
use crate::application::variables;
use crate::description::Description;

pub(super) fn deploy(target: Option<&Description>) -> Command {
    let command = Command::new("deploy")
        .about("Packages a Spin application, pushes it and brings a platform to run it")
        .help_template(template(&[
            ("Deploy the application in this folder", "bowline deploy"),
            ("Name the servers, and don't wait until the application answers", "bowline deploy -f ./shop --bindle-server https://bindle.example.com/v1 \\\n      --hippo-url https://hippo.example.com --readiness-timeout 0"),
            ("See what would be done first", "bowline deploy --dry-run"),
            ("Configure the application, a secret from a file", "bowline deploy --variable greeting=hello --variable api_key=@key.txt"),
            ("Deploy with another target", "bowline deploy --target ./acme.wasm --acme-url https://acme.example.com"),
        ]))
        .arg(common::from())
        .arg(common::profile())
        .arg(variables::arg())
        .arg(common::target())
        .arg(common::environment())
        .args(common::approval())
        .arg(common::allow_server())
        .arg(common::locked())
        .arg(crate::build::arg())
        .arg(crate::limits::arg())
        .arg(common::archive())
        .arg(common::no_cache())
        .args(common::network())
        .arg(
            Arg::new("readiness-timeout")
                .long("readiness-timeout")
                .value_name("SECONDS")
                .value_parser(value_parser!(u32))
                .default_value("60")
                .help("How long to wait until the application answers; 0 doesn't wait"),
        )
        .args(plan::of_deploy());
    target_flags(command, target)
}
