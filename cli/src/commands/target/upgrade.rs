//! `bowline target upgrade`.

use std::ffi::OsString;

use bowline_app::Digest;
use bowline_host::{Approval, Want, Wants};
use clap::ArgMatches;

use super::{Context, approved, from, name, pin, source, words};
use crate::description::Description;
use crate::error::Error;
use crate::exit::Exit;
use crate::limits;
use crate::output::target::{Approved, Upgrade, Upgraded, Version};
use crate::target::Chosen;
use crate::targets::approval::{self, Asking, Say};
use crate::targets::approvals::Record;
use crate::targets::{Entry, Fetched, Lock, LockedApproval, Name, Pin, Source, hex, unknown};

/// Fetches one target again, or all, and puts the new ones in the place of the old ones where they are approved.
///
/// # Errors
/// The first target that can't be had or is not approved. It stays as it was, with what was approved of it; those before it
/// are upgraded.
pub(crate) fn run(matches: &ArgMatches, context: &Context<'_>) -> Result<Upgraded, Error> {
    let say = context.say(matches)?;
    let index = context.store.index()?;
    let other = match matches.get_one::<OsString>("SOURCE") {
        Some(text) => Some(source(text)?),
        None => None,
    };
    let olds = match name(matches, "NAME")? {
        Some(name) => match index.find(&name) {
            Some(entry) => vec![entry.clone()],
            None => {
                return Err(unknown(
                    &name,
                    index.targets.iter().map(|entry| &entry.name),
                ));
            }
        },
        None => index.targets,
    };
    let mut targets = Vec::new();
    for old in olds {
        let source = other.clone().unwrap_or_else(|| old.source.clone());
        targets.push(one(matches, context, &say, &old, source)?);
    }
    Ok(Upgraded { targets })
}

fn one(
    matches: &ArgMatches,
    context: &Context<'_>,
    say: &Say,
    old: &Entry,
    source: Source,
) -> Result<Upgrade, Error> {
    let flags = limits::given(matches);
    limits::read(&flags)?;
    // What a URL gives out is pinned, so without another digest there is nothing new to be had.
    let is_pinned =
        matches!(source, Source::Url(_)) && matches.get_one::<String>("sha256").is_none();
    let is_same = is_pinned && source == old.source;
    if is_same && flags.is_empty() && !matches.get_flag("lock") {
        return Ok(report(old, old, &[], Vec::new(), Vec::new(), None));
    }
    let pin = if is_same {
        Pin::digest(old.digest, "the installed target")
    } else {
        pin(matches, &source)?
    };
    let stored = context.approvals.find(&old.digest, &say.environment)?;
    let limits = limits::of(&stored.unwrap_or_default(), &flags)?;
    let fetched = context.fetch(matches, &source, &pin, &limits)?;
    let chosen = Chosen::from_bytes(fetched.bytes.clone(), &source.to_string(), &limits)?;
    let description = chosen.describe(&context.paths)?;
    let new = Entry {
        name: old.name.clone(),
        own_name: description.name.clone(),
        version: description.version.clone(),
        digest: fetched.digest,
        size: fetched.bytes.len() as u64,
        source,
        manifest: fetched.manifest,
    };
    let from = from(matches);
    let mut lock = Lock::open(&from)?;
    let is_renamed = new.own_name != old.own_name;
    let approvals: Vec<Record> = context
        .approvals
        .of(&old.digest)?
        .into_iter()
        .map(|record| Record {
            approved: meant(record.approved, is_renamed),
            ..record
        })
        .collect();
    refuse_homeless(&flags, old, say, &approvals)?;
    let besides = besides(
        &description.wants,
        approvals.iter().map(|record| &record.approved),
    );
    let mut carried = carry(say, old, &new, &description, approvals, &lock)?;
    for record in &mut carried.kept {
        if record.environment == say.environment {
            record.approved = limits::keep(std::mem::take(&mut record.approved), &flags);
        }
    }
    let is_gone = replace(context, old, &new, &fetched)?;
    context.approvals.keep(carried.kept.clone())?;
    if is_gone {
        let is_left = |record: &Record| carried.left.contains(&record.environment);
        context
            .approvals
            .revoke(|record| record.target == old.digest && !is_left(record))?;
    }

    let mut locked_in = None;
    if matches.get_flag("lock") {
        pin_anew(&mut lock, old, &new, say, &description, context)?;
        locked_in = Some(lock.path().display().to_string());
    } else if lock
        .find(&old.name)
        .is_some_and(|locked| locked.digest != new.digest)
    {
        crate::output::warning(&format!(
            "{} pins '{}' to {}: with `--lock` the project is upgraded, too",
            lock.path().display(),
            old.name,
            old.version
        ));
    }
    let approvals = carried.kept.into_iter();
    let approvals = approvals.map(|record| approved(record, &description.wants));
    Ok(report(
        old,
        &new,
        &besides,
        approvals.collect(),
        carried.left,
        locked_in,
    ))
}

/// What it asks for besides what any environment approved.
fn besides<'a>(wants: &Wants, approved: impl Iterator<Item = &'a Approval>) -> Vec<Want> {
    let mut besides: Vec<Want> = Vec::new();
    for approval in approved {
        for want in wants.beyond(&approval.wants) {
            if !besides.contains(&want) {
                besides.push(want);
            }
        }
    }
    besides
}

/// What becomes of the approvals of the old one.
struct Carried {
    /// Those of the new one.
    kept: Vec<Record>,
    /// Environments in which only the old one is.
    left: Vec<String>,
}

/// Approvals of the old one become those of the new one where it asks for nothing besides; in the environment of the command line
/// the user is asked for what is besides; elsewhere the next deploy asks.
///
/// # Errors
/// Those of [`approval::decide`], and when the new one asks for more, but not in the environment of the command line: then nobody
/// would have agreed to it.
fn carry(
    say: &Say,
    old: &Entry,
    new: &Entry,
    description: &Description,
    mut approvals: Vec<Record>,
    lock: &Lock,
) -> Result<Carried, Error> {
    if approvals.is_empty() {
        approvals.push(Record {
            target: old.digest,
            name: old.name.to_string(),
            environment: say.environment.clone(),
            approved: Approval::default(),
        });
    }
    let asking = Asking {
        name: old.name.as_str(),
        own_name: &description.name,
        version: &description.version,
        digest: new.digest,
        wants: &description.wants,
    };
    let stays = |error: Error| {
        error.hint(format!(
            "'{}' stays at {}, with what you approved of it",
            old.name, old.version
        ))
    };
    refuse_unasked(&asking, say, &approvals).map_err(stays)?;
    let mut carried = Carried {
        kept: Vec::new(),
        left: Vec::new(),
    };
    for record in approvals {
        let approved = if is_short(&record, &description.wants) {
            if record.environment != say.environment {
                carried.left.push(record.environment);
                continue;
            }
            let locked = lock.covering(&new.digest, &say.environment, asking.wants);
            approval::decide(&asking, say, Some(&record.approved), locked)
                .map_err(stays)?
                .approval
        } else {
            record.approved
        };
        carried.kept.push(Record {
            target: new.digest,
            name: old.name.to_string(),
            environment: record.environment,
            approved: approval::renewed(&approved, &description.wants),
        });
    }
    Ok(carried)
}

/// What the approval of the old one means for the new one. Logins are kept by the name that a target gives itself, so that one with
/// another name would use another target's.
fn meant(mut approval: Approval, is_renamed: bool) -> Approval {
    approval.wants.login &= !is_renamed;
    approval
}

/// Whether more is asked for than was approved.
fn is_short(record: &Record, wants: &Wants) -> bool {
    !wants.beyond(&record.approved.wants).is_empty()
}

/// Refuses what is to be asked for in other environments only.
fn refuse_unasked(asking: &Asking<'_>, say: &Say, approvals: &[Record]) -> Result<(), Error> {
    let mut short = approvals
        .iter()
        .filter(|record| is_short(record, asking.wants));
    let Some(first) = short.next() else {
        return Ok(());
    };
    let is_here = |record: &Record| record.environment == say.environment;
    if is_here(first) || short.any(is_here) {
        return Ok(());
    }
    let environment = &first.environment;
    let made = approval::not_approved(asking, environment, Some(&first.approved));
    Err(made.hint(format!(
        "run this again with `-e {environment}`: there it can be approved"
    )))
}

/// Refuses limits that no approval would keep.
fn refuse_homeless(
    flags: &[OsString],
    old: &Entry,
    say: &Say,
    approvals: &[Record],
) -> Result<(), Error> {
    let is_here = |record: &Record| record.environment == say.environment;
    // Where there is no approval at all, this upgrade asks for one here.
    if flags.is_empty() || approvals.is_empty() || approvals.iter().any(is_here) {
        return Ok(());
    }
    let what = format!(
        "--limit is kept with an approval, and '{}' has none in '{}'",
        old.name, say.environment
    );
    Err(Error::new(Exit::Usage, what).hint("`-e` says which environment is meant"))
}

/// Returns whether no name leads to the old content any more.
fn replace(
    context: &Context<'_>,
    old: &Entry,
    new: &Entry,
    fetched: &Fetched,
) -> Result<bool, Error> {
    context.store.change(|index, store| {
        match index.find(&old.name) {
            Some(there) if there.digest == old.digest || there.digest == new.digest => {}
            _ => {
                return Err(Error::new(
                    Exit::Conflict,
                    format!("'{}' was changed by another bowline meanwhile", old.name),
                )
                .hint("look at it with `bowline target list`, and run this again"));
            }
        }
        store.put(&fetched.bytes)?;
        index.put(new.clone());
        Ok(!index.digests().contains(&old.digest))
    })
}

/// Puts the new one into the lock file. Its approvals there follow the same rule as the user's own.
fn pin_anew(
    lock: &mut Lock,
    old: &Entry,
    new: &Entry,
    say: &Say,
    description: &Description,
    context: &Context<'_>,
) -> Result<(), Error> {
    let before = lock.find(&new.name).cloned();
    let mut target = crate::targets::Locked {
        name: new.name.clone(),
        version: new.version.clone(),
        source: lock.relative(new.source.clone()),
        digest: new.digest,
        manifest: new.manifest,
        approvals: Vec::new(),
    };
    // What another version than these two called itself is not known.
    let is_renamed = before.as_ref().is_some_and(|before| {
        let is_old = before.digest == old.digest && new.own_name == old.own_name;
        !is_old && before.digest != new.digest
    });
    let before = before.map(|locked| locked.approvals).unwrap_or_default();
    for LockedApproval {
        environment,
        approved,
    } in before
    {
        let approved = meant(approved, is_renamed);
        if description.wants.beyond(&approved.wants).is_empty() {
            target.approve(
                &environment,
                approval::renewed(&approved, &description.wants),
            );
        }
    }
    if let Some(approved) = context.approvals.find(&new.digest, &say.environment)? {
        target.approve(&say.environment, approved);
    }
    lock.put(target);
    lock.write()
}

fn report(
    old: &Entry,
    new: &Entry,
    besides: &[Want],
    approvals: Vec<Approved>,
    left: Vec<String>,
    lock: Option<String>,
) -> Upgrade {
    let version = |entry: &Entry| Version {
        version: entry.version.clone(),
        digest: hex::text(&entry.digest),
        source: entry.source.to_string(),
        manifest: entry
            .manifest
            .as_ref()
            .map(|digest: &Digest| hex::text(digest)),
    };
    let name: &Name = &old.name;
    Upgrade {
        name: name.to_string(),
        changed: old.digest != new.digest,
        from: version(old),
        to: version(new),
        besides: words(besides),
        approved_in: approvals
            .iter()
            .map(|approved| approved.environment.clone())
            .collect(),
        approvals,
        not_approved_in: left,
        lock,
    }
}
