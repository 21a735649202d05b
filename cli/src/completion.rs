//! Completions for shells. The script of `bowline completions` sets [`VARIABLE`] and calls this program with the words of the
//! command line; it answers with what may come next. For that nothing is compiled, nothing is fetched, and nobody is asked.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::Path;

use bowline_app::Manifest;
use bowline_host::Limits;
use bowline_host::journal::Journal;
use clap::builder::{StyledStr, ValueHint};
use clap::{Arg, Command};
use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter as _,
};
use clap_complete::env::{EnvCompleter, Shells};

use crate::command;
use crate::credentials::Credentials;
use crate::environments::{self, Environments};
use crate::error::Error;
use crate::exit::Exit;
use crate::paths::Paths;
use crate::target::BUILT_IN;
use crate::targets::{self, Asked, Store};
use crate::text;
use crate::variables::Variables;

/// Variable by which the script tells which shell asks.
pub const VARIABLE: &str = "BOWLINE_COMPLETE";

/// Shells that there are scripts for.
pub const SHELLS: [&str; 3] = ["bash", "fish", "zsh"];

const PROGRAM: &str = "bowline";

/// Runs that are offered: the latest ones are those that somebody looks for.
const RUNS: usize = 20;

fn shell(name: &str) -> Option<&'static dyn EnvCompleter> {
    let all: Shells<'static> = Shells::builtins();
    let found = all.0.iter().copied().find(|shell| shell.is(name))?;
    SHELLS.contains(&found.name()).then_some(found)
}

/// The script that has this shell complete the command line. It finds bowline where the shell finds it.
///
/// # Errors
/// When there is none for this shell.
pub fn script(name: &str) -> Result<String, Error> {
    let failed = || {
        Error::new(
            Exit::Usage,
            format!("there are no completions for the shell '{name}'"),
        )
        .hint(format!("there are some for: {}", SHELLS.join(", ")))
    };
    let mut script = Vec::new();
    shell(name)
        .ok_or_else(failed)?
        .write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script)
        .map_err(|error| failed().cause(&error))?;
    String::from_utf8(script).map_err(|error| failed().cause(&error))
}

/// Answers what may come next, on stdout. `arguments` are `--` and the words of the command line. Returns the exit code; the script
/// takes any but 0 as that there is nothing to offer, and nothing is written to the terminal in the middle of somebody's typing.
pub(crate) fn answer(shell_name: &OsStr, arguments: &[OsString], variables: &Variables) -> u8 {
    let words: Vec<OsString> = arguments
        .iter()
        .skip_while(|argument| *argument != "--")
        .skip(1)
        .cloned()
        .collect();
    let Some(shell) = shell_name.to_str().and_then(shell) else {
        return Exit::Usage.code();
    };
    let mut command = live(command_for(&words, variables), "", variables);
    let here = std::env::current_dir().ok();
    let mut answer = Vec::new();
    let done = shell
        .write_complete(&mut command, words, here.as_deref(), &mut answer)
        .and_then(|()| std::io::stdout().write_all(&answer));
    match done {
        Ok(()) => Exit::Success.code(),
        Err(_) => Exit::Internal.code(),
    }
}

/// The command line, with the flags of the target in force if the cache knows them.
fn command_for(words: &[OsString], variables: &Variables) -> Command {
    let glance = command::glance(words.get(1..).unwrap_or_default());
    let description = glance.with_target.then_some(()).and_then(|()| {
        let paths = Paths::find(variables).ok()?;
        let flag = glance.asked.environment.as_deref();
        let selected = Environments::new(&paths).select(flag, variables).ok()?;
        let kept = selected.environment.target.map(OsString::from);
        let asked = Asked {
            here: true,
            quiet: true,
            target: glance.asked.target.clone().or(kept),
            ..glance.asked
        };
        let target = targets::resolve(&asked, &paths, variables).ok()?;
        target.described(&paths)
    });
    command::command(description.as_ref())
}

/// Adds to each argument what it can be on this machine, now. `within` is the verb that this one is below of.
fn live(command: Command, within: &str, variables: &Variables) -> Command {
    let verbs: Vec<String> = command
        .get_subcommands()
        .map(|verb| verb.get_name().to_owned())
        .collect();
    let name = command.get_name().to_owned();
    let mut command = command.mut_args(|arg| with_values(arg, within, variables));
    for verb in verbs {
        command = command.mut_subcommand(verb, |verb| live(verb, &name, variables));
    }
    command
}

fn with_values(arg: Arg, within: &str, variables: &Variables) -> Arg {
    let known = variables.clone();
    match arg.get_id().as_str() {
        "target" | "TARGET" | "OTHER" | "SOURCE" => {
            arg.add(ArgValueCompleter::new(move |typed: &OsStr| {
                let mut all = beginning(typed, installed(&known));
                let wasm = PathCompleter::any()
                    .filter(|path| path.extension().is_some_and(|ending| ending == "wasm"));
                all.extend(wasm.complete(typed));
                all
            }))
        }
        "NAME" if within == "target" => arg.add(ArgValueCandidates::new(move || installed(&known))),
        "NAME" if within == "env" => arg.add(ArgValueCandidates::new(move || environments(&known))),
        "environment-name" => arg.add(ArgValueCandidates::new(move || environments(&known))),
        "RUN" => arg.add(ArgValueCandidates::new(move || runs(&known))),
        "profile" => arg.add(ArgValueCandidates::new(profiles)),
        "limit" => arg.add(ArgValueCandidates::new(limits)),
        "from" => arg.add(ArgValueCompleter::new(PathCompleter::any().filter(
            |path| {
                path.join("spin.toml").is_file()
                    || path.extension().is_some_and(|ending| ending == "toml")
            },
        ))),
        "data" | "to" => arg.value_hint(ValueHint::DirPath),
        "ca-file" | "client-cert" | "client-key" | "save" | "plan" | "env-file" | "events" => {
            arg.value_hint(ValueHint::FilePath)
        }
        _ => arg,
    }
}

fn candidate(value: impl Into<OsString>, help: &str) -> CompletionCandidate {
    CompletionCandidate::new(value).help(Some(StyledStr::from(text::one_line(help))))
}

fn beginning(typed: &OsStr, all: Vec<CompletionCandidate>) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    all.into_iter()
        .filter(|one| one.get_value().to_string_lossy().starts_with(&*typed))
        .collect()
}

/// Installed targets. What can't be read offers nothing: `bowline target list` says why.
fn installed(variables: &Variables) -> Vec<CompletionCandidate> {
    let mut all = vec![candidate(BUILT_IN, "comes with bowline")];
    let index = Paths::find(variables).and_then(|paths| Store::new(paths.targets()).index());
    for entry in index.map(|index| index.targets).unwrap_or_default() {
        all.push(candidate(entry.name.to_string(), &entry.version));
    }
    all
}

/// The environments of which something is known. What can't be read offers nothing but the default: `bowline env list` says why.
fn environments(variables: &Variables) -> Vec<CompletionCandidate> {
    let known = Paths::find(variables).and_then(|paths| {
        let credentials = Credentials::new(&paths, variables)?;
        environments::known(&paths, &credentials, None)
    });
    let names = known.unwrap_or_else(|_| [environments::DEFAULT.to_owned()].into());
    names.into_iter().map(CompletionCandidate::new).collect()
}

/// The latest runs, with the application that each was about.
fn runs(variables: &Variables) -> Vec<CompletionCandidate> {
    let Ok(paths) = Paths::find(variables) else {
        return Vec::new();
    };
    let journal = Journal::at(paths.journal());
    let runs = journal.runs().unwrap_or_default();
    let known = runs.into_iter().take(RUNS).enumerate().map(|(at, run)| {
        let about = journal.read(run).ok().map(|log| {
            let summary = crate::output::journal::Summary::of(&log);
            [summary.operation, summary.application, Some(summary.began)]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" ")
        });
        candidate(run.to_string(), &about.unwrap_or_default()).display_order(Some(at))
    });
    known.collect()
}

/// Profiles of the application in this folder.
fn profiles() -> Vec<CompletionCandidate> {
    match Manifest::open(Path::new("."), None) {
        Ok(manifest) => manifest.profiles().map(CompletionCandidate::new).collect(),
        Err(_) => Vec::new(),
    }
}

fn limits() -> Vec<CompletionCandidate> {
    Limits::all()
        .iter()
        .map(|limit| candidate(format!("{}=", limit.name), &limit.what()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_has_a_script_that_calls_back() {
        for shell in SHELLS {
            let script = script(shell).unwrap();
            assert!(
                script.contains(VARIABLE) && script.contains(PROGRAM),
                "{shell}: {script}"
            );
        }
        for none in ["", "elvish", "tcsh"] {
            assert_eq!(script(none).unwrap_err().exit(), Exit::Usage, "{none}");
        }
    }

    #[test]
    fn clap_finds_nothing_wrong_with_live_values() {
        live(command::command(None), "", &Variables::default()).debug_assert();
    }
}
