//! What a target asks for, in a form that can be shown, kept and compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Origin, Rule};
use crate::artifact::Artifact;
use crate::contract::{Description, Setting, SettingKind};
use crate::text;

/// Stands among the trigger kinds for all of them.
const ANY: &str = "*";

/// Everything that a target asks for. The default asks for nothing.
///
/// Two targets that ask for the same compare as equal, in whatever order they say it; as TOML or JSON it has one form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Wants {
    /// To push to the environment's Bindle server, and ask it.
    pub bindle: bool,
    /// To log in to its platform, and have what proves the login in later requests.
    pub login: bool,
    /// Kinds of the triggers that applications may have; `*` for any.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub triggers: BTreeSet<String>,
    /// To send these requests, whatever its settings are.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub network: BTreeSet<Rule>,
    /// To be told these, by their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, WantedSetting>,
}

/// Something that a target asks to be told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct WantedSetting {
    /// Environment variable that it is read from, if no flag gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// The target gets a placeholder of it only, to put it into requests.
    #[serde(skip_serializing_if = "is_false")]
    pub secret: bool,
    /// The setting whose server alone may get the secret; every server that the target may reach, without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub belongs_to: Option<String>,
    /// The target may send requests to the server that it names.
    #[serde(skip_serializing_if = "is_false")]
    pub opens_network: bool,
    /// The server where the user names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_server: Option<Origin>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// One thing that a target asks for. `Display` says it in words that follow 'it wants to'.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Want {
    /// To use the environment's Bindle server.
    Bindle,
    /// To log in to its platform.
    Login,
    /// To send these requests.
    Requests(Rule),
    /// To send any request to the server that the user names in a setting.
    Server {
        /// Name of the setting.
        name: String,
        /// Environment variable that it is read from.
        variable: Option<String>,
        /// The server where the user names none.
        default: Option<Origin>,
    },
    /// To put a secret into requests.
    Secret {
        /// Name of the setting.
        name: String,
        /// Environment variable that it is read from.
        variable: Option<String>,
        /// The setting whose server alone may get it; every server that the target may reach, without it.
        belongs_to: Option<String>,
    },
    /// To read a setting.
    Setting {
        /// Name of the setting.
        name: String,
        /// Environment variable that it is read from.
        variable: Option<String>,
    },
    /// To deploy applications that have a trigger of this kind, or, with `*`, of any.
    Trigger(String),
}

impl Wants {
    /// What a target asks for, by its own account and by what it imports and exports.
    #[must_use]
    pub fn of(description: &Description, artifact: &Artifact) -> Self {
        Self {
            bindle: artifact.imports_bindle(),
            login: artifact.exports_authentication(),
            ..Self::described(description)
        }
    }

    /// What a target asks for by its own account alone, which says nothing of Bindle and logins.
    pub(crate) fn described(description: &Description) -> Self {
        let mut triggers: BTreeSet<String> = description.triggers.iter().cloned().collect();
        if triggers.is_empty() {
            triggers.insert(ANY.to_owned());
        }
        let settings = description.settings.iter();
        Self {
            bindle: false,
            login: false,
            triggers,
            network: description.network.iter().cloned().collect(),
            settings: settings
                .map(|setting| (setting.name.clone(), WantedSetting::of(setting)))
                .collect(),
        }
    }

    /// Everything, one by one, the weightiest first.
    #[must_use]
    pub fn all(&self) -> Vec<Want> {
        let mut all = Vec::new();
        all.extend(self.bindle.then_some(Want::Bindle));
        all.extend(self.login.then_some(Want::Login));
        all.extend(self.network.iter().cloned().map(Want::Requests));
        let mut settings: Vec<Want> = self
            .settings
            .iter()
            .map(|(name, setting)| setting.want(name))
            .collect();
        settings.sort_by_key(|want| match want {
            Want::Server { .. } => 0,
            Want::Secret { .. } => 1,
            _ => 2,
        });
        all.extend(settings);
        all.extend(self.triggers.iter().cloned().map(Want::Trigger));
        all
    }

    /// What of this goes beyond what was approved, the weightiest first; nothing, if an approval of `approved` is one of this, too. Whatever is
    /// narrower than what was approved does not go beyond it.
    #[must_use]
    pub fn beyond(&self, approved: &Self) -> Vec<Want> {
        let mut all = self.all();
        all.retain(|want| !approved.has(want));
        all
    }

    fn has(&self, want: &Want) -> bool {
        let reads = |name: &String, variable: &Option<String>| {
            let setting = self.settings.get(name)?;
            let same = variable.is_none() || *variable == setting.variable;
            same.then_some(setting)
        };
        match want {
            Want::Bindle => self.bindle,
            Want::Login => self.login,
            Want::Trigger(kind) => self.triggers.contains(kind) || self.triggers.contains(ANY),
            Want::Requests(rule) => self.network.iter().any(|mine| mine.covers(rule)),
            Want::Setting { name, variable } => {
                reads(name, variable).is_some_and(|setting| !setting.secret)
            }
            Want::Secret {
                name,
                variable,
                belongs_to,
            } => reads(name, variable).is_some_and(|setting| {
                // Who may see a value may put it into any request.
                !setting.secret || setting.belongs_to.is_none() || setting.belongs_to == *belongs_to
            }),
            Want::Server {
                name,
                variable,
                default,
            } => reads(name, variable).is_some_and(|setting| {
                let known = |origin: &Origin| {
                    let rule = Rule::any(origin.clone());
                    setting.default_server.as_ref() == Some(origin)
                        || self.network.iter().any(|mine| mine.covers(&rule))
                };
                setting.opens_network && !setting.secret && default.as_ref().is_none_or(known)
            }),
        }
    }
}

impl WantedSetting {
    fn of(setting: &Setting) -> Self {
        let default_server = setting
            .default
            .as_ref()
            .filter(|_| setting.grants_network)
            .and_then(|text| Origin::of_text(text).ok());
        Self {
            variable: setting.variable.clone(),
            secret: setting.kind == SettingKind::Secret,
            belongs_to: setting.belongs_to.clone(),
            opens_network: setting.grants_network,
            default_server,
        }
    }

    fn want(&self, name: &str) -> Want {
        let (name, variable) = (name.to_owned(), self.variable.clone());
        if self.secret {
            Want::Secret {
                name,
                variable,
                belongs_to: self.belongs_to.clone(),
            }
        } else if self.opens_network {
            Want::Server {
                name,
                variable,
                default: self.default_server.clone(),
            }
        } else {
            Want::Setting { name, variable }
        }
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bindle => f.write_str(
                "push the application to your Bindle server, signed with your key, and ask what is there",
            ),
            Self::Login => f.write_str(
                "log in to its platform, and put what proves the login into later requests",
            ),
            Self::Requests(rule) => {
                match rule.methods() {
                    None => f.write_str("send any request")?,
                    Some(methods) => {
                        let methods: Vec<&str> = methods.collect();
                        write!(f, "send {} requests", methods.join(", "))?;
                    }
                }
                write!(f, " to {}", rule.origin())?;
                match rule.path() {
                    None => Ok(()),
                    Some(path) => write!(f, ", paths from {path} downwards"),
                }
            }
            Self::Server {
                name,
                variable,
                default,
            } => {
                write!(f, "send any request to the server that you name with {}", Ways(name, variable))?;
                match default {
                    None => Ok(()),
                    Some(origin) => write!(f, ", or to {origin} if you name none"),
                }
            }
            Self::Secret {
                name,
                variable,
                belongs_to,
            } => {
                write!(f, "use your secret {} in requests to ", Ways(name, variable))?;
                match belongs_to {
                    Some(setting) => write!(f, "the server of --{} only", clean(setting)),
                    None => f.write_str("every server that it may reach"),
                }
            }
            Self::Setting { name, variable } => write!(f, "read {}", Ways(name, variable)),
            Self::Trigger(kind) if kind == ANY => {
                f.write_str("deploy applications with triggers of any kind")
            }
            Self::Trigger(kind) => {
                write!(f, "deploy applications with triggers of the kind '{}'", clean(kind))
            }
        }
    }
}

/// Flag and variable that give a setting.
struct Ways<'a>(&'a str, &'a Option<String>);

impl fmt::Display for Ways<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--{}", clean(self.0))?;
        match self.1 {
            None => Ok(()),
            Some(variable) => write!(f, " or {}", clean(variable)),
        }
    }
}

/// Names may come out of a file that somebody else wrote.
fn clean(name: &str) -> String {
    text::line(name, 100)
}

#[cfg(test)]
mod tests;
