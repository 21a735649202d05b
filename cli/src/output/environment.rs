//! What the verbs of `bowline env` say.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::login::until;
use super::{GOOD, Report, STRONG, table, time};
use crate::credentials::{Record, now};
use crate::environments::old::OldLogin;
use crate::text;

/// All environments.
#[derive(Clone, Debug, Serialize)]
pub struct Listing {
    /// By name.
    pub environments: Vec<Listed>,
}

/// One of them.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// It is used where nothing names one.
    pub is_current: bool,
    /// The target to deploy with, where it isn't the default one.
    pub target: Option<String>,
    /// Settings that are no secrets.
    pub settings: BTreeMap<String, String>,
    /// How many targets are approved in it.
    pub approvals: usize,
    /// The login that is kept for it.
    pub login: Option<LoginState>,
}

/// A login, without what it consists of.
#[derive(Clone, Debug, Serialize)]
pub struct LoginState {
    /// The target that logged in.
    pub target: String,
    /// The servers that it is for.
    pub servers: Vec<String>,
    /// Who logged in, by the settings that say so.
    pub who: BTreeMap<String, String>,
    /// When it ends.
    pub expires_at: Option<String>,
    /// This machine's clock says that it has ended.
    pub seems_expired: bool,
    /// `keyring`, `file`, or `old-login`, the file of an old tool.
    pub kept_in: &'static str,
}

/// Everything that is kept for one environment, but for secrets.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// Its name.
    pub name: String,
    /// It is used where nothing names one.
    pub is_current: bool,
    /// The target to deploy with, where it isn't the default one.
    pub target: Option<String>,
    /// Settings that are no secrets.
    pub settings: BTreeMap<String, String>,
    /// Secret settings that are kept.
    pub secrets: Vec<SecretState>,
    /// Servers that the files of projects may name.
    pub allowed_servers: BTreeSet<String>,
    /// Targets that are approved in it.
    pub approved: Vec<Approved>,
    /// The login that is kept for it.
    pub login: Option<LoginState>,
}

/// A secret setting, without its value.
#[derive(Clone, Debug, Serialize)]
pub struct SecretState {
    /// Name of the setting.
    pub setting: String,
    /// The servers that it is for.
    pub servers: Vec<String>,
    /// `keyring` or `file`.
    pub kept_in: &'static str,
}

/// A target that is approved.
#[derive(Clone, Debug, Serialize)]
pub struct Approved {
    /// What it was called when it was approved.
    pub target: String,
    /// `sha256:...` of the component.
    pub digest: String,
}

/// An environment that was set.
#[derive(Clone, Debug, Serialize)]
pub struct Changed {
    /// Its name.
    pub name: String,
    /// The target to deploy with, where it isn't the default one.
    pub target: Option<String>,
    /// All its settings that are no secrets.
    pub settings: BTreeMap<String, String>,
    /// Servers that the files of projects may name.
    pub allowed_servers: BTreeSet<String>,
    /// Secrets that were kept just now.
    pub secrets: Vec<SecretState>,
}

/// An environment that was forgotten.
#[derive(Clone, Debug, Serialize)]
pub struct Removed {
    /// Its name.
    pub name: String,
    /// There was a login.
    pub logged_out: bool,
    /// Secret settings that were forgotten.
    pub secrets: Vec<String>,
    /// Targets whose approval was taken back.
    pub revoked: Vec<String>,
    /// The file of an old tool's login, which is left.
    pub left: Option<String>,
}

/// The environment that is used where nothing names one.
#[derive(Clone, Debug, Serialize)]
pub struct Used {
    /// Its name.
    pub name: String,
    /// The variable names another one at present, and goes before it.
    pub overruled: bool,
}

impl LoginState {
    /// Of a login that bowline keeps.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        Self {
            target: record.target.clone(),
            servers: record.servers.values().cloned().collect(),
            who: record.who.clone(),
            expires_at: record.expires_at.and_then(time),
            seems_expired: record.seems_expired(),
            kept_in: record.place(),
        }
    }

    /// Of a login that an old tool left.
    #[must_use]
    pub fn old(login: &OldLogin) -> Self {
        Self {
            target: crate::target::BUILT_IN.to_owned(),
            servers: vec![login.url.clone()],
            who: BTreeMap::new(),
            expires_at: login.expires_at.and_then(time),
            seems_expired: login.expires_at.is_some_and(|end| end <= now()),
            kept_in: "old-login",
        }
    }

    fn line(&self) -> String {
        let mut line = String::new();
        for who in self.who.values() {
            let _ = write!(line, "{} at ", text::one_line(who));
        }
        let _ = write!(
            line,
            "{}, {}",
            text::one_line(&self.servers.join(", ")),
            until(self.expires_at.as_deref(), self.seems_expired)
        );
        line
    }
}

impl Report for Listing {
    fn text(&self) -> String {
        let heading = ["", "NAME", "TARGET", "SETTINGS", "APPROVED", "LOGIN"];
        let mut rows = vec![heading.map(str::to_owned)];
        for environment in &self.environments {
            rows.push([
                if environment.is_current { "*" } else { "" }.to_owned(),
                environment.name.clone(),
                environment.target.clone().unwrap_or_else(|| "-".to_owned()),
                environment.settings.len().to_string(),
                environment.approvals.to_string(),
                match &environment.login {
                    Some(login) => until(login.expires_at.as_deref(), login.seems_expired),
                    None => "-".to_owned(),
                },
            ]);
        }
        table(&rows)
    }
}

impl Report for Shown {
    fn text(&self) -> String {
        let current = if self.is_current { " (in use)" } else { "" };
        let mut text = format!("{STRONG}{}{STRONG:#}{current}\n", self.name);
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "  {name}: {}", text::one_line(value));
        };
        line(
            "target",
            self.target.as_deref().unwrap_or("the default one"),
        );
        for (name, value) in &self.settings {
            line(name, value);
        }
        for secret in &self.secrets {
            let servers = secret.servers.join(", ");
            let value = format!("kept in the {}, for {servers}", secret.kept_in);
            line(&secret.setting, &value);
        }
        for origin in &self.allowed_servers {
            line("projects may name", origin);
        }
        for approved in &self.approved {
            line(
                "approved",
                &format!("{} {}", approved.target, approved.digest),
            );
        }
        match &self.login {
            Some(login) => line("login", &login.line()),
            None => line("login", "none"),
        }
        text
    }
}

impl Report for Changed {
    fn text(&self) -> String {
        let mut text = format!("{GOOD}Set{GOOD:#} the environment '{}'\n", self.name);
        if let Some(target) = &self.target {
            let _ = writeln!(text, "  target: {}", text::one_line(target));
        }
        for (name, value) in &self.settings {
            let _ = writeln!(text, "  {name}: {}", text::one_line(value));
        }
        for secret in &self.secrets {
            let servers = secret.servers.join(", ");
            let _ = writeln!(
                text,
                "  {}: kept in the {}, for {servers}",
                secret.setting, secret.kept_in
            );
        }
        for origin in &self.allowed_servers {
            let _ = writeln!(text, "  projects may name: {origin}");
        }
        text
    }
}

impl Report for Removed {
    fn text(&self) -> String {
        let mut text = format!("{GOOD}Removed{GOOD:#} the environment '{}'\n", self.name);
        if self.logged_out {
            text.push_str("  Its login is forgotten.\n");
        }
        for setting in &self.secrets {
            let _ = writeln!(text, "  {setting} is forgotten.");
        }
        for target in &self.revoked {
            let _ = writeln!(
                text,
                "  What was approved of '{}' in it is taken back.",
                text::one_line(target)
            );
        }
        if let Some(file) = &self.left {
            let _ = writeln!(text, "  Another tool's login is left in {file}.");
        }
        text
    }
}

impl Report for Used {
    fn text(&self) -> String {
        let mut text = format!(
            "The environment '{}' is used where nothing names one\n",
            self.name
        );
        if self.overruled {
            let _ = writeln!(
                text,
                "  At present {} names one, and goes before it.",
                crate::environments::VARIABLE
            );
        }
        text
    }
}
