//! What a target may do: pure policy, with no WebAssembly and no network in it.
//!
//! A target says what it [`Wants`], the user gives an [`Approval`] of it, once, and the [`Grant`] of a run is what both say. An origin
//! comes into it in one of two ways: as a [`Rule`] that the target declares and the user approves, or as the value that the user gives
//! to an approved setting with `grants-network`. The first may only be somewhere public, unless the user says otherwise for it, the second
//! anywhere ([`Reach`]).

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use crate::contract::Description;

mod approval;
mod origin;
mod path;
mod revocation;
mod rule;
mod wants;

pub use approval::Approval;
pub use origin::{Origin, OriginError};
pub use revocation::Revocation;
pub use rule::{Rule, RuleError};
pub use wants::{Want, WantedSetting, Wants};

/// At what addresses the servers may be that a request goes to, the widest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// At public addresses only: the target named the origin, and must not use the user's place in the network to get at machines
    /// that only the user reaches.
    PublicOnly,
    /// At private addresses, too: the target named the origin, and the user allowed that it is at one. That doesn't make it a server of
    /// the user's: it is shown no client certificate.
    PrivateToo,
    /// Anywhere: the user named the origin.
    Anywhere,
}

/// What one target may do in one environment. The empty grant allows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grant {
    rules: BTreeMap<Rule, Reach>,
    settings: BTreeSet<String>,
    bindle: bool,
    login: bool,
}

/// Why no grant could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GrantError {
    /// A setting that opens the network holds something else than an `http` or `https` URL.
    #[error("setting '{name}' can't be used")]
    Setting {
        /// Name of the setting.
        name: String,
        /// What is wrong with its value.
        #[source]
        source: OriginError,
    },
}

/// A request that may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Allowed {
    /// Where it goes.
    pub origin: Origin,
    /// At what addresses that may be.
    pub reach: Reach,
    /// Any other request to that origin may be sent, too.
    pub whole: bool,
}

impl Grant {
    /// Allows nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Allows what the target wants and the user approves: what is approved without being wanted is not granted, and what
    /// is wanted without being approved neither. `value` gives the value that the user gave a setting; a default is the
    /// target's own word, so its origin is one that the target declares.
    ///
    /// # Errors
    /// [`GrantError::Setting`] when the value of a setting that opens the network is no `http` or `https` URL.
    pub fn new<'a>(
        description: &Description,
        mut value: impl FnMut(&str) -> Option<&'a str>,
        approval: &Approval,
    ) -> Result<Self, GrantError> {
        let mut grant = Self {
            bindle: approval.wants.bindle,
            login: approval.wants.login,
            ..Self::none()
        };
        let wants = Wants::described(description);
        let missing = wants.beyond(&approval.wants);
        for want in wants.all() {
            if missing.contains(&want) {
                continue;
            }
            match want {
                Want::Requests(rule) => {
                    let reach = approval.reach(rule.origin());
                    grant.insert(rule, reach);
                }
                Want::Server { name, default, .. } => {
                    if let Some(text) = value(&name) {
                        let origin =
                            Origin::of_text(text).map_err(|source| GrantError::Setting {
                                name: name.clone(),
                                source,
                            })?;
                        grant.insert(Rule::any(origin), Reach::Anywhere);
                    } else if let Some(origin) = default {
                        let reach = approval.reach(&origin);
                        grant.insert(Rule::any(origin), reach);
                    }
                    grant.settings.insert(name);
                }
                Want::Setting { name, .. } | Want::Secret { name, .. } => {
                    grant.settings.insert(name);
                }
                Want::Bindle | Want::Login | Want::Trigger(_) => {}
            }
        }
        Ok(grant)
    }

    /// Allows every request to this origin, too, wherever it is.
    #[must_use]
    pub fn with_origin(self, origin: Origin) -> Self {
        self.with_rule(Rule::any(origin), Reach::Anywhere)
    }

    /// Allows these requests, too.
    #[must_use]
    pub fn with_rule(mut self, rule: Rule, reach: Reach) -> Self {
        self.insert(rule, reach);
        self
    }

    /// Allows the use of the environment's Bindle server, too.
    #[must_use]
    pub fn with_bindle(mut self) -> Self {
        self.bindle = true;
        self
    }

    /// Allows the use of the environment's login, too.
    #[must_use]
    pub fn with_login(mut self) -> Self {
        self.login = true;
        self
    }

    /// Allows what either of them allows.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for (rule, reach) in other.rules {
            self.insert(rule, reach);
        }
        self.settings.extend(other.settings);
        self.bindle |= other.bindle;
        self.login |= other.login;
        self
    }

    fn insert(&mut self, rule: Rule, reach: Reach) {
        let here = self.rules.entry(rule).or_insert(reach);
        *here = reach.max(*here);
    }

    /// Whether Bindle may be used.
    pub fn bindle(&self) -> bool {
        self.bindle
    }

    /// Whether the environment's login may be used, by a target that exports `authentication`.
    pub fn login(&self) -> bool {
        self.login
    }

    /// The requests that may be sent, in the order of their origins.
    pub fn rules(&self) -> impl Iterator<Item = (&Rule, Reach)> {
        self.rules.iter().map(|(rule, reach)| (rule, *reach))
    }

    /// Whether this setting may be read.
    pub fn reads(&self, setting: &str) -> bool {
        self.settings.contains(setting)
    }

    /// Decides about a request by its method and its URL, which has to be the very value that is then sent.
    ///
    /// # Errors
    /// [`Refusal`] says why the request can't be sent.
    pub fn check(&self, method: &str, url: &Url) -> Result<Allowed, Refusal> {
        let origin = Origin::of(url).map_err(Refusal::Unusable)?;
        let rules = || self.rules().filter(|(rule, _)| *rule.origin() == origin);
        if rules().next().is_none() {
            return Err(Refusal::Origin(origin));
        }
        let has_method = |rule: &Rule| rule.has_method(method) && !is_never_sent(method);
        let allowed = rules()
            .filter(|(rule, _)| has_method(rule) && rule.has_path(url))
            .map(|(rule, reach)| (reach, rule.is_whole()))
            .reduce(|one, other| (one.0.max(other.0), one.1 | other.1));
        match allowed {
            Some((reach, whole)) => Ok(Allowed {
                origin,
                reach,
                whole,
            }),
            None if rules().any(|(rule, _)| has_method(rule)) => Err(Refusal::Path(origin)),
            None => Err(Refusal::Method(origin)),
        }
    }
}

/// Methods that no request has: `CONNECT` asks for a tunnel, and the answer to `TRACE` repeats the request with the secrets in it.
fn is_never_sent(method: &str) -> bool {
    ["CONNECT", "TRACE"]
        .iter()
        .any(|never| method.eq_ignore_ascii_case(never))
}

/// Why [`Grant::check`] refuses a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The URL has no origin that could be granted.
    #[error("the URL can't be used")]
    Unusable(#[source] OriginError),
    /// Nothing is granted of this origin.
    #[error("{0} is not granted")]
    Origin(Origin),
    /// Other methods are granted for this origin, or it is one that is never sent.
    #[error("the method is not granted for {0}")]
    Method(Origin),
    /// Other paths are granted of this origin, or the path could be taken for another one.
    #[error("the path is not granted of {0}")]
    Path(Origin),
}

#[cfg(test)]
mod tests;
