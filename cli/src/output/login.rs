//! What `bowline login`, `logout` and `whoami` say. Never a token.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::{GOOD, Report, STRONG};
use crate::exit::Exit;
use crate::settings::Source;
use crate::text;

/// A login that was made and is kept.
#[derive(Clone, Debug, Serialize)]
pub struct LoggedIn {
    /// The environment.
    pub environment: String,
    /// The target that logged in.
    pub target: String,
    /// The servers that the login is for, and goes to.
    pub servers: Vec<String>,
    /// Who logged in, by the settings that say so.
    pub who: BTreeMap<String, String>,
    /// When it ends.
    pub expires_at: Option<String>,
    /// This machine's clock says that it has ended already: it can't be right.
    pub clock_differs: bool,
    /// `keyring` or `file`.
    pub kept_in: &'static str,
    /// Settings that are kept for the environment from now on.
    pub settings: Vec<String>,
}

/// What was forgotten.
#[derive(Clone, Debug, Serialize)]
pub struct LoggedOut {
    /// In each environment.
    pub environments: Vec<Out>,
}

/// What was forgotten in one environment.
#[derive(Clone, Debug, Serialize)]
pub struct Out {
    /// Its name.
    pub environment: String,
    /// There was a login.
    pub logged_out: bool,
    /// Secret settings that were forgotten.
    pub secrets: Vec<String>,
    /// The file of an old tool's login, which is left.
    pub left: Option<String>,
}

/// Who a deploy would be.
#[derive(Clone, Debug, Serialize)]
pub struct WhoAmI {
    /// The environment.
    pub environment: String,
    /// The target in force.
    pub target: String,
    /// The servers that know them.
    pub servers: Vec<String>,
    /// Who it is, by the settings that say so, as far as that is known.
    pub who: BTreeMap<String, String>,
    /// What proves it.
    pub by: Basis,
    /// When that ends, if it is known.
    pub expires_at: Option<String>,
    /// This machine's clock says that it has ended. A deploy tries it all the same: the server's clock counts.
    pub seems_expired: bool,
}

/// What proves who is deploying.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Basis {
    /// A login that bowline keeps.
    Login {
        /// `keyring` or `file`.
        kept_in: &'static str,
    },
    /// A login that an old tool left.
    OldLogin {
        /// Its file.
        file: String,
    },
    /// A secret among the settings.
    Setting {
        /// Its name.
        setting: String,
        /// Who gave it.
        source: Source,
    },
}

/// Until when a login holds, in a few words.
pub(super) fn until(expires_at: Option<&str>, seems_expired: bool) -> String {
    match (expires_at, seems_expired) {
        (None, _) => "without a known end".to_owned(),
        (Some(end), false) => format!("until {end}"),
        (Some(end), true) => format!("ended {end}"),
    }
}

fn names(who: &BTreeMap<String, String>) -> String {
    let names: Vec<String> = who.values().map(|name| text::one_line(name)).collect();
    names.join(", ")
}

impl Report for LoggedIn {
    fn text(&self) -> String {
        let who = match names(&self.who) {
            who if who.is_empty() => String::new(),
            who => format!(" as {STRONG}{who}{STRONG:#}"),
        };
        let mut text = format!(
            "{GOOD}Logged in{GOOD:#}{who} to the environment '{}'\n",
            self.environment
        );
        for server in &self.servers {
            let _ = writeln!(
                text,
                "  at {server}, by the target '{}'",
                text::one_line(&self.target)
            );
        }
        let _ = writeln!(
            text,
            "  {}; kept in {}",
            until(self.expires_at.as_deref(), false),
            match self.kept_in {
                "keyring" => "the keyring",
                _ => "a file that only you can read",
            }
        );
        if self.clock_differs {
            text.push_str(
                "  This machine's clock is later than that: it is wrong, or the server's is.\n",
            );
        }
        if !self.settings.is_empty() {
            let _ = writeln!(
                text,
                "  Kept for this environment: {}",
                self.settings.join(", ")
            );
        }
        text
    }
}

impl Report for LoggedOut {
    fn text(&self) -> String {
        let mut text = String::new();
        for out in &self.environments {
            let name = &out.environment;
            if out.logged_out {
                let _ = writeln!(text, "{GOOD}Logged out{GOOD:#} of the environment '{name}'");
            }
            for setting in &out.secrets {
                let _ = writeln!(text, "Forgot {setting} of the environment '{name}'");
            }
            if let Some(file) = &out.left {
                let _ = writeln!(
                    text,
                    "The login that another tool left for the environment '{name}' is still in {file}"
                );
            }
            if !out.logged_out && out.secrets.is_empty() && out.left.is_none() {
                let _ = writeln!(text, "Nobody was logged in to the environment '{name}'");
            }
        }
        text
    }
}

impl Report for WhoAmI {
    fn text(&self) -> String {
        let who = match names(&self.who) {
            who if who.is_empty() => "somebody".to_owned(),
            who => who,
        };
        let servers = match self.servers.join(", ") {
            servers if servers.is_empty() => String::new(),
            servers => format!(" at {servers}"),
        };
        let mut text = format!(
            "{STRONG}{who}{STRONG:#}{servers} in the environment '{}', with the target '{}'\n",
            self.environment,
            text::one_line(&self.target)
        );
        let _ = match &self.by {
            Basis::Setting { setting, source } => writeln!(text, "  by {setting} from {source}"),
            Basis::Login { kept_in } => writeln!(
                text,
                "  by a login in the {kept_in}, {}",
                until(self.expires_at.as_deref(), self.seems_expired)
            ),
            Basis::OldLogin { file } => writeln!(
                text,
                "  by the login in {file}, {}",
                until(self.expires_at.as_deref(), self.seems_expired)
            ),
        };
        if self.seems_expired {
            text.push_str(
                "  By this machine's clock it has ended; `bowline login` gets a new one\n",
            );
        }
        text
    }

    fn code(&self) -> u8 {
        if self.seems_expired {
            Exit::NotAuthenticated.code()
        } else {
            Exit::Success.code()
        }
    }
}
