//! Finds the target that a command is to work with.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use bowline_app::Digest;
use bowline_host::Limits;

use super::LOCK_FILE;
use super::approvals::Approvals;
use super::choice::Choice;
use super::fetch::{Network, Pin, fetch};
use super::hex;
use super::lock::{Lock, Locked};
use super::name::Name;
use super::source::Source;
use super::store::{Entry, Store};
use crate::environments::Environments;
use crate::error::Error;
use crate::exit::Exit;
use crate::fault;
use crate::limits;
use crate::network::Flags;
use crate::output;
use crate::paths::Paths;
use crate::target::Chosen;
use crate::variables::Variables;

/// What the command line says of the target, as far as it can be read before the target is known.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Asked {
    /// Value of `--target`.
    pub target: Option<OsString>,
    /// Value of `--from`: beside this application the lock file is.
    pub from: Option<OsString>,
    /// Value of `--environment-name`: the environment may say which target it is.
    pub environment: Option<OsString>,
    /// `--locked`: take what the lock file holds, and nothing else.
    pub locked: bool,
    /// `--quiet`: say nothing of what is fetched.
    pub quiet: bool,
    /// How servers are reached.
    pub network: Flags,
    /// Values of `--limit`.
    pub limits: Vec<OsString>,
    /// Fetch nothing: only what is on this machine counts.
    pub here: bool,
}

/// Finds a target. A name is looked for in the project's lock file first, then among the installed ones; a reference, too, and where
/// neither knows it, the registry is asked. What the lock file pins and is not here is fetched, and kept in the cache.
///
/// # Errors
/// When it can't be found, had, or is no target; with `--locked`, when the lock file does not hold it.
pub fn resolve(asked: &Asked, paths: &Paths, variables: &Variables) -> Result<Chosen, Error> {
    let flags = limits::read(&asked.limits)?;
    let store = Store::new(paths.targets());
    let choice = match &asked.target {
        Some(text) => Choice::parse(text)?,
        None => match store.index()?.default {
            Some(name) => Choice::Named(name),
            None => Choice::BuiltIn,
        },
    };
    if choice == Choice::BuiltIn {
        // It is pinned by the version of bowline.
        return Ok(Chosen::built_in()?.within(flags));
    }
    let from = asked.application();
    let lock = Lock::read(&from)?;
    if asked.locked && lock.is_none() {
        return Err(Error::new(
            Exit::Usage,
            format!(
                "there is no {}, and --locked takes what it holds",
                Lock::path_for(&from).display()
            ),
        )
        .hint("`bowline target add <target> --lock` makes it"));
    }
    let finder = Finder {
        asked,
        flags: &flags,
        from: &from,
        lock: lock.as_ref(),
        store: &store,
        paths,
        variables,
    };
    match choice {
        Choice::BuiltIn => Chosen::built_in(),
        Choice::Named(name) => finder.named(&name),
        Choice::At(Source::File(path)) => finder.in_file(&path),
        Choice::At(source) => finder.elsewhere(&source),
    }
}

/// The file that a name leads to, found as by [`resolve`], whether this host could run it or not, and the limits within which it may be read.
///
/// # Errors
/// When it can't be found or had.
pub fn named_file(
    name: &Name,
    asked: &Asked,
    paths: &Paths,
    variables: &Variables,
) -> Result<(Vec<u8>, Limits), Error> {
    let flags = limits::read(&asked.limits)?;
    let from = asked.application();
    let lock = Lock::read(&from)?;
    let finder = Finder {
        asked,
        flags: &flags,
        from: &from,
        lock: lock.as_ref(),
        store: &Store::new(paths.targets()),
        paths,
        variables,
    };
    match finder.look_up(name)? {
        Found::Pinned(lock, locked) => {
            let limits = finder.limits(&locked.digest)?;
            Ok((finder.pinned_file(lock, locked, &limits)?, limits))
        }
        Found::Installed(entry) => {
            let limits = finder.limits(&entry.digest)?;
            Ok((finder.store.bytes(&entry.digest, entry.size)?, limits))
        }
    }
}

impl Asked {
    fn application(&self) -> PathBuf {
        PathBuf::from(self.from.as_deref().unwrap_or(OsStr::new(".")))
    }
}

/// Where a name leads.
enum Found<'a> {
    Pinned(&'a Lock, &'a Locked),
    Installed(Box<Entry>),
}

struct Finder<'a> {
    asked: &'a Asked,
    /// The limits that the command line sets.
    flags: &'a Limits,
    from: &'a Path,
    lock: Option<&'a Lock>,
    store: &'a Store,
    paths: &'a Paths,
    variables: &'a Variables,
}

impl<'a> Finder<'a> {
    fn named(&self, name: &Name) -> Result<Chosen, Error> {
        match self.look_up(name)? {
            Found::Pinned(lock, locked) => self.pinned(lock, locked),
            Found::Installed(entry) => self.installed(&entry),
        }
    }

    fn look_up(&self, name: &Name) -> Result<Found<'a>, Error> {
        if let Some((lock, locked)) = self.lock.and_then(|lock| Some((lock, lock.find(name)?))) {
            return Ok(Found::Pinned(lock, locked));
        }
        if self.asked.locked {
            return Err(self.not_held(&format!("'{name}'")));
        }
        let index = self.store.index()?;
        match index.find(name) {
            Some(entry) => Ok(Found::Installed(Box::new(entry.clone()))),
            None => Err(unknown(name, index.targets.iter().map(|entry| &entry.name))),
        }
    }

    fn installed(&self, entry: &Entry) -> Result<Chosen, Error> {
        let bytes = self.store.bytes(&entry.digest, entry.size)?;
        Chosen::from_bytes(bytes, entry.name.as_str(), &self.limits(&entry.digest)?)
    }

    fn in_file(&self, path: &Path) -> Result<Chosen, Error> {
        let chosen = Chosen::in_file(path, self.flags)?;
        let held = self.lock.and_then(|lock| lock.of(&chosen.digest()));
        match held {
            Some(locked) => Ok(chosen.pinned(locked)),
            None if self.asked.locked => Err(self.not_held(&path.display().to_string())),
            None => Ok(chosen),
        }
    }

    fn elsewhere(&self, source: &Source) -> Result<Chosen, Error> {
        let of_source = |lock: &Lock| {
            let mut targets = lock.targets().iter();
            targets.find(|locked| locked.source == *source).cloned()
        };
        if let Some((lock, locked)) = self.lock.and_then(|lock| Some((lock, of_source(lock)?))) {
            return self.pinned(lock, &locked);
        }
        if self.asked.locked {
            return Err(self.not_held(&source.to_string()));
        }
        if let Some(entry) = self.store.index()?.from(source) {
            return self.installed(entry);
        }
        if let Source::Url(url) = source {
            return Err(Error::new(
                Exit::Usage,
                format!("the target at {url} is not installed, and nothing says what it has to be"),
            )
            .hint(format!(
                "`bowline target add {url} --sha256 <digest>` installs it"
            )));
        }
        let bytes = self.fetch(source, &Pin::none(), self.flags)?;
        Chosen::from_bytes(bytes, &source.to_string(), self.flags)
    }

    fn pinned(&self, lock: &Lock, locked: &Locked) -> Result<Chosen, Error> {
        let limits = self.limits(&locked.digest)?;
        let bytes = self.pinned_file(lock, locked, &limits)?;
        let chosen = Chosen::from_bytes(bytes, locked.name.as_str(), &limits)?;
        // An approval is for a digest, whatever names lead to it.
        let approvals = lock.of(&locked.digest).map(|all| all.approvals);
        Ok(chosen.pinned(Locked {
            approvals: approvals.unwrap_or_default(),
            ..locked.clone()
        }))
    }

    fn pinned_file(&self, lock: &Lock, locked: &Locked, limits: &Limits) -> Result<Vec<u8>, Error> {
        let cache = Store::new(self.paths.cache().join("targets"));
        let stores = [self.store, &cache];
        let here = stores.iter().find(|store| store.holds(&locked.digest));
        if here.is_some_and(|store| store.size(&locked.digest) > limits.component_size) {
            return Err(fault::too_large(locked.name.as_str(), limits));
        }
        // Damaged ones are fetched again.
        if let Some(Ok(bytes)) =
            here.map(|store| store.bytes(&locked.digest, limits.component_size))
        {
            return Ok(bytes);
        }
        let pin = Pin {
            digest: Some((locked.digest, lock.path().display().to_string())),
            manifest: locked.manifest,
        };
        let bytes = self.fetch(&lock.source(locked), &pin, limits);
        let bytes = bytes.map_err(|error| {
            error.hint(format!(
                "{} pins '{}' to {}",
                lock.path().display(),
                locked.name,
                hex::text(&locked.digest)
            ))
        })?;
        // The cache saves fetching it again, nothing more.
        if let Err(error) = cache.put(&bytes) {
            tracing::warn!(error = error.message(), "the target is not cached");
        }
        Ok(bytes)
    }

    /// What the target of this digest may use while it is loaded: by its approval, and by the command line, which beats that. Of
    /// the lock file only `--locked` makes an approval.
    fn limits(&self, digest: &Digest) -> Result<Limits, Error> {
        let flag = self.asked.environment.as_deref();
        let selected = Environments::new(self.paths).select(flag, self.variables)?;
        let approved = if self.asked.locked {
            let locked = self.lock.and_then(|lock| lock.of(digest));
            locked
                .as_ref()
                .and_then(|locked| locked.approved(selected.name()))
                .cloned()
        } else {
            Approvals::new(self.paths.approvals()).find(digest, selected.name())?
        };
        limits::of(&approved.unwrap_or_default(), &self.asked.limits)
    }

    fn fetch(&self, source: &Source, pin: &Pin, limits: &Limits) -> Result<Vec<u8>, Error> {
        if self.asked.here {
            return Err(Error::new(
                Exit::NotFound,
                format!("the target {source} is not on this machine"),
            ));
        }
        let network = Network::new(&self.asked.network, self.variables)?;
        if !self.asked.quiet {
            output::line(&format!("Fetching the target {source}"));
        }
        let fetched = crate::runtime()?.block_on(fetch(source, pin, limits, &network))?;
        Ok(fetched.bytes)
    }

    fn not_held(&self, what: &str) -> Error {
        let path = Lock::path_for(self.from);
        Error::new(
            Exit::Usage,
            format!(
                "{} does not hold the target {what}, and --locked takes nothing else",
                path.display()
            ),
        )
        .hint(format!(
            "pin it with `bowline target add <target> --lock`, and commit {LOCK_FILE}"
        ))
    }
}

/// No such name. A near one is suggested.
pub fn unknown<'a>(name: &Name, known: impl Iterator<Item = &'a Name>) -> Error {
    let near = known
        .map(|other| {
            (
                strsim::damerau_levenshtein(name.as_str(), other.as_str()),
                other,
            )
        })
        .filter(|(distance, _)| *distance <= 2)
        .min();
    let made = Error::new(
        Exit::NotFound,
        format!("no target named '{name}' is installed"),
    );
    let made = match near {
        Some((_, other)) => made.hint(format!("did you mean '{other}'?")),
        None => made,
    };
    made.hint(format!(
        "`bowline target list` shows those that are; a file of that name is given as ./{name}"
    ))
}
