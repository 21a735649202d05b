//! What a target says about itself, checked before anything is built on it.
//!
//! These types are also the form in which a description is kept in the cache, so that `--help` needs no Wasm.

use std::collections::BTreeSet;

use bowline_host::Wants;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::exit::Exit;
use crate::settings::flags::STDIN;
use crate::settings::kind::Kind;

/// A target's own account of what it is and needs.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Description {
    /// Lower-case words joined by '-'.
    pub name: String,
    /// Semantic version of the target.
    pub version: String,
    /// One sentence.
    pub summary: String,
    /// Settings, in the order of `--help`.
    pub settings: Vec<Setting>,
    /// Origins that it needs besides those of its settings.
    pub network: Vec<String>,
    /// Whether it pushes to the Bindle server, so that one must be named.
    pub uses_bindle: bool,
    /// Everything that it asks for.
    pub wants: Wants,
}

/// A value that can be given as a flag or as an environment variable.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Setting {
    /// Lower-case words joined by '-': the flag without its dashes.
    pub name: String,
    /// Environment variable.
    pub variable: Option<String>,
    /// What it is, for `--help`.
    pub description: String,
    /// What values it takes.
    pub kind: Kind,
    /// Value when neither flag nor variable gives one.
    pub default: Option<String>,
    /// Without a value nothing starts.
    pub required: bool,
    /// Settings that can't be given together with this one.
    pub conflicts_with: Vec<String>,
    /// Giving it a value lets the target send requests to that URL's origin.
    pub grants_network: bool,
    /// The question to a person who has given none.
    pub prompt: Option<String>,
    /// The URL setting whose origin alone may receive this secret.
    pub belongs_to: Option<String>,
}

impl Setting {
    /// The flag with its dashes.
    #[must_use]
    pub fn flag(&self) -> String {
        format!("--{}", self.name)
    }

    /// Flag and variable, as messages name a setting: `--hippo-url or HIPPO_URL`.
    #[must_use]
    pub fn ways(&self) -> String {
        match &self.variable {
            Some(variable) => format!("--{} or {variable}", self.name),
            None => self.flag(),
        }
    }
}

impl Description {
    /// Whether a setting says who is deploying: it is a secret, or it excludes one.
    #[must_use]
    pub fn says_who(&self, name: &str) -> bool {
        let Some(setting) = self.settings.iter().find(|it| it.name == name) else {
            return false;
        };
        let excluded = |other: &&Setting| {
            setting.conflicts_with.contains(&other.name)
                || other.conflicts_with.contains(&setting.name)
        };
        let is_secret = |setting: &Setting| setting.kind == Kind::Secret;
        is_secret(setting) || self.settings.iter().filter(excluded).any(is_secret)
    }

    /// Checks what the host, which has looked at the description itself, can't know: that it fits the command line. `flags`
    /// and `variables` are those that bowline keeps for itself.
    ///
    /// # Errors
    /// A fault of the target: settings or variables that shadow bowline's, or variables that are not in its own space.
    pub fn check(&self, flags: &[&str], variables: &[&str]) -> Result<(), Error> {
        let mut seen = BTreeSet::new();
        for setting in &self.settings {
            let name = setting.name.as_str();
            // The flag that reads a secret from standard input.
            if let Some(secret) = name.strip_suffix(STDIN)
                && self
                    .settings
                    .iter()
                    .any(|it| it.name == secret && it.kind == Kind::Secret)
            {
                return Err(self.fault(format!(
                    "declares the setting '{name}', but --{name} reads its secret '{secret}' from standard input"
                )));
            }
            if flags.contains(&name) {
                return Err(self.fault(format!(
                    "declares the setting '{name}', but --{name} is a flag of bowline itself"
                )));
            }
            let Some(variable) = &setting.variable else {
                continue;
            };
            self.check_variable(name, variable, variables)?;
            if !seen.insert(variable) {
                return Err(self.fault(format!("declares the variable {variable} twice")));
            }
        }
        Ok(())
    }

    /// A target reads only variables in its own name's space: otherwise one could declare `AWS_SECRET_ACCESS_KEY` as a
    /// setting and be handed what the shell happens to hold.
    fn check_variable(&self, setting: &str, variable: &str, hosts: &[&str]) -> Result<(), Error> {
        let prefix = format!("{}_", self.name.replace('-', "_").to_ascii_uppercase());
        if !variable.starts_with(&prefix) {
            return Err(self.fault(format!(
                "declares the variable {variable} for its setting '{setting}'; the variables of a target begin with its \
                 name: {prefix}"
            )));
        }
        if hosts.contains(&variable) {
            return Err(self.fault(format!(
                "declares the variable {variable}, which bowline itself reads"
            )));
        }
        Ok(())
    }

    fn fault(&self, what: String) -> Error {
        Error::new(Exit::Target, format!("the target '{}' {what}", self.name))
            .hint("this is a fault of the target; tell its author")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn setting(name: &str, variable: Option<&str>, kind: Kind) -> Setting {
        Setting {
            name: name.into(),
            variable: variable.map(Into::into),
            description: format!("The {name}"),
            kind,
            default: None,
            required: false,
            conflicts_with: Vec::new(),
            grants_network: false,
            prompt: None,
            belongs_to: None,
        }
    }

    pub(crate) fn description(settings: Vec<Setting>) -> Description {
        Description {
            name: "acme".into(),
            version: "1.0.0".into(),
            summary: "Deploys to Acme".into(),
            settings,
            network: Vec::new(),
            uses_bindle: false,
            wants: Wants::default(),
        }
    }

    fn check(settings: Vec<Setting>) -> Result<(), String> {
        description(settings)
            .check(&["from", "bindle-server"], &["ACME_TAKEN"])
            .map_err(|error| {
                assert_eq!(error.exit(), Exit::Target);
                error.message().to_owned()
            })
    }

    #[test]
    fn what_hippo_declares_is_fine() {
        check(vec![
            setting("acme-url", Some("ACME_URL"), Kind::Url),
            setting("acme-channel-2", None, Kind::Text),
        ])
        .unwrap();
    }

    #[test]
    fn faults_are_named() {
        let text = Kind::Text;
        let table = [
            (
                vec![
                    setting("acme-token", None, Kind::Secret),
                    setting("acme-token-stdin", None, Kind::Text),
                ],
                "the target 'acme' declares the setting 'acme-token-stdin', but --acme-token-stdin reads its secret \
              'acme-token' from standard input",
            ),
            (
                vec![setting("from", None, text.clone())],
                "the target 'acme' declares the setting 'from', but --from is a flag of bowline itself",
            ),
            (
                vec![
                    setting("a", Some("ACME_A"), text.clone()),
                    setting("b", Some("ACME_A"), text.clone()),
                ],
                "the target 'acme' declares the variable ACME_A twice",
            ),
            (
                vec![setting("a", Some("GITHUB_TOKEN"), text.clone())],
                "the target 'acme' declares the variable GITHUB_TOKEN for its setting 'a'; the variables of a target \
              begin with its name: ACME_",
            ),
            (
                vec![setting("a", Some("ACME_TAKEN"), text)],
                "the target 'acme' declares the variable ACME_TAKEN, which bowline itself reads",
            ),
        ];
        for (settings, message) in table {
            assert_eq!(check(settings).unwrap_err(), message);
        }
    }
}
