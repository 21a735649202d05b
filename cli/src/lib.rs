//! The program `bowline`, as a library: `main` only calls [`main`].
//!
//! ```text
//! argv, variables -> command (clap) -> settings -> commands -> output, exit code
//! ```
//!
//! Commands return data; [`output`] alone writes it. What can go wrong is an [`error::Error`] with an [`exit::Exit`].

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::ArgMatches;
use tracing_subscriber::EnvFilter;

use crate::error::Error;
use crate::events::Events;
use crate::exit::Exit;
use crate::output::Format;
use crate::paths::Paths;
use crate::variables::Variables;

mod application;
pub mod ask;
mod build;
pub mod command;
pub mod commands;
mod completion;
mod core_files;
pub mod credentials;
pub mod description;
pub mod environments;
pub mod error;
pub mod events;
pub mod exit;
mod fault;
mod files;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod limits;
mod login;
pub mod network;
pub mod output;
pub mod paths;
pub mod progress;
pub mod settings;
mod signals;
mod target;
mod targets;
pub mod text;
pub mod variables;

/// Runs the program with this process's arguments and variables.
#[must_use]
pub fn main() -> ExitCode {
    core_files::forbid();
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    ExitCode::from(run(&arguments, &Variables::of_process()))
}

/// Runs the program with these arguments, without the program's name, and these variables. Writes to stdout and stderr, and
/// returns the exit code.
#[must_use]
pub fn run(arguments: &[OsString], variables: &Variables) -> u8 {
    if let Some(shell) = variables.os(completion::VARIABLE) {
        return completion::answer(shell, arguments, variables);
    }
    let glance = command::glance(arguments);
    let verb = glance.verb.as_deref().unwrap_or_default();
    let opened = match &glance.events {
        Some(path) => Events::open(Path::new(path), verb),
        None => Ok(Events::default()),
    };
    let ending = |error| glance.ending(error);
    let done = opened.map_err(ending).map(Arc::new).and_then(|events| {
        let done = execute(arguments, &glance, variables, &events).map_err(ending);
        if let Err(error) = &done {
            events.error(error);
        }
        events.ended(match &done {
            Ok(code) => *code,
            Err(error) => error.code(),
        });
        done
    });
    ask::restore_terminal();
    match done {
        Ok(code) => code,
        Err(error) => {
            output::error(&error, glance.format, glance.verbose);
            error.code()
        }
    }
}

fn execute(
    arguments: &[OsString],
    glance: &command::Glance,
    variables: &Variables,
    events: &Arc<Events>,
) -> Result<u8, Error> {
    // Only some verbs have the flags of a target; everything else is answered without looking at one.
    let context = if glance.with_target {
        signals::end_with(
            "stopped before anything was sent to the platform",
            glance.format,
            events,
        );
        let found = commands::deploy::Context::find(&glance.asked, variables, events)?;
        Some(Arc::new(found))
    } else {
        None
    };
    let command = command::command(context.as_ref().map(|context| &context.description));
    let matches = match command
        .clone()
        .try_get_matches_from(std::iter::once(&OsString::from("bowline")).chain(arguments))
    {
        Ok(matches) => matches,
        Err(shown) => return misread(&shown, glance, events),
    };
    let format = matches
        .get_one::<String>("output")
        .and_then(|name| Format::find(name))
        .unwrap_or(glance.format);
    match (matches.subcommand(), context) {
        (Some((verb, matches)), Some(context))
            if verb == "plan" || (verb == "deploy" && matches.get_flag("dry-run")) =>
        {
            log(matches);
            let planned = commands::deploy::plan::run(matches, &context, variables)?;
            events.planned(&planned);
            let code = shown(&planned, format)?;
            if let Some(error) = commands::deploy::plan::misbehaved(&planned) {
                events.error(&error);
                output::error(&error, Format::Text, glance.verbose);
                return Ok(error.exit().code());
            }
            Ok(code)
        }
        (Some(("deploy", matches)), Some(context)) => {
            log(matches);
            let deployed = commands::deploy::run(matches, &context, variables)?;
            events.deployed(&deployed);
            let code = shown(&deployed, format)?;
            // The result is on stdout already, so this goes to stderr in either form.
            if let Some(error) = commands::deploy::misbehaved(&deployed) {
                events.error(&error);
                output::error(&error, Format::Text, glance.verbose);
                return Ok(error.exit().code());
            }
            Ok(code)
        }
        (Some(("login", matches)), Some(context)) => {
            log(matches);
            shown(
                &commands::login::login(matches, &context, variables)?,
                format,
            )
        }
        (Some(("whoami", matches)), Some(context)) => {
            log(matches);
            shown(
                &commands::login::whoami(matches, &context, variables)?,
                format,
            )
        }
        (Some(("logout", matches)), _) => {
            log(matches);
            shown(&commands::login::logout(matches, variables)?, format)
        }
        (Some(("settings", matches)), Some(context)) => {
            log(matches);
            shown(
                &commands::settings::run(matches, &context, variables)?,
                format,
            )
        }
        (Some(("env", matches)), _) => {
            log(matches);
            env_verb(matches, format, variables)
        }
        (Some(("package", matches)), _) => {
            signals::end_with(
                "stopped while packing; no folder was written",
                format,
                events,
            );
            log(matches);
            shown(&commands::package::run(matches, events, variables)?, format)
        }
        (Some(("target", matches)), _) => {
            signals::end_with(
                "stopped; what was installed or upgraded until then is kept, and nothing else was changed",
                format,
                events,
            );
            log(matches);
            target_verb(matches, format, variables)
        }
        (Some(("journal", matches)), _) => {
            log(matches);
            journal_verb(matches, format, &Paths::find(variables)?)
        }
        (Some(("local", matches)), _) => match matches.subcommand() {
            Some(("up", matches)) => {
                commands::local::up(matches, &Paths::find(variables)?, variables)
            }
            _ => Err(unknown_verb()),
        },
        (Some(("completions", matches)), _) => {
            log(matches);
            shown(&commands::completions::run(matches, variables)?, format)
        }
        (Some(("man", matches)), _) => {
            log(matches);
            shown(&commands::man::run(matches, &command)?, format)
        }
        _ => Err(unknown_verb()),
    }
}

fn target_verb(matches: &ArgMatches, format: Format, variables: &Variables) -> Result<u8, Error> {
    use commands::target::{Context, add, inspect, manage, show, upgrade};
    let context = Context::new(variables)?;
    match matches.subcommand() {
        Some(("add", matches)) => shown(&add::run(matches, &context)?, format),
        Some(("list", _)) => shown(&manage::list(&context)?, format),
        Some(("show", matches)) => shown(&show::run(matches, &context)?, format),
        Some(("inspect", matches)) => shown(&inspect::inspect(matches, &context)?, format),
        Some(("vet", matches)) => shown(&inspect::vet(matches, &context)?, format),
        Some(("upgrade", matches)) => shown(&upgrade::run(matches, &context)?, format),
        Some(("remove", matches)) => shown(&manage::remove(matches, &context)?, format),
        Some(("default", matches)) => shown(&manage::default(matches, &context)?, format),
        _ => Err(unknown_verb()),
    }
}

fn env_verb(matches: &ArgMatches, format: Format, variables: &Variables) -> Result<u8, Error> {
    use commands::env::{list, remove, select, set, show};
    match matches.subcommand() {
        Some(("list", _)) => shown(&list(variables)?, format),
        Some(("show", matches)) => shown(&show(matches, variables)?, format),
        Some(("set", matches)) => shown(&set(matches, variables)?, format),
        Some(("remove", matches)) => shown(&remove(matches, variables)?, format),
        Some(("use", matches)) => shown(&select(matches, variables)?, format),
        _ => Err(unknown_verb()),
    }
}

fn journal_verb(matches: &ArgMatches, format: Format, paths: &Paths) -> Result<u8, Error> {
    use commands::journal::{list, show, tail};
    match matches.subcommand() {
        Some(("list", matches)) => shown(&list(matches, paths)?, format),
        Some(("show", matches)) => shown(&show(matches, paths)?, format),
        Some(("tail", matches)) => tail(matches, format, paths),
        _ => Err(unknown_verb()),
    }
}

/// Writes a result, and says how the process ends.
fn shown(report: &impl output::Report, format: Format) -> Result<u8, Error> {
    output::report(report, format).map_err(|error| {
        Error::new(Exit::Internal, "can't write the result to stdout").cause(&error)
    })
}

/// Shows what clap found wrong. Help and versions are "errors" to clap as well.
fn misread(found: &clap::Error, glance: &command::Glance, events: &Events) -> Result<u8, Error> {
    let code = if found.use_stderr() {
        let text = found.to_string();
        let text = text.trim().trim_start_matches("error: ");
        let error = match text.split_once("\n\n") {
            Some((message, rest)) => Error::new(Exit::Usage, message).hint(rest),
            None => Error::new(Exit::Usage, text),
        };
        if glance.format == Format::Json {
            return Err(error);
        }
        let error = glance.ending(error);
        events.error(&error);
        error.code()
    } else {
        Exit::Success.code()
    };
    // When nobody listens any more, there is nothing left to do.
    let _ = found.print();
    Ok(code)
}

/// clap lets no other verb through.
fn unknown_verb() -> Error {
    Error::new(
        Exit::Internal,
        "the command line was understood, but there is nothing to do for it",
    )
}

/// Sends the log to stderr: warnings, or with `-v` all that bowline does. The log of other libraries stays off: that of HTTP
/// libraries shows headers, and so passwords.
fn log(matches: &ArgMatches) {
    let level = match (matches.get_flag("quiet"), matches.get_count("verbose")) {
        (true, _) => "error",
        (_, 0) => "warn",
        (_, 1) => "debug",
        _ => "trace",
    };
    let filter = ["bowline", "bowline_app", "bowline_cli", "bowline_host"]
        .map(|name| format!("{name}={level}"))
        .join(",");
    let subscriber = tracing_subscriber::fmt()
        .with_writer(anstream::stderr)
        .with_env_filter(EnvFilter::new(filter))
        .without_time()
        .finish();
    // It fails only when there is one already, which then stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// The runtime that targets and uploads run on. Also where there is one processor it has two threads: while the one runs a guest, the other looks
/// after timers and answers.
fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(processors.max(2))
        .enable_all()
        .build()
        .map_err(|error| Error::new(Exit::Internal, "can't start the runtime").cause(&error))
}
