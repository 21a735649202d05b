//! Values for the application's variables, as environment variables of its channel.
//!
//! Hippo stores those and hands them to nobody, so it is refused what it would only seem to carry. A platform that speaks
//! Hippo's API and does more says so in its answers; it takes an environment variable for the value of a variable if Spin
//! would: `SPIN_VARIABLE_` and the name in upper case. Others of the channel belong to somebody else, and stay.
//!
//! Of a secret, this target has a placeholder, and the host puts stars in its place into what Hippo answers. So a value that is
//! nothing but stars is taken for the same, and set again all the same: it may be another secret of this run.

use bowline_target::{Action, Change, Failure};

use super::plan::change;
use super::{Run, Variable};
use crate::api::{Channel, EnvironmentVariable};
use crate::text::clean;

const PREFIX: &str = "SPIN_VARIABLE_";

/// What the host writes in place of each byte of a secret, and of how many bytes the shortest is that it looks for.
const STARS: &str = "****";

/// One variable of the application, and what a deploy would do to its value.
pub(super) struct Outlook<'a> {
    pub(super) action: Action,
    name: String,
    /// Not of what is secret, nor of what may be.
    before: Option<&'a str>,
    wanted: Option<&'a Variable>,
}

impl Run<'_> {
    /// Refuses values that the platform would not hand to the application. It has to have answered something before.
    pub(super) fn check_variables(&self) -> Result<(), Failure> {
        let variables = &self.facts.variables;
        if variables.is_empty() || self.client.accepts_variables() {
            return Ok(());
        }
        let names: Vec<&str> = variables.iter().map(|it| it.name.as_str()).collect();
        let names = names.join(", ");
        let secret = if variables.iter().any(|it| it.secret) {
            "; a secret has no place there, so the application has to get it in another way"
        } else {
            ""
        };
        Err(Failure::UnsupportedApplication(format!(
            "Hippo hands applications no values for their variables, so what was given for {names} would be lost: leave --variable out, and write defaults under [variables] in spin.toml{secret}"
        )))
    }

    /// What a deploy would do to each variable, of a channel that is there or is to be made.
    pub(super) fn foresee_variables<'a>(
        &'a self,
        channel: Option<&'a Channel>,
    ) -> Vec<Outlook<'a>> {
        if !self.client.accepts_variables() {
            return Vec::new();
        }
        let there = channel.map_or(&[][..], |it| it.environment_variables.as_slice());
        let wanted = &self.facts.variables;
        let mut all: Vec<Outlook<'_>> = wanted
            .iter()
            .map(|variable| {
                let key = key(&variable.name);
                let before = there.iter().find(|it| it.key == key);
                let action = match before {
                    None => Action::Create,
                    Some(before) if variable.is(&before.value) => Action::Keep,
                    Some(_) => Action::Update,
                };
                Outlook {
                    action,
                    name: variable.name.clone(),
                    before: before
                        .map(|it| it.value.as_str())
                        .filter(|_| !variable.secret),
                    wanted: Some(variable),
                }
            })
            .collect();
        all.extend(there.iter().filter_map(|it| {
            let name = it.key.strip_prefix(PREFIX)?.to_ascii_lowercase();
            let is_wanted = wanted.iter().any(|variable| variable.name == name);
            (!is_wanted).then_some(Outlook {
                action: Action::Remove,
                name,
                before: None,
                wanted: None,
            })
        }));
        all
    }

    /// All environment variables that the channel is to have, if they have to be set.
    pub(super) fn variables_to_set(
        &self,
        channel: &Channel,
    ) -> Result<Option<Vec<EnvironmentVariable>>, Failure> {
        let wanted = &self.facts.variables;
        let differs = |it: &Outlook<'_>| {
            !matches!(it.action, Action::Keep) || it.wanted.is_some_and(|it| it.secret)
        };
        if !self.foresee_variables(Some(channel)).iter().any(differs) {
            return Ok(None);
        }
        // Hippo replaces all of them.
        let others = channel
            .environment_variables
            .iter()
            .filter(|it| !it.key.starts_with(PREFIX));
        let mut all: Vec<EnvironmentVariable> = others.cloned().collect();
        if let Some(hidden) = all.iter().find(|it| it.value.contains(STARS)) {
            return Err(Failure::Conflict(format!(
                "channel '{}' has an environment variable '{}' that can't be read, because a secret of this deploy is in its value, or four stars; setting variables would spoil it, so remove it at Hippo first",
                self.config.channel,
                clean(&hidden.key, 64)
            )));
        }
        all.extend(wanted.iter().map(|it| EnvironmentVariable {
            key: key(&it.name),
            value: it.value.clone(),
        }));
        Ok(Some(all))
    }

    /// Whether a channel has the values, as far as that can be seen.
    pub(super) fn has_variables(&self, channel: &Channel) -> bool {
        self.foresee_variables(Some(channel))
            .iter()
            .all(|it| match it.action {
                Action::Keep => true,
                Action::Update => it.wanted.is_some_and(|it| it.secret),
                Action::Create | Action::Remove => false,
            })
    }
}

impl Outlook<'_> {
    /// What the plan says of it.
    pub(super) fn change(&self) -> Change {
        let shown = |value: &str| format!("'{}'", clean(value, 60));
        let detail = match (self.wanted, self.action) {
            (_, Action::Keep) => None,
            (None, _) => Some("is not given: back to its default".to_owned()),
            (Some(wanted), _) if wanted.secret => Some("a secret".to_owned()),
            (Some(wanted), _) => Some(match self.before {
                Some(before) => format!("{} instead of {}", shown(&wanted.value), shown(before)),
                None => shown(&wanted.value),
            }),
        };
        change(self.action, "variable", &self.name, detail)
    }

    /// What of it the plan relies on: no value that may be secret.
    pub(super) fn basis(&self) -> (&str, &'static str, Option<&str>) {
        let action = match self.action {
            Action::Create => "create",
            Action::Update => "update",
            Action::Remove => "remove",
            Action::Keep => "keep",
        };
        (&self.name, action, self.before)
    }
}

impl Variable {
    /// Whether the platform's value is this one, as far as that can be seen.
    fn is(&self, there: &str) -> bool {
        if self.secret {
            there.len() >= STARS.len() && there.bytes().all(|byte| byte == b'*')
        } else {
            self.value == there
        }
    }
}

fn key(name: &str) -> String {
    format!("{PREFIX}{}", name.to_ascii_uppercase())
}
