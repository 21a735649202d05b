//! How an application gets onto Hippo: look, act, look again.
//!
//! Hippo saves first and works afterwards, within one request, so an error is no proof that nothing happened, and a lost
//! answer is none either. So nothing that creates is sent twice in one run: after each doubtful answer the state decides,
//! and the next run begins by looking. An unchanged application takes three requests: find it, read its channel, and
//! have the channel run what it is set to, which a run that was cut short may not have come to.

mod channel;
mod plan;
mod variables;

use std::cell::Cell;
use std::fmt;

use bowline_target::{Deployment, Failure, Readiness};
use uuid::Uuid;

use crate::api::{App, CreateApp, RegisterRevision};
use crate::client::Client;
use crate::config::Config;
use crate::names::{check_application, check_default_domain, is_host};
use crate::port::Host;
use crate::text::clean;
use crate::trouble::Trouble;

pub use self::plan::plan;

/// Where Spin tells which bindle it serves, and the place of the version in its answer.
const READY: (&str, &str) = ("/.well-known/spin/info", "/bindle_version");

/// What a deploy has to know of the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its name.
    pub name: String,
    /// Version under which this very content is deployed.
    pub revision: String,
    /// Kinds of its triggers.
    pub triggers: Vec<String>,
    /// The variables that somebody gave values for.
    pub variables: Vec<Variable>,
}

/// A variable of the application that is given a value.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value; of a secret one the host's placeholder.
    pub value: String,
    /// The application declares that it must not be seen.
    pub secret: bool,
}

/// Shows the name, not the value.
impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Variable").field(&self.name).finish()
    }
}

/// Brings Hippo to run the application.
///
/// # Errors
/// A [`Failure`] whose case says what the person at the terminal can do; after any of them the same call can be made
/// again, and goes on where this one ended.
pub fn deploy(host: &dyn Host, config: &Config, facts: &Facts) -> Result<Deployment, Failure> {
    Run::new(host, config, facts)?.run()
}

/// What can be refused without asking anybody.
fn check(facts: &Facts) -> Result<(), Failure> {
    check_application(&facts.name, &facts.revision)?;
    let refuse = |reason: String| Err(Failure::UnsupportedApplication(reason));
    match facts.triggers.iter().find(|kind| *kind != "http") {
        Some(kind) => refuse(format!(
            "Hippo runs http triggers only, and this application has one of kind '{kind}'"
        )),
        None if facts.triggers.is_empty() => refuse("the application has no http trigger".into()),
        None => Ok(()),
    }
}

/// One deploy, or the plan of one.
struct Run<'a> {
    host: &'a dyn Host,
    config: &'a Config,
    facts: &'a Facts,
    client: Client<'a>,
    /// The state of the server was asked for, and told.
    asked_health: Cell<bool>,
}

impl<'a> Run<'a> {
    /// Refuses what can be refused without asking anybody.
    fn new(host: &'a dyn Host, config: &'a Config, facts: &'a Facts) -> Result<Self, Failure> {
        check(facts)?;
        Ok(Self {
            host,
            config,
            facts,
            client: Client::new(host, &config.base, Some(&config.token)),
            asked_health: Cell::new(false),
        })
    }
}

impl Run<'_> {
    fn run(&self) -> Result<Deployment, Failure> {
        let Facts { name, revision, .. } = self.facts;
        // Looking first finds a wrong address or token before the application is uploaded.
        let known = self.find_app()?;
        self.check_variables()?;
        self.check_domain(known.as_ref())?;

        self.host
            .step(&format!("Pushing '{name}' {revision} to Bindle"));
        self.tell_archives();
        self.host.push(&format!("{name}/{revision}"))?;

        let app = match known {
            Some(app) => app,
            None => self.create_app()?,
        };
        let channel = self.set_channel(&app)?;
        self.start(&channel)?;

        if !is_host(&channel.domain) {
            return Err(Failure::Unexpected(format!(
                "Hippo gives channel '{}' the domain '{}', which is no host name",
                channel.name,
                clean(&channel.domain, 100)
            )));
        }
        let config = self.config;
        let url =
            config
                .app_url
                .fill(config.base.scheme(), &channel.domain, name, &config.channel)?;
        Ok(Deployment {
            id: channel.id.to_string(),
            application: name.clone(),
            revision: revision.clone(),
            url: Some(url),
            ready_when: Some(Readiness {
                path: READY.0.to_owned(),
                expected: Some((READY.1.to_owned(), revision.clone())),
            }),
        })
    }

    /// Passes on what the server said of archives in the answers until now.
    fn tell_archives(&self) {
        if self.client.accepts_archives() {
            self.host.accept_archives();
        }
    }

    /// A channel that is created without a domain needs a name that makes a good one.
    fn check_domain(&self, app: Option<&App>) -> Result<(), Failure> {
        let channels = app.map(|app| app.channels.as_slice()).unwrap_or_default();
        let exists = channels
            .iter()
            .any(|channel| channel.name == self.config.channel);
        if exists || self.config.domain.is_some() {
            return Ok(());
        }
        check_default_domain(&self.facts.name, &self.config.channel, channels.is_empty())
    }

    /// The application of this name, if there is one and it is this one.
    fn find_app(&self) -> Result<Option<App>, Failure> {
        let name = &self.facts.name;
        let found = self
            .client
            .apps(name)
            .map_err(|trouble| self.fail(&trouble, &format!("looking for application '{name}'")))?;
        let Some(app) = found.into_iter().find(|app| app.name == *name) else {
            return Ok(None);
        };
        if app.storage_id != *name {
            return Err(Failure::Conflict(format!(
                "Hippo has an application '{name}' of another origin: its bindles are called '{}'; deploy under another name, or remove it there",
                clean(&app.storage_id, 200)
            )));
        }
        Ok(Some(app))
    }

    fn create_app(&self) -> Result<App, Failure> {
        let name = &self.facts.name;
        let doing = format!("creating application '{name}'");
        self.host.step(&format!("Creating application '{name}'"));
        let trouble = match self.client.create_app(&CreateApp {
            name,
            storage_id: name,
        }) {
            Ok(id) => {
                return Ok(App {
                    id,
                    name: name.clone(),
                    storage_id: name.clone(),
                    channels: Vec::new(),
                });
            }
            Err(trouble) => trouble,
        };
        // Without a bindle of this name on *its* Bindle server, Hippo takes no application.
        if trouble
            .problem()
            .is_some_and(|problem| problem.about("StorageId").is_some())
        {
            return Err(Failure::NotFound(format!(
                "{doing} failed: Hippo does not find '{name}' on its Bindle server; is it the one that the application was pushed to? ({trouble})"
            )));
        }
        if !trouble.may_have_acted() && !trouble.exists_already("Name") {
            return Err(self.fail(&trouble, &doing));
        }
        match self.find_app()? {
            Some(app) => {
                self.saved_after_all(&trouble, &format!("application '{name}'"));
                Ok(app)
            }
            None => Err(self.fail(&trouble, &doing)),
        }
    }

    /// The revision's id, after registering it if it wasn't. Creating an application imports revisions, not always this
    /// one, and registering twice would make two of it: so it is looked for before and after.
    fn revision(&self, app: &App) -> Result<Uuid, Failure> {
        let number = &self.facts.revision;
        if let Some(id) = self.find_revision(app)? {
            return Ok(id);
        }
        self.host.step(&format!("Registering revision {number}"));
        let registered = self.client.register_revision(&RegisterRevision {
            app_storage_id: &app.storage_id,
            revision_number: number,
        });
        let doing = format!("registering revision {number}");
        match registered {
            Ok(()) => self.find_revision(app)?.ok_or_else(|| {
                Failure::Unexpected(format!(
                    "Hippo registered revision {number}, and does not list it"
                ))
            }),
            Err(trouble) if trouble.status() == Some(404) => Err(Failure::Conflict(format!(
                "{doing} failed: application '{}' is gone from Hippo",
                app.name
            ))),
            // A 400 can come after the revision was saved: when a channel with a range can't switch to it.
            Err(trouble) if trouble.may_have_acted() || trouble.status() == Some(400) => {
                match self.find_revision(app)? {
                    Some(id) => {
                        self.saved_after_all(&trouble, &format!("revision {number}"));
                        Ok(id)
                    }
                    None => Err(self.fail(&trouble, &doing)),
                }
            }
            Err(trouble) => Err(self.fail(&trouble, &doing)),
        }
    }

    /// Any revision of this number: one that was registered twice is the same content.
    fn find_revision(&self, app: &App) -> Result<Option<Uuid>, Failure> {
        let number = &self.facts.revision;
        let revisions = self
            .client
            .revisions()
            .map_err(|trouble| self.fail(&trouble, "listing revisions"))?;
        let found = revisions
            .iter()
            .find(|it| it.app_id == app.id && it.revision_number == *number);
        Ok(found.map(|revision| revision.id))
    }

    /// Says that something is there, though the answer was an error or was lost.
    fn saved_after_all(&self, trouble: &Trouble, what: &str) {
        if !trouble.may_have_acted() {
            // Somebody else made it in the meantime, which is as good.
            return;
        }
        self.host.warn(&format!(
            "Hippo has {what} in spite of this answer: {trouble}"
        ));
        self.tell_health(trouble);
    }

    /// The failure for a trouble, after telling what Hippo says of its own state.
    fn fail(&self, trouble: &Trouble, doing: &str) -> Failure {
        self.tell_health(trouble);
        trouble.failure(doing)
    }

    /// Tells, once, which of the services that Hippo needs are not well, if that can be why it answers with a 5xx.
    fn tell_health(&self, trouble: &Trouble) {
        if trouble.status().is_none_or(|status| status < 500) || self.asked_health.replace(true) {
            return;
        }
        // What is told here is an extra. The failure itself is told in any case.
        let Ok(health) = self.client.health() else {
            return;
        };
        let ill: Vec<String> = health
            .subservices
            .iter()
            .filter(|service| !service.status.eq_ignore_ascii_case("Healthy"))
            .map(|service| {
                format!(
                    "{}: {}",
                    clean(&service.service_name, 40),
                    clean(&service.description, 120)
                )
            })
            .collect();
        if !ill.is_empty() {
            self.host
                .warn(&format!("Hippo is not healthy ({})", ill.join(", ")));
        } else if !health.status.eq_ignore_ascii_case("Healthy") {
            self.host
                .warn(&format!("Hippo calls itself {}", clean(&health.status, 40)));
        }
    }
}
