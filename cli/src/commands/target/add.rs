//! `bowline target add`.

use std::ffi::OsString;

use clap::ArgMatches;

use super::{Context, from, name, pin, source};
use crate::error::Error;
use crate::exit::Exit;
use crate::limits;
use crate::output::target::Added;
use crate::target::Chosen;
use crate::targets::approval::{self, Asking};
use crate::targets::approvals::Record;
use crate::targets::{Entry, Index, Lock, Locked, Name, hex};

/// Fetches a target, asks whether it may do what it asks for, and installs it.
///
/// # Errors
/// When it can't be had or is no target; when another one has its name; when it is not approved. Nothing is installed then.
pub(crate) fn run(matches: &ArgMatches, context: &Context<'_>) -> Result<Added, Error> {
    let say = context.say(matches)?;
    let source = source(
        &matches
            .get_one::<OsString>("SOURCE")
            .cloned()
            .unwrap_or_default(),
    )?;
    let alias = name(matches, "name")?;
    let pin = pin(matches, &source)?;
    let flags = limits::given(matches);
    let limits = limits::read(&flags)?;
    let from = from(matches);
    let mut lock = Lock::open(&from)?;

    let fetched = context.fetch(matches, &source, &pin, &limits)?;
    let (digest, size) = (fetched.digest, fetched.bytes.len() as u64);
    let chosen = Chosen::from_bytes(fetched.bytes.clone(), &source.to_string(), &limits)?;
    let description = chosen.describe(&context.paths)?;
    let name = match alias {
        Some(name) => name,
        None => description.name.parse::<Name>().map_err(|error| {
            Error::new(
                Exit::Target,
                format!(
                    "the target calls itself '{}', which can't be installed",
                    description.name
                ),
            )
            .cause(&error)
            .hint("give it another name with `--name`")
        })?,
    };
    let entry = Entry {
        name: name.clone(),
        own_name: description.name.clone(),
        version: description.version.clone(),
        digest,
        size,
        source: source.clone(),
        manifest: fetched.manifest,
    };
    refuse_taken(&context.store.index()?, &entry)?;
    let locked = lock.find(&name).cloned();
    if matches.get_flag("lock")
        && let Some(other) = locked.as_ref().filter(|locked| locked.digest != digest)
    {
        return Err(Error::new(
            Exit::Conflict,
            format!(
                "{} pins '{name}' to another target, {}",
                lock.path().display(),
                hex::text(&other.digest)
            ),
        )
        .hint(format!(
            "`bowline target upgrade {name} {source} --lock` replaces it"
        ))
        .hint("or give this one another name with `--name`"));
    }

    let asking = Asking {
        name: name.as_str(),
        own_name: &description.name,
        version: &description.version,
        digest,
        wants: &description.wants,
    };
    let in_lock = lock.covering(&digest, &say.environment, &description.wants);
    let given = approval::settle(&asking, &say, in_lock, &context.paths)?;
    let approved = limits::keep(given.approval, &flags);
    let installed = context.store.change(|index, store| {
        // Another bowline may have been quicker.
        refuse_taken(index, &entry)?;
        store.put(&fetched.bytes)?;
        let is_new = index.find(&name).is_none();
        index.put(entry.clone());
        Ok(is_new)
    })?;
    context.approvals.keep(vec![Record {
        target: digest,
        name: name.to_string(),
        environment: say.environment.clone(),
        approved: approved.clone(),
    }])?;
    let locked_in = if matches.get_flag("lock") {
        let mut target = Locked {
            name: name.clone(),
            version: description.version.clone(),
            source: lock.relative(source.clone()),
            digest,
            manifest: entry.manifest,
            approvals: locked.map(|locked| locked.approvals).unwrap_or_default(),
        };
        target.approve(&say.environment, approved);
        lock.put(target);
        lock.write()?;
        Some(lock.path().display().to_string())
    } else {
        None
    };
    Ok(Added {
        name: name.to_string(),
        own_name: description.name,
        version: description.version,
        digest: hex::text(&digest),
        size,
        source: source.to_string(),
        manifest: entry.manifest.as_ref().map(hex::text),
        installed,
        environment: say.environment,
        asks: description
            .wants
            .all()
            .iter()
            .map(ToString::to_string)
            .collect(),
        lock: locked_in,
    })
}

/// Refuses a second target of one name. The same one again is no second one.
fn refuse_taken(index: &Index, new: &Entry) -> Result<(), Error> {
    let Some(there) = index
        .find(&new.name)
        .filter(|there| there.digest != new.digest)
    else {
        return Ok(());
    };
    let name = &new.name;
    Err(Error::new(
        Exit::Conflict,
        format!(
            "another target named '{name}' is installed: {} from {}",
            there.version, there.source
        ),
    )
    .hint(format!(
        "if this is a new version of it: `bowline target upgrade {name} {}`",
        new.source
    ))
    .hint("if it is another target: give it a name of its own with `--name`"))
}
