//! `bowline journal`, and the journal of the run at hand.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::thread;
use std::time::Duration;

use bowline_app::Application;
use bowline_host::journal::{Entry, Journal, JournalError, Outcome, RunId, RunInfo, TargetNote};
use bowline_host::{HttpClient, journal};
use clap::ArgMatches;

use super::deploy::Context;
use crate::error::Error;
use crate::exit::Exit;
use crate::output::Format;
use crate::output::journal::{Listing, Run, Summary, follow};
use crate::paths::Paths;

/// How often the file of a run is looked at while it is followed.
const LOOK: Duration = Duration::from_millis(100);

/// The run at hand, in the journal from its beginning to its end.
pub(crate) struct Recording {
    recorder: journal::Recorder,
}

impl Recording {
    /// Begins it. Without a journal nothing may leave, so there is no run then.
    ///
    /// # Errors
    /// When the journal can't be written.
    pub(crate) fn begin(
        operation: &str,
        environment: &str,
        context: &Context,
    ) -> Result<Self, Error> {
        let Context {
            paths,
            target,
            description,
            events,
            ..
        } = context;
        let info = RunInfo {
            operation: operation.to_owned(),
            environment: environment.to_owned(),
            target: TargetNote {
                name: description.name.clone(),
                version: description.version.clone(),
                digest: target.digest(),
            },
            program: concat!("bowline ", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        let begun = Journal::open(paths.journal()).and_then(|journal| journal.begin(info));
        let recorder = begun.map_err(|error| unwritable(&error))?;
        let digest = format!("sha256:{}", target.digest());
        events.run(
            &recorder.run().to_string(),
            (&description.name, &description.version, &digest),
            environment,
        );
        Ok(Self { recorder })
    }

    /// Its name.
    pub(crate) fn run(&self) -> String {
        self.recorder.run().to_string()
    }

    /// A client whose requests are in it.
    pub(crate) fn client(&self, http: &HttpClient) -> HttpClient {
        http.recorded(&self.recorder)
    }

    /// Notes which application it is about.
    ///
    /// # Errors
    /// When the journal can't be written.
    pub(crate) fn application(&self, application: &Application) -> Result<(), Error> {
        let noted = self.recorder.application(application);
        noted.map_err(|error| unwritable(&error))
    }

    /// Ends it, with the error if there is one. That this last line can't be written is told: the run looks broken off then.
    pub(crate) fn end(&self, error: Option<&Error>) {
        let outcome = match error {
            None => Outcome::Done,
            Some(error) if error.exit() == Exit::Cancelled => Outcome::Cancelled,
            Some(_) => Outcome::Failed,
        };
        let error = error.map(Error::message);
        if let Err(error) = self.recorder.end(outcome, error) {
            crate::output::warning(&error.to_string());
        }
    }
}

/// The error of a journal that can't be kept.
fn unwritable(error: &JournalError) -> Error {
    Error::of(Exit::Internal, error).hint(
        "nothing is sent that is not written down first: make the folder writable for you and closed to others (`chmod 700`), \
         or make room on the disk",
    )
}

/// The latest runs.
///
/// # Errors
/// When the folder can't be read.
pub(crate) fn list(matches: &ArgMatches, paths: &Paths) -> Result<Listing, Error> {
    let count = matches.get_one::<u16>("count").copied().unwrap_or(20);
    let journal = Journal::at(paths.journal());
    let runs = all(&journal)?;
    let runs = runs.into_iter().take(count.into());
    Ok(Listing {
        // One that is removed while we look, or that only a newer program can read, is passed over.
        runs: runs
            .filter_map(|run| Some(Summary::of(&journal.read(run).ok()?)))
            .collect(),
    })
}

/// One run.
///
/// # Errors
/// When there is none, or it can't be read.
pub(crate) fn show(matches: &ArgMatches, paths: &Paths) -> Result<Run, Error> {
    let journal = Journal::at(paths.journal());
    let run = find(&journal, matches.get_one::<String>("RUN"))?;
    let log = journal
        .read(run)
        .map_err(|error| Error::of(Exit::Internal, &error))?;
    Ok(Run::of(&log))
}

/// Writes a run's lines as they come, until it ends or is broken off.
///
/// # Errors
/// When there is none, or it can't be read.
pub(crate) fn tail(matches: &ArgMatches, format: Format, paths: &Paths) -> Result<u8, Error> {
    let journal = Journal::at(paths.journal());
    let run = find(&journal, matches.get_one::<String>("RUN"))?;
    let failed = |error: &std::io::Error| {
        Error::new(Exit::Internal, format!("can't read the run {run}")).cause(error)
    };
    // Checks that it is a file, and one that this program understands.
    journal
        .read(run)
        .map_err(|error| Error::of(Exit::Internal, &error))?;
    let file = File::open(journal.path(run)).map_err(|error| failed(&error))?;
    let mut source = BufReader::new(file);
    let mut text = Vec::new();
    loop {
        // Asked before reading, so that nothing is written after the last reading.
        let ended = !journal.is_live(run);
        while source
            .read_until(b'\n', &mut text)
            .map_err(|error| failed(&error))?
            > 0
        {
            if !text.ends_with(b"\n") {
                break;
            }
            if let Ok(entry) = serde_json::from_slice::<Entry>(&text)
                && !write(&entry, &text, format)
            {
                return Ok(0);
            }
            text.clear();
        }
        if ended {
            return Ok(0);
        }
        thread::sleep(LOOK);
    }
}

/// `false` when nobody reads any more.
fn write(entry: &Entry, line: &[u8], format: Format) -> bool {
    let mut out = anstream::stdout().lock();
    let written = match format {
        Format::Json => out.write_all(line),
        Format::Text => writeln!(out, "{}", follow(entry)),
    };
    written.and_then(|()| out.flush()).is_ok()
}

fn all(journal: &Journal) -> Result<Vec<RunId>, Error> {
    journal
        .runs()
        .map_err(|error| Error::of(Exit::Internal, &error))
}

/// The run whose name begins so, or the latest.
fn find(journal: &Journal, beginning: Option<&String>) -> Result<RunId, Error> {
    let runs = all(journal)?;
    let Some(beginning) = beginning else {
        return runs.first().copied().ok_or_else(|| {
            Error::new(Exit::NotFound, "the journal is empty")
                .hint("it has a run for every `bowline deploy`, `plan` and `login`")
        });
    };
    let beginning = beginning.to_ascii_lowercase();
    let mut found = runs
        .into_iter()
        .filter(|run| run.to_string().starts_with(&beginning));
    match (found.next(), found.next()) {
        (Some(run), None) => Ok(run),
        (Some(_), Some(_)) => Err(Error::new(
            Exit::Usage,
            format!("several runs have names that begin with '{beginning}'"),
        )
        .hint("give more of the name; `bowline journal list` shows them")),
        (None, _) => Err(Error::new(
            Exit::NotFound,
            format!("there is no run whose name begins with '{beginning}'"),
        )
        .hint("`bowline journal list` shows those that there are")),
    }
}
