//! Gathers what every source says of the settings of one run, and decides what of it counts.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgMatches;

use super::project::Project;
use super::servers::{self, Decision};
use super::{Settings, Source, Sources, Value, flags, host};
use crate::ask::Asker;
use crate::commands::deploy::Context;
use crate::credentials::{Credentials, Record};
use crate::description::Setting;
use crate::environments::old::{self, OldLogin};
use crate::error::Error;
use crate::settings::kind::Kind;
use crate::variables::Variables;

/// Under which target's name secrets of the Bindle server are kept: they are bowline's own.
pub(crate) const OWN: &str = "bindle";

/// All that is said of the settings.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// Bowline's own, then the target's.
    pub(crate) settings: Vec<Setting>,
    /// Their values.
    pub(crate) values: Settings,
    /// What should be known of it, a warning each.
    pub(crate) notes: Vec<String>,
    /// The login of an old tool, where it is what there is.
    pub(crate) old: Option<OldLogin>,
    pub(crate) credentials: Credentials,
    allowed: BTreeSet<String>,
}

impl Gathered {
    /// Reads flags, standard input where a flag says so, variables, the project's files, and what is kept for the environment.
    ///
    /// # Errors
    /// Whatever is wrong with one of them, and values that exclude each other. That something is missing is none.
    pub(crate) fn read(
        matches: &ArgMatches,
        context: &Context,
        variables: &Variables,
    ) -> Result<Self, Error> {
        let description = &context.description;
        let mut settings = host::bindle(description.uses_bindle);
        settings.extend(description.settings.iter().cloned());
        let given = flags::read(&settings, matches, &mut flags::stdin)?;
        let project = Project::read(&from(matches), &settings)?;
        let credentials = Credentials::new(&context.paths, variables)?;
        let old = old_login(context)?;
        let mut notes = project.notes;
        let environment = kept(context, &settings, old.as_ref());
        let sources = Sources {
            flags: &given,
            variables,
            project: &project.values,
            environment: &environment,
        };
        let values = super::resolve(&settings, &sources, |setting, found| {
            let secret = secret(setting, found, context, &settings, &credentials, &mut notes)?;
            Ok(secret.or_else(|| old_secret(setting, found, old.as_ref())))
        })?;
        if let Some(old) = old.as_ref().filter(|old| old.insecure) {
            notes.push(format!(
                "the login in {} was made without checking certificates, which is not taken over: `--ca-file` trusts an \
                 authority, `-k` every server",
                old.path.display()
            ));
        }
        Ok(Self {
            settings,
            values,
            notes,
            old,
            credentials,
            allowed: allowed(matches)?,
        })
    }

    /// Decides about the servers that the project names, and asks for what is required and missing.
    ///
    /// # Errors
    /// A server that is not allowed; what is missing where nobody can be asked, all at once.
    pub(crate) fn complete(&mut self, context: &Context, asker: Asker) -> Result<(), Error> {
        let decision = Decision {
            environment: &context.environment.environment,
            allowed: &self.allowed,
            asker,
            paths: &context.paths,
        };
        decision.check(&self.settings, &self.values)?;
        let missing = super::missing(&self.settings, &self.values);
        if let Some(error) = super::refuse_missing(&missing) {
            let askable = missing.iter().all(|setting| setting.prompt.is_some());
            if asker == Asker::Nobody || !askable {
                return Err(error);
            }
            let mut answers = Vec::new();
            for setting in missing {
                let answer = asker.value(setting, None, None)?;
                let answer = answer.ok_or_else(|| error.clone())?;
                answers.push((setting.name.clone(), answer));
            }
            for (name, answer) in answers {
                self.values.answer(&name, answer);
            }
        }
        self.complete_bindle(asker)
    }

    /// Asks for the password of the user for the Bindle server, where that is missing.
    fn complete_bindle(&mut self, asker: Asker) -> Result<(), Error> {
        let is_given = |name: &str| self.values.get(name).is_some();
        if !is_given(host::BINDLE_USERNAME) || is_given(host::BINDLE_PASSWORD) {
            return Ok(());
        }
        let mut settings = self.settings.iter();
        let Some(password) = settings.find(|it| it.name == host::BINDLE_PASSWORD) else {
            return Ok(());
        };
        let server = self.values.get(host::BINDLE_SERVER);
        let server = server.and_then(|server| servers::origin(server.text()));
        // Without an answer the user stays without a password, which is refused where both are read.
        if let Some(answer) = asker.value(password, server.as_deref(), None)? {
            self.values.answer(host::BINDLE_PASSWORD, answer);
        }
        Ok(())
    }
}

/// The application that a command is about.
pub(crate) fn from(matches: &ArgMatches) -> PathBuf {
    let from = matches.try_get_one::<OsString>("from").ok().flatten();
    from.map_or_else(|| PathBuf::from("."), PathBuf::from)
}

fn allowed(matches: &ArgMatches) -> Result<BTreeSet<String>, Error> {
    let given = matches.try_get_many::<String>(servers::FLAG).ok().flatten();
    let given = given.into_iter().flatten();
    given
        .map(|text| servers::parse(text, servers::FLAG))
        .collect()
}

/// An old tool's login counts for the built-in target, as long as the user has not told bowline another server.
fn old_login(context: &Context) -> Result<Option<OldLogin>, Error> {
    let environment = &context.environment.environment;
    match context.paths.old_logins() {
        Some(folder)
            if context.target.is_built_in()
                && !environment.settings.contains_key(old::URL_SETTING) =>
        {
            old::read(folder, &environment.name)
        }
        _ => Ok(None),
    }
}

/// What was set for the environment, before what an old tool left for it.
fn kept(
    context: &Context,
    settings: &[Setting],
    old: Option<&OldLogin>,
) -> BTreeMap<String, Value> {
    let mut values = BTreeMap::new();
    if let Some(old) = old {
        let source = || Source::OldLogin(old.path.display().to_string());
        for (name, text) in old.settings() {
            let value = Value::new(text.to_owned().into(), source());
            values.insert(name.to_owned(), value);
        }
    }
    let environment = &context.environment.environment;
    for (name, text) in &environment.settings {
        let source = Source::Environment(environment.name.clone());
        values.insert(name.clone(), Value::new(text.clone().into(), source));
    }
    let known = |name: &String| {
        settings
            .iter()
            .any(|it| it.name == *name && it.kind != Kind::Secret)
    };
    values.retain(|name, _| known(name));
    values
}

/// A secret that is kept for the environment, if the servers are still those that it was given for.
fn secret(
    setting: &Setting,
    found: &Settings,
    context: &Context,
    settings: &[Setting],
    credentials: &Credentials,
    notes: &mut Vec<String>,
) -> Result<Option<Value>, Error> {
    let environment = context.environment.name();
    let owner = owner(setting, context);
    let Some(record) = credentials.find(environment, owner, Some(&setting.name))? else {
        return Ok(None);
    };
    let now = servers::of(setting.belongs_to.as_deref(), settings, |name| {
        found.get(name).map(|value| value.text().to_owned())
    });
    // A target of the same name may say something else of it than the one that it was kept for.
    let moved = (record.belongs_to != setting.belongs_to)
        .then(|| "the target says now that it belongs to another server".to_owned());
    if let Some(why) = moved.or_else(|| elsewhere(&record, &now, context)) {
        notes.push(format!(
            "{} that is kept for the environment '{environment}' is not used: {why}",
            setting.name
        ));
        return Ok(None);
    }
    match credentials.secret(&record) {
        Ok(secret) => {
            let source = Source::Environment(environment.to_owned());
            let text = secret.expose().to_owned();
            Ok(Some(Value::new(text.into(), source)))
        }
        Err(trouble) => {
            notes.push(trouble.with_causes());
            Ok(None)
        }
    }
}

/// Whose setting it is, as secrets are kept by.
pub(crate) fn owner<'a>(setting: &Setting, context: &'a Context) -> &'a str {
    let targets = &context.description.settings;
    if targets.iter().any(|it| it.name == setting.name) {
        &context.description.name
    } else {
        OWN
    }
}

/// Why a kept secret is not for the servers that the settings name now; nothing when it is.
pub(crate) fn elsewhere(
    record: &Record,
    now: &BTreeMap<String, String>,
    context: &Context,
) -> Option<String> {
    for (setting, origin) in &record.servers {
        match now.get(setting) {
            Some(current) if current == origin => {}
            Some(current) => {
                return Some(format!(
                    "it is for {origin}, and {setting} is {current} now"
                ));
            }
            None => return Some(format!("it is for {origin}, and {setting} has no value")),
        }
    }
    // Without a server of its own a secret may go wherever the target may send requests.
    let is_bound = record.belongs_to.is_some() && !record.servers.is_empty();
    if !is_bound && (record.servers != *now || record.digest != context.target.digest()) {
        return Some("it was kept for another build of the target, or other servers".to_owned());
    }
    None
}

fn old_secret(setting: &Setting, found: &Settings, old: Option<&OldLogin>) -> Option<Value> {
    let old = old?;
    let password = old.bindle_password.as_ref()?;
    let server = found.get(host::BINDLE_SERVER)?;
    let same = servers::origin(old.bindle_url.as_deref()?) == servers::origin(server.text());
    (setting.name == host::BINDLE_PASSWORD && same).then(|| {
        Value::new(
            password.expose().to_owned().into(),
            Source::OldLogin(old.path.display().to_string()),
        )
    })
}
