//! Judges what targets say about themselves and their deployments. All of it is hostile until then.

use std::collections::HashSet;

use semver::Version;
use url::Url;

use super::{Credential, Deployment, Description, Readiness, Setting, SettingKind};
use crate::bindings::{authentication, deploy_target as wit};
use crate::grant::{Origin, Rule, RuleError};
use crate::secrets::Secret;
use crate::text;

/// Settings that a target may declare; each is a flag on the command line.
const SETTINGS: usize = 100;
/// Origins, trigger kinds, choices of a setting, and settings that one conflicts with.
const LIST: usize = 100;
/// Characters of a name: of a target, setting, variable or trigger kind.
const NAME: usize = 64;
/// Characters of a description, question or default.
const TEXT: usize = 1_000;
/// Characters of a URL.
const URL: usize = 2_000;
/// Bytes of a credential. Tokens in JWT form have one or two thousand; headers of servers end at 8 KiB.
const CREDENTIAL: usize = 8_000;

/// How a target's description breaks the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDescription {
    /// Something is no name: lower-case ASCII letters and digits, in words joined by `-`, of at most 64 characters.
    #[error("{what} '{name}' is no lower-case name")]
    Name {
        /// What was to be named.
        what: &'static str,
        /// The name, cleaned and cut.
        name: String,
    },
    /// The target's version is no semantic version.
    #[error("its version '{0}' is no semantic version")]
    Version(String),
    /// There is too much of something, or a text is too long.
    #[error("{0}")]
    TooMuch(String),
    /// A text holds control or invisible characters.
    #[error("{0} holds control characters")]
    Control(String),
    /// Two settings have one name.
    #[error("the setting '{0}' is declared twice")]
    Twice(String),
    /// Something of a setting doesn't fit the rest.
    #[error("setting '{name}': {reason}")]
    Setting {
        /// Name of the setting.
        name: String,
        /// What doesn't fit.
        reason: String,
    },
    /// Something that has to be a web address isn't.
    #[error("its homepage is no http or https URL")]
    Homepage,
    /// What it declares of the network is no rule.
    #[error("'{text}', which it wants of the network, can't be used")]
    Network {
        /// What was declared, cleaned and cut.
        text: String,
        /// What is wrong with it.
        #[source]
        source: RuleError,
    },
}

use InvalidDescription as Invalid;

impl Description {
    /// Takes a target's word for what it is, after looking at every bit of it.
    pub(crate) fn check(given: wit::Description) -> Result<Self, Invalid> {
        check_name("the target's name", &given.name)?;
        // A version may have any number of identifiers.
        clean("its version", &given.version, NAME)?;
        let version = Version::parse(&given.version)
            .map_err(|_| Invalid::Version(text::line(&given.version, NAME)))?;
        let summary = one_line("its summary", given.summary)?;
        let homepage = given
            .homepage
            .map(|url| web_page(&url).ok_or(Invalid::Homepage))
            .transpose()?;
        at_most("settings", given.settings.len(), SETTINGS)?;
        at_most("rules for the network", given.network.len(), LIST)?;
        at_most("trigger kinds", given.triggers.len(), LIST)?;
        let network = given
            .network
            .iter()
            .map(|text| {
                clean("a rule for the network", text, URL)?;
                text.parse::<Rule>().map_err(|source| Invalid::Network {
                    text: text::line(text, 100),
                    source,
                })
            })
            .collect::<Result<_, _>>()?;
        for kind in &given.triggers {
            check_name("the trigger kind", kind)?;
        }
        let mut settings = Vec::new();
        for setting in given.settings {
            settings.push(check_setting(setting)?);
        }
        check_references(&settings)?;
        let (name, triggers) = (given.name, given.triggers);
        Ok(Self {
            name,
            version,
            summary,
            homepage,
            settings,
            network,
            triggers,
        })
    }
}

fn check_setting(given: wit::Setting) -> Result<Setting, Invalid> {
    check_name("the setting", &given.name)?;
    let name = given.name;
    let wrong = |reason: &str| Invalid::Setting {
        name: name.clone(),
        reason: reason.to_owned(),
    };
    let kind = match given.kind {
        wit::SettingKind::Text => SettingKind::Text,
        wit::SettingKind::Url => SettingKind::Url,
        wit::SettingKind::Secret => SettingKind::Secret,
        wit::SettingKind::Boolean => SettingKind::Boolean,
        wit::SettingKind::Integer => SettingKind::Integer,
        wit::SettingKind::Choice(choices) => {
            at_most("choices of a setting", choices.len(), LIST)?;
            if choices.is_empty() {
                return Err(wrong("there is nothing to choose from"));
            }
            for choice in &choices {
                if choice.is_empty() || choice.trim() != choice {
                    return Err(wrong("a choice is empty, or begins or ends with a blank"));
                }
                clean("a choice", choice, NAME)?;
            }
            SettingKind::Choice(choices)
        }
    };
    let variable_fits = |variable: &String| {
        let mut bytes = variable.bytes();
        variable.len() <= NAME
            && bytes.next().is_some_and(|first| first.is_ascii_uppercase())
            && bytes.all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    if !given.variable.as_ref().is_none_or(variable_fits) {
        return Err(wrong(
            "its variable is not made of upper-case letters, digits and '_'",
        ));
    }
    let description = one_line("a setting's description", given.description)?;
    let prompt = given
        .prompt
        .map(|prompt| one_line("a setting's question", prompt))
        .transpose()?;
    if let Some(default) = &given.default_value {
        clean("a default", default, TEXT)?;
        if kind == SettingKind::Secret {
            return Err(wrong("a secret can't have a default"));
        }
        kind.check(default)
            .map_err(|reason| wrong(&format!("its default can't be used: {reason}")))?;
    }
    if given.grants_network && kind != SettingKind::Url {
        return Err(wrong("only a setting of kind url can open the network"));
    }
    if given.belongs_to.is_some() && kind != SettingKind::Secret {
        return Err(wrong("only a secret can belong to a server"));
    }
    at_most("conflicts of a setting", given.conflicts_with.len(), LIST)?;
    Ok(Setting {
        variable: given.variable,
        description,
        kind,
        default: given.default_value,
        required: given.required,
        prompt,
        conflicts_with: given.conflicts_with,
        grants_network: given.grants_network,
        belongs_to: given.belongs_to,
        name,
    })
}

/// Names have to be unique, and what refers to another setting has to find it.
fn check_references(settings: &[Setting]) -> Result<(), Invalid> {
    let mut names = HashSet::new();
    for setting in settings {
        if !names.insert(setting.name.as_str()) {
            return Err(Invalid::Twice(setting.name.clone()));
        }
    }
    for setting in settings {
        let wrong = |reason: String| Invalid::Setting {
            name: setting.name.clone(),
            reason,
        };
        for other in &setting.conflicts_with {
            if *other == setting.name || !names.contains(other.as_str()) {
                return Err(wrong(format!(
                    "it conflicts with '{}', which is no other setting",
                    text::line(other, NAME)
                )));
            }
        }
        if let Some(other) = &setting.belongs_to
            && !is_url_setting(settings, other)
        {
            return Err(wrong(format!(
                "it belongs to '{}', which is no url setting",
                text::line(other, NAME)
            )));
        }
    }
    Ok(())
}

fn is_url_setting(settings: &[Setting], name: &str) -> bool {
    settings
        .iter()
        .any(|setting| setting.name == name && setting.kind == SettingKind::Url)
}

impl SettingKind {
    /// Whether a text is a value of this kind.
    ///
    /// # Errors
    /// Says what is expected instead, as the end of a sentence that names the setting.
    pub fn check(&self, value: &str) -> Result<(), String> {
        match self {
            Self::Text | Self::Secret => Ok(()),
            Self::Url => Origin::of_text(value)
                .map(|_| ())
                .map_err(|error| error.to_string()),
            Self::Boolean if value.parse::<bool>().is_ok() => Ok(()),
            Self::Boolean => Err("'true' or 'false' is expected".to_owned()),
            Self::Integer if value.parse::<i64>().is_ok() => Ok(()),
            Self::Integer => Err("a whole number is expected".to_owned()),
            Self::Choice(choices) if choices.iter().any(|choice| choice == value) => Ok(()),
            Self::Choice(choices) => Err(format!("one of {} is expected", choices.join(", "))),
        }
    }
}

impl Deployment {
    /// Takes a target's word for what it deployed. The text says what can't be used.
    pub(crate) fn check(given: wit::Deployment) -> Result<Self, String> {
        let short = |what, text: String| {
            clean(what, &text, 200)
                .map(|()| text)
                .map_err(|error| error.to_string())
        };
        let url = given
            .url
            .map(|url| {
                let parsed = web_page(&url).and_then(|url| Url::parse(&url).ok());
                parsed.ok_or_else(|| format!("'{}' is no http or https URL", text::line(&url, 100)))
            })
            .transpose()?;
        let ready_when = given.ready_when.map(readiness).transpose()?;
        Ok(Self {
            id: short("the deployment's id", given.id)?,
            application: short("the application's name", given.application)?,
            revision: short("the revision", given.revision)?,
            url,
            ready_when,
        })
    }
}

fn readiness(given: wit::Readiness) -> Result<Readiness, String> {
    // Two slashes would begin another host's name when the path is joined to the URL.
    if !given.path.starts_with('/') || given.path.starts_with("//") || given.path.contains('\\') {
        return Err("the path that shows readiness does not begin with one '/'".to_owned());
    }
    clean("the path that shows readiness", &given.path, URL).map_err(|error| error.to_string())?;
    if let Some((pointer, expected)) = &given.expected {
        clean("the pointer that shows readiness", pointer, URL)
            .map_err(|error| error.to_string())?;
        clean("the text that shows readiness", expected, URL).map_err(|error| error.to_string())?;
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return Err(
                "the pointer that shows readiness is no JSON pointer (RFC 6901)".to_owned(),
            );
        }
    }
    Ok(Readiness {
        path: given.path,
        expected: given.expected,
    })
}

impl Credential {
    /// Takes over what a login brought. The text says what can't be used, and never holds the credential.
    pub(crate) fn check(
        given: authentication::Credential,
        description: &Description,
    ) -> Result<Self, String> {
        let secret = Secret::new(given.secret);
        let value = secret.expose();
        if value.is_empty() || value.len() > CREDENTIAL || value.chars().any(char::is_control) {
            return Err(
                "the credential is empty, too long, or holds control characters".to_owned(),
            );
        }
        if let Some(name) = &given.belongs_to
            && !is_url_setting(&description.settings, name)
        {
            return Err(format!(
                "the credential belongs to '{}', which is no url setting",
                text::line(name, NAME)
            ));
        }
        Ok(Self {
            secret,
            expires_at: given.expires_at,
            belongs_to: given.belongs_to,
        })
    }
}

fn check_name(what: &'static str, name: &str) -> Result<(), Invalid> {
    let word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let fits = name.len() <= NAME
        && name.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && name.split('-').all(word);
    if fits {
        Ok(())
    } else {
        Err(Invalid::Name {
            what,
            name: text::line(name, NAME),
        })
    }
}

fn one_line(what: &str, text: String) -> Result<String, Invalid> {
    clean(what, &text, TEXT)?;
    Ok(text)
}

fn clean(what: &str, text: &str, max: usize) -> Result<(), Invalid> {
    if text.chars().any(text::is_hostile) {
        return Err(Invalid::Control(what.to_owned()));
    }
    if text.chars().count() > max {
        return Err(Invalid::TooMuch(format!(
            "{what} is longer than {max} characters"
        )));
    }
    Ok(())
}

fn at_most(what: &str, count: usize, max: usize) -> Result<(), Invalid> {
    if count > max {
        return Err(Invalid::TooMuch(format!(
            "it declares {count} {what}, and at most {max} are accepted"
        )));
    }
    Ok(())
}

/// The URL in normal form, if it is one of the web and shows where it leads.
fn web_page(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    (Origin::of(&url).is_ok() && url.as_str().len() <= URL).then(|| url.into())
}

#[cfg(test)]
mod tests;
