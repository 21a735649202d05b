//! Flags that several verbs have.

use std::ffi::OsString;

use clap::{Arg, ArgAction, value_parser};

/// The application.
pub(super) fn from() -> Arg {
    Arg::new("from")
        .short('f')
        .long("from")
        .value_name("PATH")
        .value_parser(value_parser!(OsString))
        .default_value(".")
        .help("The application: its spin.toml or its folder")
}

/// The target, when it is not the one in force.
pub(super) fn target() -> Arg {
    Arg::new("target")
        .long("target")
        .value_name("FILE")
        .value_parser(value_parser!(OsString))
        .help("Deploy with this target, a WebAssembly component, instead of the built-in Hippo target")
}

/// No check of certificates.
pub(super) fn insecure() -> Arg {
    Arg::new("insecure")
        .short('k')
        .long("insecure")
        .action(ArgAction::SetTrue)
        .help("Accept any TLS certificate: whoever sits on the way can read and change everything, passwords included")
}

/// More authorities.
pub(super) fn ca_file() -> Arg {
    Arg::new("ca-file")
        .long("ca-file")
        .value_name("FILE")
        .value_parser(value_parser!(OsString))
        .help("Trust the authorities whose certificates (PEM) are in this file, besides those of the operating system [variable: SSL_CERT_FILE]")
}
