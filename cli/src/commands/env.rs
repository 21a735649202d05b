//! `bowline env`: what is kept for each place that one deploys to.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::ArgMatches;
use zeroize::Zeroizing;

use super::deploy::Context;
use crate::credentials::{Credentials, Record};
use crate::description::Setting;
use crate::environments::{self, Environment, Environments, old};
use crate::error::Error;
use crate::exit::Exit;
use crate::output;
use crate::output::environment::{
    Approved, Changed, Listed, Listing, LoginState, Removed, SecretState, Shown, Used,
};
use crate::paths::Paths;
use crate::settings::gather::owner;
use crate::settings::kind::Kind;
use crate::settings::{flags, host, servers};
use crate::targets::approvals::Approvals;
use crate::targets::{Asked, Choice, Source, hex};
use crate::text;
use crate::variables::Variables;

/// The files that say everything of environments.
struct Files<'a> {
    paths: Paths,
    environments: Environments,
    approvals: Approvals,
    credentials: Credentials,
    variables: &'a Variables,
}

impl<'a> Files<'a> {
    fn new(variables: &'a Variables) -> Result<Self, Error> {
        let paths = Paths::find(variables)?;
        Ok(Self {
            environments: Environments::new(&paths),
            approvals: Approvals::new(paths.approvals()),
            credentials: Credentials::new(&paths, variables)?,
            paths,
            variables,
        })
    }

    /// The environment of this name, with what is set for it.
    fn existing(&self, name: &str) -> Result<Environment, Error> {
        environments::check_name(name, "the argument NAME")?;
        let known = environments::known(&self.paths, &self.credentials, None)?;
        if !known.contains(name) {
            return Err(environments::unknown(name, &known));
        }
        let document = self.environments.read()?;
        Ok(document.find(name).cloned().unwrap_or(Environment {
            name: name.to_owned(),
            ..Environment::default()
        }))
    }

    fn login(&self, environment: &str) -> Result<Option<LoginState>, Error> {
        let mut kept = self.credentials.of(environment)?.into_iter();
        if let Some(record) = kept.find(|record| record.setting.is_none()) {
            return Ok(Some(LoginState::of(&record)));
        }
        let Some(folder) = self.paths.old_logins() else {
            return Ok(None);
        };
        Ok(old::read(folder, environment)?.map(|login| LoginState::old(&login)))
    }
}

/// All environments of which something is known.
///
/// # Errors
/// When one of the files can't be read.
pub(crate) fn list(variables: &Variables) -> Result<Listing, Error> {
    let files = Files::new(variables)?;
    let document = files.environments.read()?;
    let current = files.environments.select(None, variables)?;
    let known = environments::known(&files.paths, &files.credentials, None)?;
    let mut listed = Vec::new();
    for name in known {
        let environment = document.find(&name).cloned().unwrap_or_default();
        listed.push(Listed {
            is_current: current.name() == name,
            target: environment.target,
            settings: environment.settings,
            approvals: files.approvals.within(&name)?.len(),
            login: files.login(&name)?,
            name,
        });
    }
    Ok(Listing {
        environments: listed,
    })
}

/// One of them.
///
/// # Errors
/// When there is none of that name; as [`list`].
pub(crate) fn show(matches: &ArgMatches, variables: &Variables) -> Result<Shown, Error> {
    let files = Files::new(variables)?;
    let current = files.environments.select(None, variables)?;
    let name = given(matches).unwrap_or_else(|| current.name().to_owned());
    let environment = files.existing(&name)?;
    let approvals = files.approvals.within(&name)?.into_iter();
    let secrets = files.credentials.of(&name)?;
    Ok(Shown {
        is_current: current.name() == name,
        target: environment.target,
        settings: environment.settings,
        secrets: secrets
            .iter()
            .filter_map(|record| {
                Some(SecretState {
                    setting: record.setting.clone()?,
                    servers: record.servers.values().cloned().collect(),
                    kept_in: record.place(),
                })
            })
            .collect(),
        allowed_servers: environment.allowed_servers,
        approved: approvals
            .map(|record| Approved {
                target: record.name,
                digest: hex::text(&record.target),
            })
            .collect(),
        login: files.login(&name)?,
        name,
    })
}

/// Sets target, settings and servers, all or nothing. The environment is made where it is missing.
///
/// # Errors
/// [`Exit::Usage`] for a name that is none, settings that the target doesn't have, values of another kind, and a secret without the
/// server that it is for.
pub(crate) fn set(matches: &ArgMatches, variables: &Variables) -> Result<Changed, Error> {
    let files = Files::new(variables)?;
    let name = given(matches).unwrap_or_default();
    environments::check_name(&name, "the argument NAME")?;
    let context = context(matches, &files, &name)?;
    let mut known = host::bindle(false);
    known.extend(context.description.settings.iter().cloned());

    let before = &context.environment.environment;
    let mut environment = before.clone();
    if let Some(target) = matches.get_one::<OsString>("target") {
        environment.target = Some(target_text(target)?);
    }
    let mut forgotten = Vec::new();
    for unset in values(matches, "unset") {
        if unset == "target" {
            environment.target = None;
        } else if environment.settings.remove(&unset).is_none() {
            let setting = find(&known, &unset, &context)?;
            forgotten.push((owner(setting, &context).to_owned(), unset));
        }
    }
    for origin in values(matches, servers::FLAG) {
        let origin = servers::parse(&origin, servers::FLAG)?;
        environment.allowed_servers.insert(origin);
    }
    for origin in values(matches, "forget-server") {
        let origin = servers::parse(&origin, "forget-server")?;
        environment.allowed_servers.remove(&origin);
    }
    let mut secrets = Vec::new();
    let mut stdin_by = None;
    for pair in values(matches, "SETTING") {
        let pair = Zeroizing::new(pair);
        let (setting, text) = pair.split_once('=').ok_or_else(|| {
            Error::new(
                Exit::Usage,
                // Not repeated: it may be a secret.
                "what stands after the environment's name is no SETTING=VALUE",
            )
            .hint("write a setting as its flag without the dashes: hippo-url=https://hippo.example.com")
        })?;
        let setting = find(&known, setting, &context)?;
        if setting.kind == Kind::Secret {
            let secret = flags::secret(text, &setting.name, &mut stdin_by, &mut flags::stdin)?;
            refuse_empty(setting, &secret)?;
            secrets.push((setting, secret));
        } else {
            refuse_empty(setting, text)?;
            setting.kind.check(text).map_err(|why| {
                Error::new(Exit::Usage, format!("the value of {} {why}", setting.name))
            })?;
            environment
                .settings
                .insert(setting.name.clone(), text.to_owned());
        }
    }
    // Before anything is written: all of it, or nothing.
    let secrets = secrets
        .into_iter()
        .map(|(setting, secret)| Ok((record(setting, &known, &environment, &context)?, secret)))
        .collect::<Result<Vec<_>, Error>>()?;
    let mut kept = Vec::new();
    files.environments.change(|document| {
        let there = document.of(&name);
        if there != before {
            let message = format!("somebody else has changed the environment '{name}' meanwhile");
            return Err(Error::new(Exit::Conflict, message)
                .hint("nothing was set: run the same command again"));
        }
        for (record, secret) in secrets {
            let secret = bowline_host::Secret::new(secret.as_str());
            let record = files.credentials.keep(record, &secret)?;
            kept.push(SecretState {
                setting: record.setting.clone().unwrap_or_default(),
                servers: record.servers.values().cloned().collect(),
                kept_in: record.place(),
            });
        }
        *there = environment.clone();
        Ok(())
    })?;
    if !forgotten.is_empty() {
        files.credentials.forget(|record| {
            let is = |(owner, setting): &(String, String)| {
                record.environment == name
                    && record.target == *owner
                    && record.setting.as_ref() == Some(setting)
            };
            forgotten.iter().any(is)
        })?;
    }
    Ok(Changed {
        name,
        target: environment.target,
        settings: environment.settings,
        allowed_servers: environment.allowed_servers,
        secrets: kept,
    })
}

/// Forgets everything of an environment.
///
/// # Errors
/// When there is none of that name, or something can't be written.
pub(crate) fn remove(matches: &ArgMatches, variables: &Variables) -> Result<Removed, Error> {
    let files = Files::new(variables)?;
    let name = given(matches).unwrap_or_default();
    files.existing(&name)?;
    let secrets = files
        .credentials
        .forget(|record| record.environment == name)?;
    let revoked = files.approvals.close(&name)?;
    let left = left_behind(&files.paths, &name);
    files.environments.change(|document| {
        document.environments.retain(|it| it.name != name);
        if document.current.as_ref() == Some(&name) {
            document.current = None;
        }
        Ok(())
    })?;
    Ok(Removed {
        name,
        logged_out: secrets.iter().any(|record| record.setting.is_none()),
        secrets: secrets
            .into_iter()
            .filter_map(|record| record.setting)
            .collect(),
        revoked: revoked.into_iter().map(|record| record.name).collect(),
        left,
    })
}

/// Sets the environment that is used where nothing names one.
///
/// # Errors
/// When there is none of that name, or the file can't be written.
pub(crate) fn select(matches: &ArgMatches, variables: &Variables) -> Result<Used, Error> {
    let files = Files::new(variables)?;
    let name = given(matches).unwrap_or_default();
    files.existing(&name)?;
    files.environments.change(|document| {
        document.current = (name != environments::DEFAULT).then(|| name.clone());
        Ok(())
    })?;
    let overruled = variables
        .os(environments::VARIABLE)
        .is_some_and(|other| other != name.as_str());
    Ok(Used { name, overruled })
}

/// The file of an old tool's login, which bowline leaves where it is.
/// One that can't be read is left as well, with a warning.
pub(crate) fn left_behind(paths: &Paths, environment: &str) -> Option<String> {
    match old::read(paths.old_logins()?, environment) {
        Ok(login) => login.map(|login| login.path.display().to_string()),
        Err(error) => {
            output::warning(&error.with_causes());
            None
        }
    }
}

/// What goes into the environment's record for a target that somebody names here.
///
/// # Errors
/// When it names none.
pub(crate) fn target_text(target: &OsString) -> Result<String, Error> {
    let choice = Choice::parse(target)?;
    let text = match choice {
        // The next command may run in another folder.
        Choice::At(Source::File(path)) => {
            let path: PathBuf = std::path::absolute(&path).map_err(|error| {
                Error::new(Exit::Usage, format!("no target is at {}", path.display())).cause(&error)
            })?;
            path.into_os_string()
        }
        _ => target.clone(),
    };
    text.into_string().map_err(|text| {
        Error::new(
            Exit::Usage,
            format!("the path of the target is no text: {}", text.display()),
        )
        .hint("install it with `bowline target add`, and give its name")
    })
}

/// The target of the environment that is to be changed, and what it declares.
fn context(matches: &ArgMatches, files: &Files<'_>, name: &str) -> Result<Context, Error> {
    let asked = Asked {
        target: matches.get_one::<OsString>("target").cloned(),
        environment: Some(name.into()),
        quiet: matches.get_flag("quiet"),
        ..Asked::default()
    };
    // Where the target that is kept can't be had any more, another one can still be set, or none.
    let gone = values(matches, "unset")
        .iter()
        .any(|unset| unset == "target");
    let asked = match asked.target {
        None if gone => Asked {
            target: Some(crate::target::BUILT_IN.into()),
            ..asked
        },
        _ => asked,
    };
    Context::find(&asked, files.variables, &Arc::default())
}

fn find<'a>(known: &'a [Setting], name: &str, context: &Context) -> Result<&'a Setting, Error> {
    if let Some(setting) = known.iter().find(|setting| setting.name == name) {
        return Ok(setting);
    }
    let near = known
        .iter()
        .map(|setting| (strsim::damerau_levenshtein(name, &setting.name), setting))
        .filter(|(distance, _)| *distance <= 3)
        .min_by_key(|(distance, _)| *distance);
    let made = Error::new(
        Exit::Usage,
        format!(
            "the target '{}' has no setting '{}'",
            context.description.name,
            text::one_line(name)
        ),
    );
    let made = match near {
        Some((_, setting)) => made.hint(format!("did you mean '{}'?", setting.name)),
        None => made,
    };
    Err(made.hint("`bowline settings` shows those that it has"))
}

fn refuse_empty(setting: &Setting, value: &str) -> Result<(), Error> {
    if value.is_empty() {
        return Err(
            Error::new(Exit::Usage, format!("{} has an empty value", setting.name))
                .hint(format!("`--unset {}` forgets its value", setting.name)),
        );
    }
    Ok(())
}

/// What is to be kept with a secret setting: the servers that it is for are those of the environment itself.
fn record(
    setting: &Setting,
    known: &[Setting],
    environment: &Environment,
    context: &Context,
) -> Result<Record, Error> {
    let owner = owner(setting, context);
    let mut record = Record::new(&environment.name, owner, context.target.digest());
    record.setting = Some(setting.name.clone());
    record.belongs_to.clone_from(&setting.belongs_to);
    let value = |name: &str| {
        let set = environment.settings.get(name).cloned();
        set.or_else(|| known.iter().find(|it| it.name == name)?.default.clone())
    };
    record.servers = servers::of(setting.belongs_to.as_deref(), known, value);
    match &setting.belongs_to {
        Some(server) if record.servers.is_empty() => Err(Error::new(
            Exit::Usage,
            format!(
                "{} is a secret for the server of {server}, which is not set for the environment '{}'",
                setting.name, environment.name
            ),
        )
        .hint(format!(
            "give {server} as well: a secret is kept for one server, and goes to no other"
        ))),
        _ => Ok(record),
    }
}

fn given(matches: &ArgMatches) -> Option<String> {
    matches.get_one::<String>("NAME").cloned()
}

fn values(matches: &ArgMatches, name: &str) -> Vec<String> {
    let given = matches.get_many::<String>(name);
    given.into_iter().flatten().cloned().collect()
}
