//! `bowline login`, `bowline logout` and `bowline whoami`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use bowline_host::{Ask, Secret, Session};
use clap::ArgMatches;

use super::deploy::{self, Context};
use super::env;
use crate::credentials::{Credentials, Record};
use crate::environments::{self, Environments};
use crate::error::Error;
use crate::exit::Exit;
use crate::fault;
use crate::limits;
use crate::login::{self, Found, Login};
use crate::network::{self, Flags};
use crate::output;
use crate::output::login::{Basis, LoggedIn, LoggedOut, Out, WhoAmI};
use crate::paths::Paths;
use crate::progress::{Progress, Style};
use crate::settings::gather::{Gathered, OWN, from};
use crate::settings::kind::Kind;
use crate::settings::{host, servers};
use crate::targets::approval::Say;
use crate::variables::Variables;

/// Logs in, keeps the login, and of the settings those that were given for it: the next deploy needs none of them.
///
/// # Errors
/// What is missing or wrong with the settings; a target without logins; whatever the login failed by.
pub(crate) fn login(
    matches: &ArgMatches,
    context: &Context,
    variables: &Variables,
) -> Result<LoggedIn, Error> {
    let mut gathered = Gathered::read(matches, context, variables)?;
    let say = Say::read(matches, context.environment.name(), variables)?;
    // A login needs no server to push to.
    for setting in &mut gathered.settings {
        if setting.name == host::BINDLE_SERVER {
            setting.required = false;
        }
    }
    gathered.complete(context, say.asker())?;
    let given = context.approve(&say)?;
    let style = Style::choose(matches.get_flag("quiet"), matches.get_count("verbose") > 0);
    let progress = Arc::new(Progress::new(style).telling(&context.events));
    for note in &gathered.notes {
        progress.warning(note);
    }
    let http = Flags::read(matches).client(variables, |warning| progress.warning(warning))?;
    let target = context.target.load(&context.paths)?;
    let name = &context.description.name;
    if !target.can_authenticate() {
        return Err(
            Error::new(Exit::Usage, format!("the target '{name}' has no login"))
                .hint("`bowline settings` shows what it has to be told"),
        );
    }
    let recording = super::journal::Recording::begin("login", context.environment.name(), context)?;
    let http = recording.client(&http);
    let login = Arc::new(Login::new(
        &gathered,
        context,
        say.asker(),
        Arc::clone(&progress),
        true,
    ));
    let limits = limits::of(&given.approval, &limits::given(matches))?;
    let runtime = crate::runtime()?;
    let result = runtime.block_on(async {
        let mut signals = deploy::listen()?;
        let description = target
            .describe()
            .await
            .map_err(|error| fault::host(error, context.target.place()))?;
        let environment = deploy::environment(context, &gathered.values)
            .with_questions(Arc::clone(&login) as Arc<dyn Ask>);
        let session = Session::new(environment, http)
            .with_limits(limits)
            .with_observer(Arc::clone(&progress) as _)
            .granting(&description, &given.approval)
            .map_err(|error| Error::of(Exit::Usage, &error))?;
        let (heard, who) = (Arc::clone(&progress), name.clone());
        let tell = move || heard.warning(&crate::targets::taken_back(&who));
        let revocation = session.revocation.clone();
        let _watch = given.watch(&from(matches), &context.paths, revocation, tell);
        progress.start(&format!("Logging in with '{name}'"));
        match deploy::interruptible(&mut signals, target.authenticate(&session)).await {
            Some(Ok(credential)) => Ok(credential),
            Some(Err(error)) => Err(fault::operation(&error, Some(&context.description))),
            None => Err(Error::new(
                Exit::Cancelled,
                "stopped while logging in; nothing was kept",
            )),
        }
    });
    let result = result.and_then(|credential| well_behaved(&progress, name).map(|()| credential));
    recording.end(result.as_ref().err());
    if result.is_ok() {
        progress.finish();
    } else {
        progress.abandon();
    }
    runtime.shutdown_background();
    let credential = result
        .map_err(|error| network::explain(error, variables))
        .map_err(|error| keep_instead(error, &gathered, context))?;
    let record = login.keep(&credential)?;
    // A kept secret that says who somebody is would go before this login.
    let environment = context.environment.name();
    let overtaken = gathered.credentials.forget(|kept| {
        let says_who = |setting: &String| context.description.says_who(setting);
        kept.environment == environment
            && kept.target == context.description.name
            && kept.setting.as_ref().is_some_and(says_who)
    })?;
    for setting in overtaken
        .iter()
        .filter_map(|record| record.setting.as_ref())
    {
        output::warning(&format!(
            "{setting} that was kept for the environment '{environment}' is forgotten: this login takes its place"
        ));
    }
    let settings = keep_settings(matches, &gathered, context, &login)?;
    Ok(LoggedIn {
        environment: context.environment.name().to_owned(),
        target: name.clone(),
        servers: record.servers.values().cloned().collect(),
        who: record.who.clone(),
        expires_at: record.expires_at.and_then(output::time),
        clock_differs: record.seems_expired(),
        kept_in: record.place(),
        settings,
    })
}

/// The login of a target that tried what it may not is not kept.
fn well_behaved(progress: &Progress, target: &str) -> Result<(), Error> {
    let denials = progress.denials();
    let Some((first, others)) = denials.split_first() else {
        return Ok(());
    };
    let what = format!("the target '{target}' was refused {first}; its login was not kept");
    let made = fault::also_refused(Error::new(Exit::Denied, what), others);
    Err(made.hint("don't trust it with your secrets before you know why it tried, and change those that it could use"))
}

/// A token that somebody has already is no login, but can be kept.
fn keep_instead(error: Error, gathered: &Gathered, context: &Context) -> Error {
    let given = gathered.settings.iter().find(|setting| {
        setting.kind == Kind::Secret
            && context.description.says_who(&setting.name)
            && !setting.conflicts_with.is_empty()
            && gathered.values.get(&setting.name).is_some()
    });
    match given {
        Some(setting) if error.exit() == Exit::NotAuthenticated => error.hint(format!(
            "to keep {} itself: `bowline env set {} {}=@-`, and type it",
            setting.name,
            context.environment.name(),
            setting.name
        )),
        _ => error,
    }
}

/// Keeps what was given for this login and the next deploy needs as well: where the servers are, and the target. Secrets of the Bindle
/// server are kept among the credentials; the target's are not, for the login stands for them.
fn keep_settings(
    matches: &ArgMatches,
    gathered: &Gathered,
    context: &Context,
    login: &Login,
) -> Result<Vec<String>, Error> {
    let mut kept = BTreeMap::new();
    let mut secrets = Vec::new();
    for setting in &gathered.settings {
        let Some(value) = gathered.values.get(&setting.name) else {
            continue;
        };
        let who = context.description.says_who(&setting.name);
        if !value.source().is_explicit() || who {
            continue;
        }
        if setting.kind == Kind::Secret {
            if setting.name == host::BINDLE_PASSWORD {
                secrets.push((setting, Secret::new(value.text())));
            }
        } else {
            kept.insert(setting.name.clone(), value.text().to_owned());
        }
    }
    for (name, answer) in login.answers() {
        if !context.description.says_who(&name) {
            kept.insert(name, answer);
        }
    }
    let target = matches
        .get_one::<OsString>("target")
        .map(env::target_text)
        .transpose()?;
    let mut names: Vec<String> = kept.keys().cloned().collect();
    if !kept.is_empty() || target.is_some() {
        Environments::new(&context.paths).change(|document| {
            let environment = document.of(context.environment.name());
            environment.settings.extend(kept);
            if target.is_some() {
                environment.target = target;
            }
            Ok(())
        })?;
    }
    for (setting, secret) in secrets {
        let mut record = Record::new(context.environment.name(), OWN, context.target.digest());
        record.setting = Some(setting.name.clone());
        record.belongs_to.clone_from(&setting.belongs_to);
        record.servers = servers::of(setting.belongs_to.as_deref(), &gathered.settings, |name| {
            let value = gathered.values.get(name);
            value.map(|value| value.text().to_owned())
        });
        if record.servers.is_empty() {
            let belongs_to = setting.belongs_to.as_deref().unwrap_or_default();
            output::warning(&format!(
                "{} is not kept: it is for {belongs_to}, which has no value",
                setting.name
            ));
            continue;
        }
        gathered.credentials.keep(record, &secret)?;
        names.push(setting.name.clone());
    }
    Ok(names)
}

/// Forgets the logins and secrets of an environment, or of all.
///
/// # Errors
/// An environment that doesn't exist, and what can't be read or written.
pub(crate) fn logout(matches: &ArgMatches, variables: &Variables) -> Result<LoggedOut, Error> {
    let paths = Paths::find(variables)?;
    let credentials = Credentials::new(&paths, variables)?;
    let names = if matches.get_flag("all") {
        environments::known(&paths, &credentials, None)?
    } else {
        let flag = matches.get_one::<String>("environment-name");
        let flag = flag.map(std::ffi::OsStr::new);
        let selected = Environments::new(&paths).select(flag, variables)?;
        selected.must_exist(&paths, &credentials, &from(matches))?;
        [selected.name().to_owned()].into()
    };
    let gone = credentials.forget(|record| names.contains(&record.environment))?;
    let mut environments = Vec::new();
    for name in names {
        let of_it = gone.iter().filter(|record| record.environment == name);
        environments.push(Out {
            logged_out: of_it.clone().any(|record| record.setting.is_none()),
            secrets: of_it.filter_map(|record| record.setting.clone()).collect(),
            left: env::left_behind(&paths, &name),
            environment: name,
        });
    }
    Ok(LoggedOut { environments })
}

/// Who a deploy would be. No server is asked.
///
/// # Errors
/// [`Exit::NotAuthenticated`] when nobody is logged in and the settings say nothing either.
pub(crate) fn whoami(
    matches: &ArgMatches,
    context: &Context,
    variables: &Variables,
) -> Result<WhoAmI, Error> {
    let gathered = Gathered::read(matches, context, variables)?;
    let environment = context.environment.name();
    context
        .environment
        .must_exist(&context.paths, &gathered.credentials, &from(matches))?;
    let mut notes = gathered.notes.clone();
    let found = login::find(&gathered, context, &mut notes)?;
    for note in &notes {
        output::warning(note);
    }
    let description = &context.description;
    let who = gathered
        .values
        .iter()
        .filter(|(name, _)| description.says_who(name));
    let secret = |name: &str| {
        let setting = description.settings.iter().find(|it| it.name == name);
        setting.is_some_and(|setting| setting.kind == Kind::Secret)
    };
    let mut names: BTreeMap<String, String> = who
        .clone()
        .filter(|(name, _)| !secret(name))
        .map(|(name, value)| (name.to_owned(), value.text().to_owned()))
        .collect();
    let given = who
        .clone()
        .find(|(name, _)| secret(name))
        .map(|(name, value)| (name.to_owned(), value.source().clone()));
    let grants = description.settings.iter().filter(|it| it.grants_network);
    let mut servers: Vec<String> = grants
        .filter_map(|setting| servers::origin(gathered.values.get(&setting.name)?.text()))
        .collect();
    let (by, expires_at, seems_expired) = match (given, found) {
        (Some((setting, source)), _) => (Basis::Setting { setting, source }, None, false),
        (None, Some(Found::Kept(record))) => {
            servers = record.servers.values().cloned().collect();
            names.extend(record.who.clone());
            let kept_in = record.place();
            (
                Basis::Login { kept_in },
                record.expires_at,
                record.seems_expired(),
            )
        }
        (None, Some(Found::Old(old))) => {
            let ended = old
                .expires_at
                .is_some_and(|end| end <= crate::credentials::now());
            let file = old.path.display().to_string();
            (Basis::OldLogin { file }, old.expires_at, ended)
        }
        (None, None) => {
            return Err(Error::new(
                Exit::NotAuthenticated,
                format!("nobody is logged in to the environment '{environment}'"),
            )
            .hint(if environment == environments::DEFAULT {
                "log in with `bowline login`".to_owned()
            } else {
                format!("log in with `bowline login -e {environment}`")
            }));
        }
    };
    Ok(WhoAmI {
        environment: environment.to_owned(),
        target: description.name.clone(),
        servers,
        who: names,
        by,
        expires_at: expires_at.and_then(output::time),
        seems_expired,
    })
}
