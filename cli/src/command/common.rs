//! Flags that several verbs have.

use std::ffi::OsString;

use clap::{Arg, ArgAction, value_parser};

use crate::settings::servers;

/// The application.
pub(super) fn from() -> Arg {
    Arg::new("from")
        .short('f')
        .long("from")
        .value_name("PATH")
        .value_parser(value_parser!(OsString))
        .default_value(".")
        .help("The application: its spin.toml or its folder, or the folder of a bindle (`bowline package`)")
}

/// How components are built.
pub(super) fn profile() -> Arg {
    Arg::new("profile")
        .long("profile")
        .value_name("NAME")
        .value_parser(value_parser!(String))
        .help("Take components as this build profile of spin.toml has them")
}

/// The target, when it is not the one in force.
pub(super) fn target() -> Arg {
    Arg::new("target")
        .long("target")
        .value_name("TARGET")
        .value_parser(value_parser!(OsString))
        .help("Deploy with this target: a name (`bowline target list`), the path of a WebAssembly component such as ./acme.wasm, or a reference to a registry [default: see `bowline target default`]")
}

/// Which environment it is.
pub(super) fn environment() -> Arg {
    Arg::new("environment-name")
        .short('e')
        .long("environment-name")
        .value_name("NAME")
        .help("The environment: a target, its settings, its login, and what is approved [default: the one of `bowline env use`, or `default`] [variable: FERMYON_DEPLOYMENT_ENVIRONMENT]")
}

/// How to approve a target without a question.
pub(super) fn approval() -> [Arg; 3] {
    [
        Arg::new("approve")
            .long("approve")
            .value_name("DIGEST")
            .action(ArgAction::Append)
            .help("Approve all that the target of this digest asks for, sha256:<64 digits>; may be given several times"),
        Arg::new("allow-private")
            .long("allow-private")
            .value_name("ORIGIN")
            .action(ArgAction::Append)
            .help("Let the target reach this origin, one that it declares itself, at a private address, too"),
        Arg::new("yes")
            .short('y')
            .long("yes")
            .action(ArgAction::SetTrue)
            .help("Approve what bowline.lock approves, without a question; nothing else"),
    ]
}

/// A server that the project may name.
pub(super) fn allow_server() -> Arg {
    Arg::new(servers::FLAG)
        .long(servers::FLAG)
        .value_name("ORIGIN")
        .action(ArgAction::Append)
        .help("Let the project's files name this server, for example https://hippo.example.com; may be given several times")
}

/// The lock file and nothing else.
pub(super) fn locked() -> Arg {
    Arg::new("locked")
        .long("locked")
        .action(ArgAction::SetTrue)
        .help("Take the target and its approval from bowline.lock, and fail where it does not hold them")
}

/// How servers are reached: the flags of every verb that asks one.
pub(super) fn network() -> [Arg; 6] {
    let file = |name: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("FILE")
            .value_parser(value_parser!(OsString))
    };
    let seconds = |name: &'static str, default: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("SECONDS")
            .value_parser(value_parser!(u32).range(1..=86_400))
            .default_value(default)
    };
    [
        Arg::new("insecure")
            .short('k')
            .long("insecure")
            .action(ArgAction::SetTrue)
            .help("Accept any TLS certificate: whoever sits on the way can read and change everything, passwords included"),
        file("ca-file")
            .help("Trust the authorities whose certificates (PEM) are in this file, besides those of the operating system [variable: SSL_CERT_FILE]"),
        file("client-cert")
            .help("Show the certificate (PEM) in this file, and those behind it, to servers that ask for one [variable: BOWLINE_CLIENT_CERT]"),
        file("client-key")
            .help("The private key of that certificate (PEM, without a passphrase) [default: in the same file] [variable: BOWLINE_CLIENT_KEY]"),
        seconds("connect-timeout", "10")
            .help("How long connecting to a server may take, name lookup and TLS included"),
        seconds("idle-timeout", "60")
            .help("How long a server may stay silent while its answer is awaited"),
    ]
    .map(|arg| arg.help_heading("Network"))
}

/// Few parcels or many.
pub(super) fn archive() -> Arg {
    Arg::new("archive")
        .long("archive")
        .value_name("WHEN")
        .value_parser(["auto", "always", "never"])
        .default_value("auto")
        .hide_possible_values(true)
        .help("Push files in a few archives instead of as a parcel each: `auto`, with more than 1000 files and where the platform accepts archives; `always`, or fail; `never`")
}

/// No digests from before.
pub(super) fn no_cache() -> Arg {
    Arg::new("no-cache")
        .long("no-cache")
        .action(ArgAction::SetTrue)
        .help("Read every file of the application, also those that have not changed since they were last hashed")
}

/// `--limit` for verbs that only look at a target.
pub(super) fn limit() -> Arg {
    crate::limits::arg().help("Look at a target that goes beyond this limit, for example component-size=100MiB; may be given several times")
}
