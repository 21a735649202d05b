//! The login of an environment: which one is used, and what becomes of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bowline_host::{Ask, Credential, Keep, Secret, Setting as Declared};

use crate::ask::Asker;
use crate::commands::deploy::Context;
use crate::credentials::{Credentials, Record};
use crate::description::{Description, Setting};
use crate::environments::old::{OldLogin, URL_SETTING};
use crate::error::Error;
use crate::progress::Progress;
use crate::settings::gather::{Gathered, elsewhere};
use crate::settings::kind::Kind;
use crate::settings::{Settings, servers};

/// Everything that the host needs to log in: it asks here, and what it gets is kept here.
pub(crate) struct Login {
    environment: String,
    description: Description,
    settings: Vec<Setting>,
    values: Settings,
    credentials: Credentials,
    template: Record,
    asker: Asker,
    progress: Arc<Progress>,
    /// Logins are kept.
    keeps: bool,
    answers: Mutex<BTreeMap<String, String>>,
    /// Who had the login that was refused.
    refused: Mutex<BTreeMap<String, String>>,
}

/// The login that is there.
#[derive(Debug)]
pub(crate) enum Found {
    /// Bowline keeps it.
    Kept(Box<Record>),
    /// An old tool left it.
    Old(Box<OldLogin>),
}

/// The login of the environment that these settings are for, if there is one and it is for these servers. One that is given for this run,
/// by flags or variables, goes before it: then there is none. Nor is there for a target without logins, whose name may be that of one with
/// logins. `notes` hears why one is not used.
///
/// # Errors
/// When the credentials can't be read.
pub(crate) fn find(
    gathered: &Gathered,
    context: &Context,
    notes: &mut Vec<String>,
) -> Result<Option<Found>, Error> {
    let description = &context.description;
    let who = |name: &&str| description.says_who(name);
    let given = gathered.values.iter().filter(|(name, _)| who(name));
    let explicit = given.clone().any(|(_, value)| value.source().is_explicit());
    if explicit || !description.wants.login {
        return Ok(None);
    }
    let (environment, target) = (context.environment.name(), &description.name);
    let Some(record) = gathered.credentials.find(environment, target, None)? else {
        return Ok(gathered
            .old
            .clone()
            .filter(|old| {
                let url = gathered.values.get(URL_SETTING);
                url.is_some_and(|url| servers::origin(url.text()) == servers::origin(&old.url))
            })
            .map(|old| Found::Old(Box::new(old))));
    };
    let now = servers::of(record.belongs_to.as_deref(), &gathered.settings, |name| {
        let value = gathered.values.get(name);
        value.map(|value| value.text().to_owned())
    });
    let somebody_else = || {
        given.clone().find_map(|(name, value)| {
            let kept = record.who.get(name).filter(|kept| *kept != value.text())?;
            Some(format!("it is {kept}'s, and {name} is {}", value.text()))
        })
    };
    if let Some(why) = elsewhere(&record, &now, context).or_else(somebody_else) {
        notes.push(format!(
            "the login that is kept for the environment '{environment}' is not used: {why}"
        ));
        return Ok(None);
    }
    Ok(Some(Found::Kept(Box::new(record))))
}

/// The credential of the login that is there, for the host. That the keyring doesn't give it out is a note, and then there is none.
///
/// # Errors
/// When the credentials can't be read.
pub(crate) fn credential(
    gathered: &mut Gathered,
    context: &Context,
) -> Result<Option<Credential>, Error> {
    let mut notes = Vec::new();
    let found = find(gathered, context, &mut notes)?;
    let credential = match found.map(|found| found.credential(&gathered.credentials)) {
        None => None,
        Some(Ok(credential)) => Some(credential),
        Some(Err(trouble)) => {
            notes.push(trouble.with_causes());
            None
        }
    };
    gathered.notes.append(&mut notes);
    Ok(credential)
}

impl Found {
    /// The credential, for the host. Its end is left out: the platform's clock decides about it, and this machine's may be wrong.
    ///
    /// # Errors
    /// When the keyring doesn't give it out.
    fn credential(&self, credentials: &Credentials) -> Result<Credential, Error> {
        let (secret, belongs_to) = match self {
            Self::Kept(record) => (credentials.secret(record)?, record.belongs_to.clone()),
            Self::Old(old) => (old.token.clone(), Some(URL_SETTING.to_owned())),
        };
        Ok(Credential {
            secret,
            expires_at: None,
            belongs_to,
        })
    }
}

impl Login {
    /// For a run with these settings. A login for which a secret is given for this run, as in a CI job, is not kept, unless `always`.
    pub(crate) fn new(
        gathered: &Gathered,
        context: &Context,
        asker: Asker,
        progress: Arc<Progress>,
        always: bool,
    ) -> Self {
        let description = &context.description;
        let secret = |name: &str| {
            let mut settings = description.settings.iter();
            settings.any(|setting| setting.name == name && setting.kind == Kind::Secret)
        };
        let given = gathered
            .values
            .iter()
            .any(|(name, value)| secret(name) && value.source().is_explicit());
        Self {
            environment: context.environment.name().to_owned(),
            description: description.clone(),
            settings: gathered.settings.clone(),
            values: gathered.values.clone(),
            credentials: gathered.credentials.clone(),
            template: Record::new(
                context.environment.name(),
                &description.name,
                context.target.digest(),
            ),
            asker,
            progress,
            keeps: always || !given,
            answers: Mutex::default(),
            refused: Mutex::default(),
        }
    }

    /// What was answered to questions that are not for secrets.
    pub(crate) fn answers(&self) -> BTreeMap<String, String> {
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn value(&self, name: &str) -> Option<String> {
        let given = self.values.get(name).map(|value| value.text().to_owned());
        given.or_else(|| self.answers().get(name).cloned())
    }

    /// Keeps what a login brought.
    ///
    /// # Errors
    /// When it can't be kept.
    pub(crate) fn keep(&self, credential: &Credential) -> Result<Record, Error> {
        let mut record = self.template.clone();
        record.belongs_to.clone_from(&credential.belongs_to);
        record.expires_at = credential.expires_at;
        let value = |name: &str| self.value(name);
        record.servers = servers::of(credential.belongs_to.as_deref(), &self.settings, value);
        record.who = self
            .description
            .settings
            .iter()
            .filter(|setting| {
                setting.kind != Kind::Secret && self.description.says_who(&setting.name)
            })
            .filter_map(|setting| Some((setting.name.clone(), self.value(&setting.name)?)))
            .collect();
        self.credentials.keep(record, &credential.secret)
    }
}

impl Ask for Login {
    fn ask(&self, declared: &Declared) -> Option<Secret> {
        let setting = self.settings.iter().find(|it| it.name == declared.name)?;
        let server = setting
            .belongs_to
            .as_deref()
            .and_then(|url| self.value(url));
        let server = server.and_then(|url| servers::origin(&url));
        // Who it was the last time.
        let (environment, target) = (&self.environment, &self.description.name);
        let last = self
            .credentials
            .find(environment, target, None)
            .ok()
            .flatten();
        let last = last.map_or_else(
            || {
                self.refused
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone()
            },
            |record| record.who,
        );
        let last = last.get(&setting.name).cloned();
        let asked = self.progress.paused(|| {
            self.asker
                .value(setting, server.as_deref(), last.as_deref())
        });
        match asked {
            Ok(Some(answer)) => {
                if setting.kind != Kind::Secret {
                    self.answers
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .insert(setting.name.clone(), answer.to_string());
                }
                Some(Secret::new(answer.as_str()))
            }
            Ok(None) => None,
            Err(error) => {
                self.progress.warning(error.message());
                None
            }
        }
    }
}

impl Keep for Login {
    fn refused(&self, credential: &Credential) {
        let (environment, target) = (&self.environment, &self.description.name);
        let forget = || {
            let Some(record) = self.credentials.find(environment, target, None)? else {
                return Ok(());
            };
            // Another bowline may have logged in meanwhile.
            if self.credentials.secret(&record)?.expose() == credential.secret.expose() {
                *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = record.who.clone();
                self.credentials.forget(|other| *other == record)?;
            }
            Ok(())
        };
        if let Err(error) = forget() {
            let error: Error = error;
            self.progress.warning(&format!(
                "the login that was refused is still kept: {}",
                error.with_causes()
            ));
        }
    }

    fn renewed(&self, credential: &Credential) {
        if !self.keeps {
            return;
        }
        if let Err(error) = self.keep(credential) {
            self.progress.warning(&format!(
                "the login is not kept for the next time: {}",
                error.with_causes()
            ));
        }
    }
}
