//! `bowline local up`: starts the platform for one machine, a program of its own beside this one.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use bowline_host::bindle::Signer;
use clap::ArgMatches;

use crate::error::Error;
use crate::exit::Exit;
use crate::paths::{self, Paths};
use crate::variables::Variables;

/// Name of the platform's program.
const PROGRAM: &str = "bowline-local";

/// Becomes the platform: the process is replaced, so signals reach it and its exit code is the one that is seen. It
/// returns only when that fails, or where processes can't be replaced, with the platform's exit code.
///
/// # Errors
/// When the program isn't there, the signing key or the data folder can't be made, or it can't be started.
pub fn up(matches: &ArgMatches, paths: &Paths, variables: &Variables) -> Result<u8, Error> {
    let beside = std::env::current_exe()
        .ok()
        .and_then(|this| Some(this.parent()?.to_owned()));
    let program = find(beside.as_deref(), variables)?;
    let signer = signer(paths, variables)?;
    let data = match matches.get_one::<OsString>("data") {
        Some(data) => PathBuf::from(data),
        None => paths.local_data(),
    };
    // Only the folder above: the platform makes its own, with the rights that it wants.
    if let Some(above) = data.parent().filter(|above| !above.as_os_str().is_empty()) {
        paths::create_private(above)?;
    }
    let mut command = Command::new(&program);
    command.arg("up").arg("--data").arg(data);
    command
        .arg("--trust-key")
        .arg(format!("{}={}", signer.label(), signer.public_key()));
    for flag in ["listen", "bindle-listen"] {
        if let Some(value) = matches.get_one::<String>(flag) {
            command.arg(format!("--{flag}")).arg(value);
        }
    }
    if let Some(file) = matches.get_one::<OsString>("env-file") {
        command.arg("--env-file").arg(file);
    }
    if matches
        .get_one::<String>("output")
        .is_some_and(|format| format == "json")
    {
        command.args(["--output", "json"]);
    }
    for _ in 0..matches.get_count("verbose") {
        command.arg("-v");
    }
    if matches.get_flag("quiet") {
        command.env("RUST_LOG", "error");
    }
    become_program(command).map_err(|error| {
        Error::new(Exit::Internal, format!("can't start {}", program.display())).cause(&error)
    })
}

/// The key that this user's bundles are signed with, made on first use.
///
/// # Errors
/// When it can't be read or made.
pub fn signer(paths: &Paths, variables: &Variables) -> Result<Signer, Error> {
    let file = paths.signing_key();
    if let Some(folder) = file.parent() {
        paths::create_private(folder)?;
    }
    Signer::load_or_create(&file, &label(variables))
        .map_err(|error| Error::of(Exit::Internal, &error))
}

/// By what name the operator of a Bindle server recognises the key.
fn label(variables: &Variables) -> String {
    let user = ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| variables.os(name)?.to_str());
    let user: String = user
        .unwrap_or("bowline")
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        .take(64)
        .collect();
    if user.is_empty() {
        "bowline".to_owned()
    } else {
        user
    }
}

/// The program, beside this one or on the search path.
fn find(beside: Option<&Path>, variables: &Variables) -> Result<PathBuf, Error> {
    let name = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);
    let path = variables.os("PATH").unwrap_or_default();
    let folders = beside
        .map(Path::to_owned)
        .into_iter()
        .chain(std::env::split_paths(path));
    for folder in folders {
        let candidate = folder.join(&name);
        if candidate.is_file() {
            return Ok(candidate);
        }
    }
    let mut error = Error::new(
        Exit::NotFound,
        format!("the program {PROGRAM} is neither beside bowline nor on the PATH"),
    );
    if let Some(beside) = beside {
        error = error.hint(format!(
            "put it into {}, where bowline is",
            beside.display()
        ));
    }
    Err(error)
}

#[cfg(unix)]
fn become_program(mut command: Command) -> std::io::Result<u8> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec())
}

/// Ctrl-C reaches every process of the console, so the platform ends by itself.
#[cfg(not(unix))]
fn become_program(mut command: Command) -> std::io::Result<u8> {
    let code = command.status()?.code();
    Ok(code
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(Exit::Internal.code()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_beside_is_preferred() {
        let beside = tempfile::tempdir().unwrap();
        let on_path = tempfile::tempdir().unwrap();
        let variables = Variables::from_pairs([("PATH", on_path.path())]);
        let name = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);

        let error = find(Some(beside.path()), &variables).unwrap_err();
        assert_eq!(error.exit(), Exit::NotFound);
        std::fs::write(on_path.path().join(&name), "").unwrap();
        assert_eq!(
            find(Some(beside.path()), &variables).unwrap(),
            on_path.path().join(&name)
        );
        std::fs::write(beside.path().join(&name), "").unwrap();
        assert_eq!(
            find(Some(beside.path()), &variables).unwrap(),
            beside.path().join(&name)
        );
    }

    #[test]
    fn labels_are_plain_words() {
        let label_of = |user: &str| label(&Variables::from_pairs([("USER", user)]));
        assert_eq!(label_of("ann"), "ann");
        assert_eq!(label_of("a=b c\n"), "abc");
        assert_eq!(label_of("="), "bowline");
        assert_eq!(label(&Variables::default()), "bowline");
    }
}
