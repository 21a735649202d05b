//! Which servers secrets may go to: those that they were given for, and of those that a project names, the ones that the user allowed.
//!
//! A project's files come with a cloned repository. If they could say where `hippo-url` is, a clone and a deploy would send the
//! user's password to whoever wrote them.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use super::{Settings, Source};
use crate::ask::Asker;
use crate::description::Setting;
use crate::environments::{Environment, Environments};
use crate::error::Error;
use crate::exit::Exit;
use crate::output;
use crate::paths::Paths;
use crate::settings::kind::Kind;
use crate::text;

/// The flag that allows a server for one run.
pub const FLAG: &str = "allow-server";

/// The origin of a URL, as `https://host` or `https://host:port`. `None` for what is no http or https URL.
#[must_use]
pub fn origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
}

/// Reads an origin that the user allows.
///
/// # Errors
/// [`Exit::Usage`] for what is none, or has a path, which would be no bound.
pub fn parse(text: &str, flag: &str) -> Result<String, Error> {
    let wrong = || {
        let shown = text::quoted(text);
        Error::new(
            Exit::Usage,
            format!("the value of --{flag} is not an origin{shown}"),
        )
        .hint("write it as https://hippo.example.com, with a port if it has one")
    };
    let url = Url::parse(text).map_err(|_| wrong())?;
    let bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    match origin(text) {
        Some(origin) if bare => Ok(origin),
        _ => Err(wrong()),
    }
}

/// The origins that a secret is for: that of the URL setting it belongs to, or of all that open the network. By the setting's name.
#[must_use]
pub fn of(
    belongs_to: Option<&str>,
    settings: &[Setting],
    value: impl Fn(&str) -> Option<String>,
) -> BTreeMap<String, String> {
    settings
        .iter()
        .filter(|setting| match belongs_to {
            Some(name) => setting.name == name,
            None => setting.kind == Kind::Url && setting.grants_network,
        })
        .filter_map(|setting| Some((setting.name.clone(), origin(&value(&setting.name)?)?)))
        .collect()
}

/// Who decides about the servers that a project names.
#[derive(Debug)]
pub struct Decision<'a> {
    /// The environment, with the servers that are allowed in it.
    pub environment: &'a Environment,
    /// Those that are allowed for this run.
    pub allowed: &'a BTreeSet<String>,
    /// Who can be asked.
    pub asker: Asker,
    /// Where an answer is kept.
    pub paths: &'a Paths,
}

impl Decision<'_> {
    /// Refuses each server that a project names and the user has not allowed, after asking.
    ///
    /// # Errors
    /// [`Exit::NotApproved`], and when an answer can't be kept.
    pub fn check(&self, settings: &[Setting], values: &Settings) -> Result<(), Error> {
        for setting in settings.iter().filter(|it| it.kind == Kind::Url) {
            let Some(value) = values.get(&setting.name) else {
                continue;
            };
            if let (Source::Project(_), Some(origin)) = (value.source(), origin(value.text()))
                && !self.allows(setting, &origin)
            {
                self.ask(setting, value.source(), origin)?;
            }
        }
        Ok(())
    }

    /// By a word of the user's: the origin itself, or the same server in a setting of theirs.
    fn allows(&self, setting: &Setting, wanted: &str) -> bool {
        let own = self.environment.settings.get(&setting.name);
        self.allowed.contains(wanted)
            || self.environment.allowed_servers.contains(wanted)
            || own.and_then(|url| origin(url)).as_deref() == Some(wanted)
    }

    fn ask(&self, setting: &Setting, source: &Source, wanted: String) -> Result<(), Error> {
        let (name, environment) = (&setting.name, &self.environment.name);
        if self.asker == Asker::Person {
            output::line(&format!(
                "{source} names the server {wanted} ({name}).\n\
                 Your application goes there, and with it what says who you are: a login, a password, a token."
            ));
            let question = format!("Allow {wanted} in the environment '{environment}'?");
            if self.asker.confirm(&question)? != Some(true) {
                return Err(Error::new(
                    Exit::NotApproved,
                    format!("you did not allow the server {wanted}"),
                )
                .hint(format!("{} names another one", setting.ways())));
            }
            return Environments::new(self.paths).change(|document| {
                document.of(environment).allowed_servers.insert(wanted);
                Ok(())
            });
        }
        Err(Error::new(
            Exit::NotApproved,
            format!(
                "{source} names {wanted} as {name}, a server that you have not allowed in the environment '{environment}'"
            ),
        )
        .hint(format!(
            "if you trust it with your application and your login, run again on a terminal, which asks you, or with \
             `--{FLAG} {wanted}`"
        ))
        .hint(format!(
            "`bowline env set {environment} --{FLAG} {wanted}` allows it for good; {} names another one",
            setting.ways()
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::*;
    use crate::description::tests::setting;
    use crate::variables::Variables;

    #[test]
    fn origins_are_without_path_and_default_port() {
        for (text, expected) in [
            ("https://Hippo.test:443", Some("https://hippo.test")),
            ("http://127.0.0.1:5309/", Some("http://127.0.0.1:5309")),
            ("https://hippo.test/api", None),
            ("https://ann@hippo.test", None),
            ("hippo.test", None),
            ("ftp://hippo.test", None),
        ] {
            assert_eq!(parse(text, FLAG).ok().as_deref(), expected, "{text}");
        }
        let path = origin("https://hippo.test/api").unwrap();
        assert_eq!(path, "https://hippo.test");
    }

    fn decide(environment: &Environment, allowed: &[&str], source: Source) -> Result<(), Error> {
        let folder = tempfile::tempdir().unwrap();
        let home = Variables::from_pairs([("BOWLINE_HOME", folder.path())]);
        let settings = [setting("acme-url", Some("ACME_URL"), Kind::Url)];
        let mut values = Settings::default();
        let url = "https://acme.test/api".to_owned();
        values
            .0
            .insert("acme-url".into(), Value::new(url.into(), source));
        let decision = Decision {
            environment,
            allowed: &allowed.iter().map(|&origin| origin.to_owned()).collect(),
            asker: Asker::Nobody,
            paths: &Paths::find(&home).unwrap(),
        };
        decision.check(&settings, &values)
    }

    #[test]
    fn a_project_names_servers_only_with_the_users_word() {
        let project = || Source::Project("bowline.toml".into());
        let mut environment = Environment {
            name: "staging".into(),
            ..Environment::default()
        };
        let error = decide(&environment, &["https://acme.test:8443"], project()).unwrap_err();
        assert_eq!(error.exit(), Exit::NotApproved);
        assert_eq!(
            error.message(),
            "the project's bowline.toml names https://acme.test as acme-url, a server that you have not allowed in the \
             environment 'staging'"
        );
        decide(&environment, &["https://acme.test"], project()).unwrap();
        // Whoever says it otherwise is the user.
        decide(&environment, &[], Source::Variable("ACME_URL".into())).unwrap();
        let mut own = environment.clone();
        own.settings
            .insert("acme-url".into(), "https://acme.test/other".into());
        decide(&own, &[], project()).unwrap();
        environment
            .allowed_servers
            .insert("https://acme.test".into());
        decide(&environment, &[], project()).unwrap();
    }
}
