//! What a target is lent for its operations.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::client::HttpClient;
use crate::contract::{Credential, Description, Setting, SettingKind};
use crate::grant::{Approval, Grant, GrantError, Revocation};
use crate::limits::Limits;
use crate::observer::{Observer, Silent};
use crate::secrets::Secret;

/// Answers the questions that settings without a value have.
pub trait Ask: Send + Sync {
    /// Asks for this setting, whose `prompt` is the question. `None` leaves it unset. It is called from a thread that may
    /// wait for the user; the operation's clock stands still meanwhile.
    fn ask(&self, setting: &Setting) -> Option<Secret>;
}

/// Keeps an environment's credential from one run to the next. Both functions are called from a thread that may wait, for a disk or
/// for whoever guards the credentials.
pub trait Keep: Send + Sync {
    /// The platform refuses this credential: it is of no use any more.
    fn refused(&self, credential: &Credential);

    /// A login brought this credential. The operation that needed it has yet to be done again.
    fn renewed(&self, credential: &Credential);
}

/// The value that the user gives one of the application's variables.
#[derive(Debug, Clone)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) value: Secret,
    /// The application declares it secret: the target gets a placeholder.
    pub(crate) secret: bool,
}

/// Where to deploy to: one environment, as its user set it up.
#[derive(Default)]
pub struct Environment {
    name: String,
    settings: BTreeMap<String, Secret>,
    credential: Option<Credential>,
    variables: Vec<Variable>,
    ask: Option<Arc<dyn Ask>>,
    keep: Option<Arc<dyn Keep>>,
    answers: Mutex<BTreeMap<String, Option<Secret>>>,
}

impl Environment {
    /// An environment without any setting.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Gives a setting its value. Which settings are secret is the target's description to say; until then all are treated so.
    #[must_use]
    pub fn with_setting(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.settings.insert(name.into(), value.into());
        self
    }

    /// Brings the credential of an earlier login. Only a target that exports `authentication` gets it, and only if its logins are granted.
    #[must_use]
    pub fn with_credential(mut self, credential: Option<Credential>) -> Self {
        self.credential = credential;
        self
    }

    /// Gives one of the application's variables its value, which the target sees.
    #[must_use]
    pub fn with_variable(self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.with_value(name.into(), value.into(), false)
    }

    /// Gives one of the application's variables a value that the target doesn't see: it gets a placeholder, in whose place the
    /// host puts the value in requests to the servers that the target's settings name.
    #[must_use]
    pub fn with_secret_variable(self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.with_value(name.into(), value.into(), true)
    }

    fn with_value(mut self, name: String, value: Secret, secret: bool) -> Self {
        self.variables.push(Variable {
            name,
            value,
            secret,
        });
        self
    }

    /// Lets the target's questions be answered.
    #[must_use]
    pub fn with_questions(mut self, ask: Arc<dyn Ask>) -> Self {
        self.ask = Some(ask);
        self
    }

    /// Has credentials kept that logins bring, and forgotten that are refused.
    #[must_use]
    pub fn with_keeper(mut self, keep: Arc<dyn Keep>) -> Self {
        self.keep = Some(keep);
        self
    }

    /// `default`, `staging`, ...
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Values for the application's variables, in the order in which they were given.
    pub(crate) fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// The value that was given to a setting, or answered to its question.
    pub fn value(&self, name: &str) -> Option<Secret> {
        self.settings.get(name).cloned().or_else(|| {
            self.answers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(name)
                .cloned()
                .flatten()
        })
    }

    /// The credential, unless it has expired.
    pub fn credential(&self) -> Option<&Credential> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        self.credential
            .as_ref()
            .filter(|credential| credential.expires_at.is_none_or(|end| end > now))
    }

    /// Whether the value of this setting is an answer to its question.
    pub(crate) fn is_answered(&self, name: &str) -> bool {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        !self.settings.contains_key(name) && matches!(answers.get(name), Some(Some(_)))
    }

    /// The same environment with another credential, which is used whatever this machine's clock says of its end: the platform
    /// has given it just now, by a clock of its own.
    pub(crate) fn renewed(&self, credential: Credential) -> Self {
        let answers = self
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        Self {
            name: self.name.clone(),
            settings: self.settings.clone(),
            credential: Some(Credential {
                expires_at: None,
                ..credential
            }),
            variables: self.variables.clone(),
            ask: self.ask.clone(),
            keep: self.keep.clone(),
            answers: Mutex::new(answers),
        }
    }

    /// Tells the keeper that the credential is refused.
    pub(crate) async fn forget_credential(&self) {
        if let (Some(keep), Some(credential)) = (self.keep.clone(), self.credential().cloned()) {
            // A panicking `Keep` has kept what it had.
            let _ = tokio::task::spawn_blocking(move || keep.refused(&credential)).await;
        }
    }

    /// Tells the keeper what a login brought.
    pub(crate) async fn keep_credential(&self, credential: &Credential) {
        if let Some(keep) = self.keep.clone() {
            let credential = credential.clone();
            let _ = tokio::task::spawn_blocking(move || keep.renewed(&credential)).await;
        }
    }

    /// The value of a setting, asked for if need be. Each question is asked once.
    pub(crate) async fn value_or_ask(&self, setting: &Setting) -> Option<Secret> {
        if let Some(value) = self.value(&setting.name) {
            return Some(value);
        }
        let answered = || {
            self.answers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .contains_key(&setting.name)
        };
        if setting.prompt.is_none() || answered() {
            return None;
        }
        let (ask, question) = (self.ask.clone()?, setting.clone());
        // A panicking `Ask` has answered nothing.
        let answer = tokio::task::spawn_blocking(move || ask.ask(&question))
            .await
            .ok()
            .flatten();
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(setting.name.clone(), answer.clone());
        answer
    }
}

/// Shows names, never values.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings: Vec<_> = self.settings.keys().collect();
        let variables: Vec<_> = self.variables.iter().map(|it| &it.name).collect();
        f.debug_struct("Environment")
            .field("name", &self.name)
            .field("settings", &settings)
            .field("variables", &variables)
            .finish_non_exhaustive()
    }
}

/// Everything that the operations of one run are lent.
#[derive(Clone)]
#[non_exhaustive]
pub struct Session {
    /// Where to deploy to.
    pub environment: Arc<Environment>,
    /// What the target may do.
    pub grant: Grant,
    /// Takes the grant back while an operation runs.
    pub revocation: Revocation,
    /// What its requests are sent by.
    pub http: HttpClient,
    /// The environment's Bindle server. It is lent only if the grant says so, too.
    pub bindle: Option<crate::bindle::Client>,
    /// What each operation may use.
    pub limits: Limits,
    /// Who hears of what goes on.
    pub observer: Arc<dyn Observer>,
}

impl Session {
    /// A session with nothing granted, the default limits and nobody listening.
    pub fn new(environment: Environment, http: HttpClient) -> Self {
        Self {
            environment: Arc::new(environment),
            grant: Grant::none(),
            revocation: Revocation::new(),
            http,
            bindle: None,
            limits: Limits::default(),
            observer: Arc::new(Silent),
        }
    }

    /// Grants what the target wants, by its description, and the user approves: see [`Grant::new`]. What was granted
    /// before stays.
    ///
    /// # Errors
    /// [`GrantError`] when a setting that opens the network is no URL.
    pub fn granting(
        mut self,
        description: &Description,
        approval: &Approval,
    ) -> Result<Self, GrantError> {
        let values: BTreeMap<&str, Secret> = description
            .settings
            .iter()
            .filter(|setting| setting.kind == SettingKind::Url)
            .filter_map(|setting| {
                Some((
                    setting.name.as_str(),
                    self.environment.value(&setting.name)?,
                ))
            })
            .collect();
        let opened = Grant::new(
            description,
            |name| values.get(name).map(Secret::expose),
            approval,
        )?;
        self.grant = self.grant.and(opened);
        Ok(self)
    }

    /// Lends this Bindle server, if its use is granted.
    #[must_use]
    pub fn with_bindle(mut self, client: crate::bindle::Client) -> Self {
        self.bindle = Some(client);
        self
    }

    /// Lends the credential of a login just now, whatever this machine's clock says of its end.
    #[must_use]
    pub fn with_login(mut self, credential: Credential) -> Self {
        self.environment = Arc::new(self.environment.renewed(credential));
        self
    }

    /// Reports to this observer.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// Sets these limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("environment", &self.environment)
            .field("grant", &self.grant)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_shown() {
        let environment = Environment::new("default")
            .with_setting("hippo-password", Secret::new("hidden"))
            .with_credential(Some(Credential {
                secret: Secret::new("hidden"),
                expires_at: None,
                belongs_to: None,
            }))
            .with_variable("greeting", "hidden".to_owned())
            .with_secret_variable("api_key", "hidden".to_owned());
        let shown = format!(
            "{environment:?} {:?} {:?}",
            environment.credential(),
            Secret::new("hidden")
        );
        assert!(!shown.contains("hidden"), "{shown}");
        assert!(
            shown.contains("hippo-password") && shown.contains("greeting"),
            "{shown}"
        );
    }

    #[test]
    fn an_expired_credential_is_none() {
        let with = |expires_at| {
            Environment::new("default").with_credential(Some(Credential {
                secret: Secret::new("t"),
                expires_at,
                belongs_to: None,
            }))
        };
        assert!(with(Some(1)).credential().is_none());
        assert!(with(Some(u64::MAX)).credential().is_some());
        assert!(with(None).credential().is_some());
    }

    #[test]
    fn a_new_credential_is_used_whatever_the_clock_says() {
        let late = Credential {
            secret: Secret::new("t"),
            expires_at: Some(1),
            belongs_to: None,
        };
        assert!(
            Environment::new("default")
                .renewed(late)
                .credential()
                .is_some()
        );
    }

    #[test]
    fn granting_takes_nothing_back() {
        let mut session = Session::new(
            Environment::new("default").with_setting("url", "https://a.test".to_owned()),
            HttpClient::new(&Default::default()).unwrap(),
        );
        session.grant = Grant::none()
            .with_bindle()
            .with_origin("https://b.test".parse().unwrap());
        let description = Description {
            name: "guest".into(),
            version: semver::Version::new(1, 0, 0),
            summary: String::new(),
            homepage: None,
            settings: vec![Setting {
                name: "url".into(),
                variable: None,
                description: String::new(),
                kind: SettingKind::Url,
                default: None,
                required: false,
                prompt: None,
                conflicts_with: Vec::new(),
                grants_network: true,
                belongs_to: None,
            }],
            network: Vec::new(),
            triggers: Vec::new(),
        };
        let mut wants = crate::grant::Wants::described(&description);
        wants.login = true;
        let approval = Approval::of(wants);
        let grant = session.granting(&description, &approval).unwrap().grant;
        let rules: Vec<_> = grant.rules().map(|(rule, _)| rule.to_string()).collect();
        assert_eq!(rules, ["https://a.test", "https://b.test"]);
        assert!(grant.bindle() && grant.login());
        assert!(grant.reads("url") && !grant.reads("other"));
    }
}
