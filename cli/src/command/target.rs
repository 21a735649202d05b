//! `bowline target`.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command, value_parser};

use super::{common, template};

pub(super) fn target() -> Command {
    Command::new("target")
        .about("Installs, inspects and approves deploy targets")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(add())
        .subcommand(list())
        .subcommand(show())
        .subcommand(inspect())
        .subcommand(vet())
        .subcommand(upgrade())
        .subcommand(remove())
        .subcommand(default())
}

fn add() -> Command {
    Command::new("add")
        .about("Installs a target, and asks whether it may do what it asks for")
        .help_template(template(&[
            ("From a file, a registry, or a web server", "bowline target add ./acme.wasm\n    bowline target add oci://registry.example.com/acme/target:1.0\n    bowline target add https://example.com/acme.wasm --sha256 <digest>"),
            ("Pin it for a project, and what it may do", "bowline target add ./acme.wasm --lock -f ./shop"),
        ]))
        .arg(source("SOURCE", "A path, an https:// URL (with --sha256), or a reference to a registry of OCI artifacts").required(true))
        .arg(
            Arg::new("name")
                .long("name")
                .value_name("NAME")
                .help("Call it this, instead of by its own name"),
        )
        .arg(sha256())
        .arg(lock())
        .arg(common::from().help("The application beside which bowline.lock is"))
        .arg(common::environment())
        .args(common::approval())
        .arg(approved_limit())
        .args(common::network())
}

fn list() -> Command {
    Command::new("list").about("Shows the installed targets")
}

fn show() -> Command {
    Command::new("show")
        .about("Shows what a target is, what it asks for, and where that is approved")
        .arg(source("TARGET", "A name, a path, or a reference to a registry").required(true))
        .arg(common::limit())
        .args(common::network())
}

fn inspect() -> Command {
    Command::new("inspect")
        .about("Looks into a target's file without compiling or running any of it")
        .arg(source("TARGET", "A name, a path, or a reference to a registry").required(true))
        .arg(common::limit())
        .args(common::network())
}

fn vet() -> Command {
    Command::new("vet")
        .about("Reports on a target's file without compiling or running any of it; with two, on what the second has that the first has not")
        .help_template(template(&[
            ("Look at a target before it is installed", "bowline target vet ./acme.wasm"),
            ("See what a new version wants besides", "bowline target vet acme ./acme-2.0.wasm"),
        ]))
        .arg(source("TARGET", "A name, a path, or a reference to a registry").required(true))
        .arg(source("OTHER", "The one to compare it with"))
        .arg(common::limit())
        .args(common::network())
}

fn upgrade() -> Command {
    Command::new("upgrade")
        .about("Fetches installed targets again, shows what they ask for besides, and asks before anything is widened")
        .help_template(template(&[
            ("All installed targets", "bowline target upgrade"),
            ("One, from another place from now on", "bowline target upgrade acme oci://registry.example.com/acme/target:2.0"),
        ]))
        .arg(Arg::new("NAME").help("The installed target; without it, all"))
        .arg(source("SOURCE", "Where to get it from now on"))
        .arg(sha256())
        .arg(lock())
        .arg(common::from().help("The application beside which bowline.lock is"))
        .arg(common::environment())
        .args(common::approval())
        .arg(approved_limit())
        .args(common::network())
}

fn remove() -> Command {
    Command::new("remove")
        .about("Removes an installed target, and takes back what was approved of it; one that runs gets nothing more")
        .arg(Arg::new("NAME").required(true).help("The installed target"))
}

fn default() -> Command {
    Command::new("default")
        .about("Shows or sets the target that is used where --target names none")
        .arg(Arg::new("NAME").help("An installed target, or hippo, the built-in one"))
}

fn source(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .value_parser(value_parser!(OsString))
        .help(help)
}

/// For verbs that keep an approval.
fn approved_limit() -> Arg {
    crate::limits::arg().help("Approve that much of something, instead of the default, for example memory=512MiB; may be given several times")
}

fn sha256() -> Arg {
    Arg::new("sha256")
        .long("sha256")
        .value_name("DIGEST")
        .help("SHA-256 that the file has to have, 64 hexadecimal digits; a URL needs it")
}

fn lock() -> Arg {
    Arg::new("lock")
        .long("lock")
        .action(ArgAction::SetTrue)
        .help(
            "Write it, and what was approved, into bowline.lock beside the application's spin.toml",
        )
}
