//! `--build`: has the components built before the application is read.
//!
//! Below Spin, Spin builds: it knows its manifests best, and `spin deploy --build` then does what `spin build` does. Without
//! Spin the build commands of the manifest are run here, as Spin runs them: each by a shell, in the component's `workdir`.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use bowline_app::{Build, Manifest};
use clap::{Arg, ArgAction, ArgMatches};
use tokio::process::{Child, Command};

use crate::description::Description;
use crate::error::Error;
use crate::exit::Exit;
use crate::fault;
use crate::progress::Progress;
use crate::settings::host;
use crate::settings::kind::Kind;
use crate::signals::Signals;
use crate::variables::Variables;

/// Name of the flag.
pub const FLAG: &str = "build";
/// Variable that stands for the flag on every deploy; Spin knows it, too.
const ALWAYS: &str = "SPIN_ALWAYS_BUILD";
/// Where Spin says that it is, to its plugins.
const SPIN: &str = "SPIN_BIN_PATH";
/// How long a build may take to end when the user wants to stop.
const SETTLE: Duration = Duration::from_secs(10);

/// The flag.
pub(crate) fn arg() -> Arg {
    Arg::new(FLAG)
        .long(FLAG)
        .action(ArgAction::SetTrue)
        .conflicts_with("dry-run")
        .help(format!("Run the build commands of the components first, as `spin build` does [variable: {ALWAYS}]"))
}

/// What to build, and with what.
#[derive(Clone, Debug)]
pub(crate) struct Building {
    /// The manifest or its folder.
    from: PathBuf,
    profile: Option<String>,
    /// The program `spin`, when it started us.
    spin: Option<OsString>,
    /// Variables that builders don't see.
    withheld: Vec<String>,
}

impl Building {
    /// Whether the command line or the variables ask for a build, and of what.
    pub(crate) fn asked(
        matches: &ArgMatches,
        from: &Path,
        profile: Option<&str>,
        description: &Description,
        variables: &Variables,
    ) -> Option<Self> {
        // A plan has no such flag, and never builds.
        let flag = *matches.try_get_one::<bool>(FLAG).ok().flatten()?;
        let asked = flag || variables.os(ALWAYS).is_some_and(is_true);
        asked.then(|| Self {
            from: from.to_owned(),
            profile: profile.map(str::to_owned),
            spin: variables.os(SPIN).map(OsStr::to_owned),
            withheld: secret_variables(description),
        })
    }

    /// Builds. What the builders write goes to stderr, as it comes.
    ///
    /// # Errors
    /// [`Exit::Application`] when a build fails or the manifest is wrong, [`Exit::Cancelled`] when the user wants to stop, and
    /// [`Exit::Internal`] when no process can be started.
    pub(crate) async fn run(
        &self,
        progress: &Progress,
        signals: &mut Signals,
    ) -> Result<(), Error> {
        if let Some(spin) = &self.spin {
            progress.start_writing("Building with Spin");
            let mut command = Command::new(spin);
            command.arg("build").arg("--from").arg(&self.from);
            if let Some(profile) = &self.profile {
                command.arg("--profile").arg(profile);
            }
            let what = format!("`{} build`", Path::new(spin).display());
            return self
                .build(command, &what, "building with Spin", signals)
                .await
                .map_err(|error| match error.exit() {
                    Exit::Internal => error.hint(format!("{SPIN} says that Spin is there")),
                    _ => error,
                });
        }
        let manifest = Manifest::open(&self.from, self.profile.as_deref())
            .map_err(|error| fault::application(&error))?;
        let folder = manifest.folder().to_owned();
        let builds = manifest.builds();
        if builds.is_empty() {
            progress.warning("--build has nothing to do: no component has a build command");
        }
        for build in builds {
            self.component(&build, &folder, progress, signals).await?;
        }
        Ok(())
    }

    async fn component(
        &self,
        build: &Build,
        folder: &Path,
        progress: &Progress,
        signals: &mut Signals,
    ) -> Result<(), Error> {
        let who = format!("building component '{}'", build.component);
        let workdir = workdir(build, folder)?;
        for line in &build.commands {
            progress.start_writing(&format!("Building component '{}': {line}", build.component));
            let mut command = shell(line);
            command.current_dir(&workdir);
            self.build(command, &format!("`{line}`"), &who, signals)
                .await?;
        }
        Ok(())
    }

    /// Runs one command to its end.
    async fn build(
        &self,
        mut command: Command,
        what: &str,
        who: &str,
        signals: &mut Signals,
    ) -> Result<(), Error> {
        for name in &self.withheld {
            command.env_remove(name);
        }
        // The result of the deploy alone goes to stdout.
        command
            .stdin(Stdio::null())
            .stdout(std::io::stderr())
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        // Its own group: a build has children, and all of them have to stop.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().map_err(|error| {
            Error::new(Exit::Internal, format!("{who}: can't start {what}")).cause(&error)
        })?;
        let ended = tokio::select! {
            biased;
            ended = child.wait() => ended,
            () = signals.next() => {
                stop(&mut child, signals).await;
                return Err(Error::new(Exit::Cancelled, format!("stopped while {who}; nothing was deployed"))
                    .hint("run the same command again"));
            }
        };
        let status = ended.map_err(|error| {
            Error::new(
                Exit::Internal,
                format!("{who}: can't wait for the end of {what}"),
            )
            .cause(&error)
        })?;
        if status.success() {
            return Ok(());
        }
        Err(Error::new(
            Exit::Application,
            format!("{who} failed: {what} {}", how(status)),
        )
        .hint("what it wrote is above; nothing was deployed"))
    }
}

/// Where the commands of a component run.
fn workdir(build: &Build, folder: &Path) -> Result<PathBuf, Error> {
    let Some(workdir) = &build.workdir else {
        return Ok(folder.to_owned());
    };
    let invalid = |reason: String| {
        Error::new(
            Exit::Application,
            format!(
                "{}: `workdir` of component '{}', '{workdir}', {reason}",
                build.location, build.component
            ),
        )
    };
    if Path::new(workdir).has_root() {
        return Err(
            invalid("is absolute".to_owned()).hint("name it relative to the manifest's folder")
        );
    }
    let path = folder.join(workdir);
    if path.is_dir() {
        Ok(path)
    } else {
        Err(invalid("is no folder".to_owned()).hint(format!("looked for {}", path.display())))
    }
}

#[cfg(unix)]
fn shell(line: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(line);
    command
}

#[cfg(not(unix))]
fn shell(line: &str) -> Command {
    let mut command = Command::new("cmd.exe");
    command.arg("/C").arg(line);
    command
}

/// Asks the builder and its children to stop, and stops them hard when they don't, or when the user asks again.
#[cfg(unix)]
async fn stop(child: &mut Child, signals: &mut Signals) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let Some(group) = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw)
    else {
        return;
    };
    // An error means that nobody of the group is left.
    let _ = kill_process_group(group, Signal::TERM);
    tokio::select! {
        _ = child.wait() => {}
        () = signals.next() => {}
        () = tokio::time::sleep(SETTLE) => {}
    }
    let _ = kill_process_group(group, Signal::KILL);
    let _ = child.wait().await;
}

#[cfg(not(unix))]
async fn stop(child: &mut Child, _: &mut Signals) {
    // An error means that it has ended already.
    let _ = child.kill().await;
}

fn how(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("ended with exit code {code}"),
        None => format!("was stopped ({status})"),
    }
}

/// The variables that may hold secrets of this deploy: build commands are strangers' code as often as not, and need none of them.
fn secret_variables(description: &Description) -> Vec<String> {
    let own = host::bindle(true);
    own.iter()
        .chain(&description.settings)
        .filter(|setting| setting.kind == Kind::Secret)
        .filter_map(|setting| setting.variable.clone())
        .collect()
}

/// As clap, and so Spin, reads a variable that stands for a flag.
fn is_true(value: &OsStr) -> bool {
    !["", "n", "no", "f", "false", "off", "0"]
        .iter()
        .any(|no| value.eq_ignore_ascii_case(no))
}
