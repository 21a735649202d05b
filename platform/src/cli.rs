//! The command line.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde_json::{Value, json};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::bindle_server::TrustedKey;
use crate::env_file::quote;
use crate::platform::{Options, Platform, RegistrationMode};

/// Runs the program: reads the command line, logs to standard error, and returns 0 after a clean
/// stop, 1 after a failure, 2 for a command line that isn't one.
pub fn main() -> ExitCode {
    let matches = command().get_matches();
    let Some(("up", up)) = matches.subcommand() else {
        return ExitCode::from(2);
    };
    let filter = match up.get_count("verbose") {
        // The Bindle server's library warns of every 404 and 409, which are how a client asks whether something is there.
        0 => "warn,bowline_local=info,warp=error",
        1 => "info,bowline_local=debug",
        _ => "debug",
    };
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| filter.into()))
        .init();
    match run(up) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to report to when standard error, or output, is gone.
            let _lost = if is_json(up) {
                writeln!(io::stdout(), "{:#}", error_document(&error))
            } else {
                writeln!(io::stderr(), "error: {error:#}")
            };
            ExitCode::FAILURE
        }
    }
}

/// Whether standard output is read by a program.
fn is_json(up: &ArgMatches) -> bool {
    up.get_one::<String>("output")
        .is_some_and(|it| it == "json")
}

/// An error as `bowline` writes it.
fn error_document(error: &anyhow::Error) -> Value {
    let causes: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
    json!({ "error": {
        "code": "internal",
        "exit": 1,
        "message": error.to_string(),
        "hint": null,
        "causes": causes,
        "excerpt": null,
    } })
}

/// What a program has to know to use the platform, once it is ready.
fn ready_document(platform: &Platform) -> Value {
    json!({
        "hippo_url": platform.hippo_url().as_str().trim_end_matches('/'),
        "bindle_url": platform.bindle_url().as_str().trim_end_matches('/'),
        "data": platform.data().display().to_string(),
        "env_file": platform.env_file().display().to_string(),
    })
}

fn run(up: &ArgMatches) -> anyhow::Result<()> {
    let options = options(up);
    tokio::runtime::Runtime::new()
        .context("can't start the runtime")?
        .block_on(async {
            let mut signals = Signals::new()?;
            let platform = tokio::select! {
                started = Platform::start(options) => started?,
                _ = signals.next() => return Ok(()),
            };
            // Whoever started the program may not read what it prints.
            let told = if is_json(up) {
                format!("{:#}\n", ready_document(&platform))
            } else {
                greeting(&platform)
            };
            let mut out = io::stdout();
            if let Err(error) = out.write_all(told.as_bytes()).and_then(|()| out.flush()) {
                tracing::debug!(%error, "can't write to standard output");
            }
            let interrupted = signals.next().await;
            tracing::info!("stopping");
            platform.stop_after(interrupted).await;
            Ok(())
        })
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("can't listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits for a signal; `true` when it was Ctrl-C's.
    async fn next(&mut self) -> bool {
        tokio::select! {
            _ = self.interrupt.recv() => true,
            _ = self.terminate.recv() => false,
        }
    }
}

fn greeting(platform: &Platform) -> String {
    format!(
        "The local platform is ready.\n\
         \n\
         \x20 Hippo   {}\n\
         \x20 Bindle  {}\n\
         \x20 Data    {}\n\
         \n\
         To deploy to it, in another terminal and next to a spin.toml:\n\
         \n\
         \x20 . {}\n\
         \x20 bowline deploy\n\
         \n\
         Ctrl-C stops it.\n",
        platform.hippo_url().as_str().trim_end_matches('/'),
        platform.bindle_url().as_str().trim_end_matches('/'),
        platform.data().display(),
        quote(&platform.env_file().display().to_string()),
    )
}

fn options(up: &ArgMatches) -> Options {
    let mut options = Options::new(up.get_one::<PathBuf>("data").cloned().unwrap_or_default());
    if let Some(listen) = up.get_one("listen") {
        options.listen = *listen;
    }
    if let Some(listen) = up.get_one("bindle-listen") {
        options.bindle_listen = *listen;
    }
    if let Some(user) = up.get_one::<String>("admin-user") {
        options.admin_user.clone_from(user);
    }
    options.trusted_keys = up
        .get_many("trust-key")
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    options.env_file = up.get_one::<PathBuf>("env-file").cloned();
    options.registration = match up.get_one::<String>("registration").map(String::as_str) {
        Some("open") => RegistrationMode::Open,
        Some("closed") => RegistrationMode::Closed,
        _ => RegistrationMode::AdministratorOnly,
    };
    options
}

fn command() -> Command {
    let address = value_parser!(SocketAddr);
    Command::new("bowline-local")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A Hippo-compatible platform for one machine")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("up")
                .about("Start the platform and run it until Ctrl-C")
                .arg(
                    Arg::new("data")
                        .long("data")
                        .value_name("DIR")
                        .value_parser(value_parser!(PathBuf))
                        .required(true)
                        .help("The folder that keeps everything between runs"),
                )
                .arg(
                    Arg::new("listen")
                        .long("listen")
                        .value_name("ADDRESS")
                        .value_parser(address)
                        .default_value("127.0.0.1:5309")
                        .help("Where Hippo and the applications listen; port 0 takes a free one"),
                )
                .arg(
                    Arg::new("bindle-listen")
                        .long("bindle-listen")
                        .value_name("ADDRESS")
                        .value_parser(value_parser!(SocketAddr))
                        .default_value("127.0.0.1:0")
                        .help("Where Bindle listens; port 0 takes a free one"),
                )
                .arg(
                    Arg::new("trust-key")
                        .long("trust-key")
                        .value_name("LABEL=BASE64")
                        .value_parser(|text: &str| text.parse::<TrustedKey>())
                        .action(ArgAction::Append)
                        .help("Accept bindles signed with this Ed25519 public key, now and in later runs"),
                )
                .arg(
                    Arg::new("env-file")
                        .long("env-file")
                        .value_name("FILE")
                        .value_parser(value_parser!(PathBuf))
                        .help("Where to write the environment file once ready [default: DIR/env]"),
                )
                .arg(
                    Arg::new("admin-user")
                        .long("admin-user")
                        .value_name("NAME")
                        .default_value("admin")
                        .help("The administrator's name; the password goes to the environment file"),
                )
                .arg(
                    Arg::new("registration")
                        .long("registration")
                        .value_name("MODE")
                        .value_parser(["administrator-only", "open", "closed"])
                        .default_value("administrator-only")
                        .help("Who may create accounts"),
                )
                .arg(
                    Arg::new("output")
                        .long("output")
                        .value_name("FORMAT")
                        .value_parser(["text", "json"])
                        .default_value("text")
                        .help("How to say on standard output that it is ready, or what went wrong"),
                )
                .arg(
                    Arg::new("verbose")
                        .short('v')
                        .long("verbose")
                        .action(ArgAction::Count)
                        .help("Log more to standard error; RUST_LOG overrides it"),
                ),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_is_consistent() {
        command().debug_assert();
    }
}
