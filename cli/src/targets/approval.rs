//! Decides whether a target may run: by what was approved before, or by what the person at the terminal says now.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bowline_app::Digest;
use bowline_host::{Approval, Origin, Revocation, Want, Wants};
use clap::ArgMatches;

use super::approvals::{Approvals, Record};
use super::hex;
use super::lock::{FILE, Lock};
use super::watch::Watch;
use crate::ask::Asker;
use crate::error::Error;
use crate::exit::Exit;
use crate::output;
use crate::paths::Paths;
use crate::text;
use crate::variables::Variables;

/// What the command line says of approvals.
#[derive(Clone, Debug)]
pub struct Say {
    /// The environment whose approvals count.
    pub environment: String,
    /// Digests of `--approve`.
    approve: BTreeSet<Digest>,
    /// Origins of `--allow-private`.
    private: BTreeSet<Origin>,
    /// `--yes`: what the lock file approves, the user approves.
    yes: bool,
    /// `--locked`: the lock file's approvals count, and no others.
    locked: bool,
    /// Whether the verb has `--locked`.
    can_lock: bool,
    asker: Asker,
}

/// A target that asks.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// What messages call it.
    pub name: &'a str,
    /// What it calls itself: by that name its login is kept.
    pub own_name: &'a str,
    /// Its own version.
    pub version: &'a str,
    /// SHA-256 of its file.
    pub digest: Digest,
    /// What it asks for.
    pub wants: &'a Wants,
}

/// Where an approval comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Basis {
    /// The target came with bowline.
    BuiltIn,
    /// The user approved it earlier.
    Stored,
    /// The project's lock file, and the user's word that it counts.
    Locked,
    /// `--approve` on this command line.
    CommandLine,
    /// The person at the terminal, just now.
    Person,
}

/// An approval of one target in one environment, and where it comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Given {
    /// What is approved.
    pub approval: Approval,
    /// On whose word.
    pub basis: Basis,
    target: Digest,
    wants: Wants,
    environment: String,
}

impl Say {
    /// Reads the flags of approvals, as [`crate::command`] declares them, for this environment.
    ///
    /// # Errors
    /// A value that can't be read, as usage.
    pub fn read(
        matches: &ArgMatches,
        environment: &str,
        variables: &Variables,
    ) -> Result<Self, Error> {
        let values = |name: &str| {
            let found = matches.try_get_many::<String>(name).ok().flatten();
            found.into_iter().flatten().cloned().collect::<Vec<_>>()
        };
        let flag = |name: &str| matches.try_get_one::<bool>(name).ok().flatten() == Some(&true);
        let can_lock = matches.try_contains_id("locked").is_ok();
        let mut approve = BTreeSet::new();
        for text in values("approve") {
            approve.insert(hex::parse(&text).ok_or_else(|| {
                Error::new(
                    Exit::Usage,
                    format!("the value of --approve is not a digest: '{text}'"),
                )
                .hint("write it as `sha256:` and 64 lower-case hexadecimal digits")
            })?);
        }
        let mut private = BTreeSet::new();
        for text in values("allow-private") {
            private.insert(text.parse().map_err(|error| {
                Error::new(
                    Exit::Usage,
                    format!(
                        "the value of --allow-private is not an origin{}",
                        text::quoted(&text)
                    ),
                )
                .cause(&error)
                .hint("write it as https://api.example.com, with a port if it has one")
            })?);
        }
        Ok(Self {
            environment: environment.to_owned(),
            approve,
            private,
            yes: flag("yes"),
            locked: flag("locked"),
            can_lock,
            asker: Asker::find(matches.get_flag("no-input"), variables),
        })
    }

    /// Who can be asked.
    #[must_use]
    pub fn asker(&self) -> Asker {
        self.asker
    }
}

/// Decides. `stored` and `locked` are what was approved of this digest in this environment.
///
/// # Errors
/// [`Exit::NotApproved`] with what it asks for and how to approve it; [`Exit::Usage`] for an `--allow-private` that has no effect.
pub fn decide(
    asking: &Asking<'_>,
    say: &Say,
    stored: Option<&Approval>,
    locked: Option<&Approval>,
) -> Result<Given, Error> {
    refuse_idle(asking, say)?;
    let covers = |approval: &&Approval| asking.wants.beyond(&approval.wants).is_empty();
    let with_private = |approval: Approval| {
        let origins = say.private.iter().cloned();
        origins.fold(approval, Approval::with_private)
    };
    let given =
        |approval, basis| Given::new(asking, &say.environment, with_private(approval), basis);
    if say.locked {
        return match locked.filter(covers) {
            Some(approval) => Ok(given(approval.clone(), Basis::Locked)),
            None => Err(not_approved(asking, &say.environment, locked).hint(format!(
                "--locked counts what {FILE} approves for the environment '{}' only; `bowline target add <target> --lock -e {}` \
                 approves more",
                say.environment, say.environment
            ))),
        };
    }
    if let Some(approval) = stored.filter(covers) {
        return Ok(given(approval.clone(), Basis::Stored));
    }
    let wanted = || match stored {
        Some(approval) => renewed(approval, asking.wants),
        None => Approval::of(asking.wants.clone()),
    };
    if say.approve.contains(&asking.digest) {
        return Ok(given(wanted(), Basis::CommandLine));
    }
    if say.yes
        && let Some(approval) = locked.filter(covers)
    {
        return Ok(given(approval.clone(), Basis::Locked));
    }
    // What stands in a lock file saves nobody the look at it.
    if say.asker == Asker::Person {
        let wanted = with_private(wanted());
        output::line(&question(asking, stored, &wanted));
        let question = format!("Allow that in the environment '{}'?", say.environment);
        if say.asker.confirm(&question)? == Some(true) {
            return Ok(given(wanted, Basis::Person));
        }
        return Err(Error::new(
            Exit::NotApproved,
            format!("you did not approve the target '{}'", asking.name),
        ));
    }
    Err(refused(
        asking,
        say,
        stored,
        locked.filter(covers).is_some(),
    ))
}

/// What was approved earlier, of this version or the one before, made to fit what is asked for now. Limits stay, and so do private
/// addresses of origins that are still declared.
#[must_use]
pub fn renewed(approved: &Approval, wants: &Wants) -> Approval {
    let declared = declared(wants);
    let mut renewed = approved.clone();
    renewed.wants = wants.clone();
    renewed.private.retain(|origin| declared.contains(origin));
    renewed
}

/// The origins that a target names itself.
fn declared(wants: &Wants) -> BTreeSet<&Origin> {
    let settings = wants.settings.values();
    wants
        .network
        .iter()
        .map(bowline_host::Rule::origin)
        .chain(settings.filter_map(|setting| setting.default_server.as_ref()))
        .collect()
}

fn refused(asking: &Asking<'_>, say: &Say, stored: Option<&Approval>, lock_holds: bool) -> Error {
    let digest = hex::text(&asking.digest);
    let mut made = not_approved(asking, &say.environment, stored);
    if lock_holds {
        let flags = if say.can_lock {
            "`--yes` or `--locked`"
        } else {
            "`--yes`"
        };
        made = made.hint(format!("{FILE} approves it: {flags} says that this counts"));
    } else if say.yes {
        made = made.hint(format!(
            "--yes approves nothing that {FILE} does not hold already"
        ));
    }
    if !say.approve.is_empty() {
        made = made.hint("the digests of --approve are others");
    }
    made.hint(format!(
        "if you trust it with that, run again on a terminal, which asks you, or with `--approve {digest}`"
    ))
}

/// The error of a target that asks for more than is approved in this environment, with what that is.
#[must_use]
pub fn not_approved(asking: &Asking<'_>, environment: &str, approved: Option<&Approval>) -> Error {
    let missing = missing(asking, approved);
    let what = match approved {
        Some(_) => "asks for more than was approved",
        None => "is not approved",
    };
    Error::new(
        Exit::NotApproved,
        format!(
            "the target '{}' {} {what} in the environment '{environment}'",
            asking.name, asking.version
        ),
    )
    .excerpt(format!("it wants to\n{}", listed(asking, &missing)))
}

fn missing(asking: &Asking<'_>, approved: Option<&Approval>) -> Vec<Want> {
    match approved {
        Some(approval) => asking.wants.beyond(&approval.wants),
        None => asking.wants.all(),
    }
}

/// One line for each, in words.
fn listed(asking: &Asking<'_>, wants: &[Want]) -> String {
    if wants.is_empty() {
        return "- compute, without anything of yours".to_owned();
    }
    let lines: Vec<String> = wants
        .iter()
        .map(|want| format!("- {}", said(asking, want)))
        .collect();
    lines.join("\n")
}

/// The login may be another target's, for any file can take any name.
fn said(asking: &Asking<'_>, want: &Want) -> String {
    match want {
        Want::Login => format!(
            "log in to its platform, or use the login that is kept for '{}', and put what proves it into later requests",
            text::one_line(asking.own_name)
        ),
        other => other.to_string(),
    }
}

/// What the person is asked: what is wanted besides `stored`, and what goes along with it in `wanted`.
fn question(asking: &Asking<'_>, stored: Option<&Approval>, wanted: &Approval) -> String {
    let Asking {
        name,
        version,
        digest,
        ..
    } = asking;
    let missing = listed(asking, &missing(asking, stored)).replace('\n', "\n  ");
    let besides = if stored.is_some() {
        ", besides what you approved earlier,"
    } else {
        ""
    };
    let mut text = format!(
        "The target '{}' {} ({}) wants{besides} to\n  {missing}\n",
        text::one_line(name),
        text::one_line(version),
        hex::text(digest)
    );
    if !wanted.private.is_empty() {
        let origins: Vec<String> = wanted.private.iter().map(ToString::to_string).collect();
        text.push_str(&format!(
            "and you let it reach {} at a private address.\n",
            origins.join(", ")
        ));
    }
    if !wanted.limits.is_empty() {
        let limits = wanted.limits.iter();
        let limits: Vec<String> = limits
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        text.push_str(&format!(
            "and you gave it other limits: {}.\n",
            text::one_line(&limits.join(", "))
        ));
    }
    text.push_str(
        "It reads the whole application. It gets no files, no sockets, no variables but those above, and has limits of memory, time \
         and requests.",
    );
    text
}

/// Refuses `--allow-private` for an origin that the target does not declare: those of settings may be anywhere.
fn refuse_idle(asking: &Asking<'_>, say: &Say) -> Result<(), Error> {
    let declared = declared(asking.wants);
    let Some(idle) = say.private.iter().find(|origin| !declared.contains(origin)) else {
        return Ok(());
    };
    let declares = match declared.len() {
        0 => "it declares none".to_owned(),
        _ => {
            let origins: Vec<String> = declared.iter().map(ToString::to_string).collect();
            format!("it declares {}", origins.join(", "))
        }
    };
    Err(Error::new(
        Exit::Usage,
        format!(
            "--allow-private {idle} has no effect: the target '{}' does not declare that origin",
            asking.name
        ),
    )
    .hint(declares)
    .hint("servers that you name in settings may be at private addresses without it"))
}

/// Decides by the user's approvals and a lock file, and keeps what the person at the terminal says.
///
/// # Errors
/// As [`decide`], and when the approvals can't be read or written.
pub fn settle(
    asking: &Asking<'_>,
    say: &Say,
    locked: Option<&Approval>,
    paths: &Paths,
) -> Result<Given, Error> {
    let approvals = Approvals::new(paths.approvals());
    // A broken file must not keep a pipeline from going by its lock file.
    let stored = if say.locked {
        None
    } else {
        approvals.find(&asking.digest, &say.environment)?
    };
    let given = decide(asking, say, stored.as_ref(), locked)?;
    if given.basis == Basis::Person {
        approvals.keep(vec![Record {
            target: asking.digest,
            name: asking.name.to_owned(),
            environment: say.environment.clone(),
            approved: given.approval.clone(),
        }])?;
    }
    Ok(given)
}

impl Given {
    fn new(asking: &Asking<'_>, environment: &str, approval: Approval, basis: Basis) -> Self {
        Self {
            approval,
            basis,
            target: asking.digest,
            wants: asking.wants.clone(),
            environment: environment.to_owned(),
        }
    }

    /// The environment that it is for.
    #[must_use]
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// That of the target that comes with bowline, which needs nobody's word.
    #[must_use]
    pub fn built_in(asking: &Asking<'_>, say: &Say) -> Self {
        let approval = Approval::of(asking.wants.clone());
        Self::new(asking, &say.environment, approval, Basis::BuiltIn)
    }

    /// Watches the file that it stands in while the target runs; once it is not there any more, revokes the run's grant and tells
    /// `tell`. `from` is the application whose lock file it may be. Nothing is watched for the built-in target, and for an
    /// approval on the command line. Needs a tokio runtime.
    #[must_use]
    pub fn watch(
        &self,
        from: &Path,
        paths: &Paths,
        revocation: Revocation,
        tell: impl FnOnce() + Send + 'static,
    ) -> Option<Watch> {
        let Self {
            target,
            environment,
            wants,
            ..
        } = self.clone();
        match self.basis {
            Basis::BuiltIn | Basis::CommandLine => None,
            Basis::Stored | Basis::Person => {
                let approvals = Approvals::new(paths.approvals());
                let look = move || {
                    let now = approvals.find(&target, &environment)?;
                    Ok(now.is_some_and(|now| wants.beyond(&now.wants).is_empty()))
                };
                Some(Watch::start(look, revocation, tell))
            }
            Basis::Locked => {
                let from = PathBuf::from(from);
                let look = move || {
                    let lock = Lock::read(&from)?;
                    Ok(lock
                        .is_some_and(|lock| lock.covering(&target, &environment, &wants).is_some()))
                };
                Some(Watch::start(look, revocation, tell))
            }
        }
    }
}

#[cfg(test)]
mod tests;
