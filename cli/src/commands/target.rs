//! `bowline target`: what is installed, and what of it is approved.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use bowline_app::Digest;
use bowline_host::{Artifact, Limits, Want, Wants};
use clap::ArgMatches;

use crate::environments::Environments;
use crate::error::Error;
use crate::exit::Exit;
use crate::limits;
use crate::network::Flags;
use crate::output;
use crate::output::target::Approved;
use crate::paths::Paths;
use crate::target::Chosen;
use crate::targets::approval::Say;
use crate::targets::approvals::{Approvals, Record};
use crate::targets::{self, Asked, Choice, Fetched, Name, Network, Pin, Source, Store, hex};
use crate::variables::Variables;

pub(crate) mod add;
pub(crate) mod inspect;
pub(crate) mod manage;
pub(crate) mod show;
pub(crate) mod upgrade;

/// What every verb has.
pub(crate) struct Context<'a> {
    pub(crate) paths: Paths,
    pub(crate) store: Store,
    pub(crate) approvals: Approvals,
    pub(crate) variables: &'a Variables,
}

impl<'a> Context<'a> {
    /// # Errors
    /// When there is no home folder.
    pub(crate) fn new(variables: &'a Variables) -> Result<Self, Error> {
        let paths = Paths::find(variables)?;
        Ok(Self {
            store: Store::new(paths.targets()),
            approvals: Approvals::new(paths.approvals()),
            paths,
            variables,
        })
    }

    /// What the command line says of approvals, for the environment that it names.
    fn say(&self, matches: &ArgMatches) -> Result<Say, Error> {
        // Not every verb works in one environment.
        let flag = matches.try_get_one::<String>("environment-name");
        let flag = flag.ok().flatten().map(OsStr::new);
        let selected = Environments::new(&self.paths).select(flag, self.variables)?;
        Say::read(matches, selected.name(), self.variables)
    }

    /// Gets a target from where it is.
    fn fetch(
        &self,
        matches: &ArgMatches,
        source: &Source,
        pin: &Pin,
        limits: &Limits,
    ) -> Result<Fetched, Error> {
        if !matches!(source, Source::File(_)) && !matches.get_flag("quiet") {
            output::line(&format!("Fetching {source}"));
        }
        let network = Network::new(&Flags::read(matches), self.variables)?;
        crate::runtime()?.block_on(targets::fetch(source, pin, limits, &network))
    }

    /// A target by name, path or reference, wherever it is.
    fn find(&self, matches: &ArgMatches, argument: &str) -> Result<Chosen, Error> {
        let target = matches.get_one::<OsString>(argument).cloned();
        let asked = asked(matches, target);
        targets::resolve(&asked, &self.paths, self.variables)
    }

    /// The file of a target by its name, whether this host could run it or not.
    fn named_file(&self, matches: &ArgMatches, name: &Name) -> Result<(Vec<u8>, Limits), Error> {
        targets::named_file(name, &asked(matches, None), &self.paths, self.variables)
    }
}

/// What the command line says of finding this target, for verbs that work with the lock file of the folder where one stands.
fn asked(matches: &ArgMatches, target: Option<OsString>) -> Asked {
    Asked {
        target,
        from: None,
        environment: None,
        locked: false,
        quiet: matches.get_flag("quiet"),
        network: Flags::read(matches),
        limits: limits::given(matches),
        here: false,
    }
}

/// The name in an argument.
fn name(matches: &ArgMatches, argument: &str) -> Result<Option<Name>, Error> {
    let Some(text) = matches.get_one::<String>(argument) else {
        return Ok(None);
    };
    let name = text.parse().map_err(|error| {
        Error::new(
            Exit::Usage,
            format!("'{text}' can't be the name of an installed target"),
        )
        .cause(&error)
    })?;
    Ok(Some(name))
}

/// A place to install from.
fn source(text: &OsString) -> Result<Source, Error> {
    match Choice::parse(text)? {
        Choice::BuiltIn => Err(Error::new(
            Exit::Usage,
            "'hippo' is the built-in target, and always installed",
        )),
        Choice::Named(name) => Err(Error::new(
            Exit::Usage,
            format!("'{name}' is a name, not a place to install a target from"),
        )
        .hint(format!("a file of that name is given as ./{name}"))),
        Choice::At(Source::File(path)) => Ok(Source::File(absolute(&path))),
        Choice::At(source) => Ok(source),
    }
}

/// Installed targets are upgraded from any folder.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// What `--sha256` says. A URL needs it: nothing else ties what comes to what was meant.
fn pin(matches: &ArgMatches, source: &Source) -> Result<Pin, Error> {
    let Some(text) = matches.get_one::<String>("sha256") else {
        return match source {
            Source::Url(url) => Err(Error::new(
                Exit::Usage,
                format!(
                    "{url} needs --sha256: what a web server gives out may be another file tomorrow"
                ),
            )
            .hint("take the digest from the target's author, not from the same server")),
            Source::File(_) | Source::Registry(_) => Ok(Pin::none()),
        };
    };
    let digest: Option<Digest> = text.parse().ok().or_else(|| hex::parse(text));
    match digest {
        Some(digest) => Ok(Pin::digest(digest, "--sha256")),
        None => Err(Error::new(
            Exit::Usage,
            format!("the value of --sha256 is not a digest: '{text}'"),
        )
        .hint("write it as 64 lower-case hexadecimal digits")),
    }
}

/// The application beside which the lock file is.
fn from(matches: &ArgMatches) -> PathBuf {
    matches
        .get_one::<OsString>("from")
        .map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// How messages call a target's file.
fn place(chosen: &Chosen) -> String {
    match chosen.place() {
        Some(place) => place.display().to_string(),
        None => crate::target::BUILT_IN.to_owned(),
    }
}

/// The digest, as it is written everywhere.
fn digest(artifact: &Artifact) -> String {
    hex::text(artifact.digest())
}

/// What is asked for, as results say it.
fn words(wants: &[Want]) -> Vec<String> {
    wants.iter().map(ToString::to_string).collect()
}

/// An approval, as results show it, of a target that asks for this.
fn approved(record: Record, wants: &Wants) -> Approved {
    let private = record.approved.private.iter();
    Approved {
        missing: words(&wants.beyond(&record.approved.wants)),
        private: private.map(ToString::to_string).collect(),
        limits: record.approved.limits,
        environment: record.environment,
    }
}
