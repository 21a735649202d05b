//! What the verbs of `bowline target` say.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bowline_host::Wants;
use serde::Serialize;

use super::{GOOD, Report, STRONG, size, table};
use crate::text;

/// An installed target.
#[derive(Clone, Debug, Serialize)]
pub struct Added {
    /// What it is called here.
    pub name: String,
    /// What it calls itself.
    pub own_name: String,
    /// Its own version.
    pub version: String,
    /// `sha256:...` of the component.
    pub digest: String,
    /// Bytes of the component.
    pub size: u64,
    /// Where it came from.
    pub source: String,
    /// `sha256:...` of a registry's manifest.
    pub manifest: Option<String>,
    /// It was not there before.
    pub installed: bool,
    /// The environment in which it is approved now.
    pub environment: String,
    /// What it asks for, in words.
    pub asks: Vec<String>,
    /// The lock file that pins it now.
    pub lock: Option<String>,
}

/// All installed targets.
#[derive(Clone, Debug, Serialize)]
pub struct Listing {
    /// The built-in one first, then by name.
    pub targets: Vec<Listed>,
}

/// One of them.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// What it is called here.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// `sha256:...` of the component.
    pub digest: String,
    /// Bytes of the component.
    pub size: u64,
    /// Where it came from; nothing for the built-in one.
    pub source: Option<String>,
    /// `sha256:...` of a registry's manifest.
    pub manifest: Option<String>,
    /// Environments in which it is approved. The built-in one needs no approval.
    pub approved_in: Vec<String>,
    /// It is used where `--target` names none.
    pub is_default: bool,
}

/// A target, as it describes itself.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// What it calls itself.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// One line of its own.
    pub summary: String,
    /// By what it was found: a name, a path, a reference.
    pub place: String,
    /// It came with bowline.
    pub built_in: bool,
    /// `sha256:...` of the component.
    pub digest: String,
    /// Bytes of the component.
    pub size: u64,
    /// Version of the contract that it was built for.
    pub contract: String,
    /// What it asks for, in words.
    pub asks: Vec<String>,
    /// The same for programs.
    pub wants: Wants,
    /// Where it is approved.
    pub approvals: Vec<Approved>,
}

/// An approval.
#[derive(Clone, Debug, Serialize)]
pub struct Approved {
    /// For which environment.
    pub environment: String,
    /// What the target asks for besides, in words.
    pub missing: Vec<String>,
    /// Declared origins that may be at private addresses.
    pub private: Vec<String>,
    /// Limits other than the defaults.
    pub limits: BTreeMap<String, String>,
}

/// What became of the targets that were fetched again.
#[derive(Clone, Debug, Serialize)]
pub struct Upgraded {
    /// Each of them.
    pub targets: Vec<Upgrade>,
}

/// One of them.
#[derive(Clone, Debug, Serialize)]
pub struct Upgrade {
    /// What it is called here.
    pub name: String,
    /// It is another content now.
    pub changed: bool,
    /// What it was.
    pub from: Version,
    /// What it is.
    pub to: Version,
    /// What it asks for besides what was approved of the old one, in words.
    pub besides: Vec<String>,
    /// Environments in which the new one is approved.
    pub approved_in: Vec<String>,
    /// What is approved there, with what went along from the old one.
    pub approvals: Vec<Approved>,
    /// Environments in which the old one was and the new one is not.
    pub not_approved_in: Vec<String>,
    /// The lock file that pins it now.
    pub lock: Option<String>,
}

/// A content, and where it came from.
#[derive(Clone, Debug, Serialize)]
pub struct Version {
    /// The target's own version.
    pub version: String,
    /// `sha256:...` of the component.
    pub digest: String,
    /// Where it came from.
    pub source: String,
    /// `sha256:...` of a registry's manifest.
    pub manifest: Option<String>,
}

/// A target that is gone.
#[derive(Clone, Debug, Serialize)]
pub struct Removed {
    /// What it was called.
    pub name: String,
    /// `sha256:...` of the component.
    pub digest: String,
    /// Environments whose approval went with it.
    pub revoked_in: Vec<String>,
}

/// The target that is used where `--target` names none.
#[derive(Clone, Debug, Serialize)]
pub struct Default {
    /// Its name.
    pub name: String,
}

fn bullets(text: &mut String, lines: &[String]) {
    for line in lines {
        let _ = writeln!(text, "  - {}", text::one_line(line));
    }
}

fn approval(text: &mut String, approved: &Approved) {
    let environment = text::one_line(&approved.environment);
    if approved.missing.is_empty() {
        let _ = writeln!(text, "Approved in '{environment}'");
    } else {
        let _ = writeln!(text, "Approved in '{environment}', but for");
        bullets(text, &approved.missing);
    }
    for origin in &approved.private {
        let _ = writeln!(
            text,
            "  {} may be at a private address",
            text::one_line(origin)
        );
    }
    for (name, value) in &approved.limits {
        let _ = writeln!(
            text,
            "  limit {}={}",
            text::one_line(name),
            text::one_line(value)
        );
    }
}

impl Report for Added {
    fn text(&self) -> String {
        let did = if self.installed {
            "Installed"
        } else {
            "Already installed:"
        };
        let line = |text: &str| text::one_line(text);
        let mut text = format!(
            "{GOOD}{did}{GOOD:#} {STRONG}{}{STRONG:#} {} ({})\n  {}\n  from {}\n",
            line(&self.name),
            line(&self.version),
            size(self.size),
            self.digest,
            line(&self.source)
        );
        let _ = writeln!(
            text,
            "\nApproved in the environment '{}':",
            line(&self.environment)
        );
        bullets(&mut text, &self.asks);
        if let Some(lock) = &self.lock {
            let _ = writeln!(text, "\nPinned in {}", line(lock));
        }
        let _ = writeln!(
            text,
            "\nDeploy with it: bowline deploy --target {}",
            line(&self.name)
        );
        text
    }
}

impl Report for Listing {
    fn text(&self) -> String {
        let mut rows =
            vec![["NAME", "VERSION", "DIGEST", "APPROVED IN", "SOURCE"].map(str::to_owned)];
        for target in &self.targets {
            let marked = if target.is_default { " (default)" } else { "" };
            let approved = match (&target.source, target.approved_in.as_slice()) {
                (None, _) => "everywhere".to_owned(),
                (Some(_), []) => "-".to_owned(),
                (Some(_), environments) => environments.join(", "),
            };
            rows.push([
                format!("{}{marked}", target.name),
                target.version.clone(),
                target.digest.chars().take(19).collect(),
                approved,
                target
                    .source
                    .clone()
                    .unwrap_or_else(|| "built in".to_owned()),
            ]);
        }
        table(&rows)
    }
}

impl Report for Shown {
    fn text(&self) -> String {
        let line = |text: &str| text::one_line(text);
        let mut text = format!(
            "{STRONG}{}{STRONG:#} {}\n{}\n\n  found as  {}\n  digest    {}\n  size      {}\n  contract  bowline:deploy@{}\n\nIt wants to\n",
            line(&self.name),
            line(&self.version),
            line(&self.summary),
            line(&self.place),
            self.digest,
            size(self.size),
            self.contract
        );
        if self.asks.is_empty() {
            text.push_str("  - compute, without anything of yours\n");
        }
        bullets(&mut text, &self.asks);
        text.push('\n');
        if self.built_in {
            text.push_str("It came with bowline, and needs no approval\n");
        } else if self.approvals.is_empty() {
            text.push_str("Not approved in any environment\n");
        }
        for approved in &self.approvals {
            approval(&mut text, approved);
        }
        text
    }
}

impl Report for Upgraded {
    fn text(&self) -> String {
        if self.targets.is_empty() {
            return "No targets are installed besides the built-in one\n".to_owned();
        }
        let mut text = String::new();
        for target in &self.targets {
            let name = text::one_line(&target.name);
            if !target.changed {
                let _ = writeln!(
                    text,
                    "{name} {} is up to date",
                    text::one_line(&target.to.version)
                );
            } else {
                let _ = writeln!(
                    text,
                    "{GOOD}Upgraded{GOOD:#} {STRONG}{name}{STRONG:#} {} -> {}\n  {}\n  from {}",
                    text::one_line(&target.from.version),
                    text::one_line(&target.to.version),
                    target.to.digest,
                    text::one_line(&target.to.source)
                );
                if target.besides.is_empty() {
                    text.push_str("It asks for nothing besides what you approved\n");
                } else {
                    text.push_str("Besides what you approved of the old one, it wants to\n");
                    bullets(&mut text, &target.besides);
                }
                for approved in &target.approvals {
                    approval(&mut text, approved);
                }
            }
            for environment in &target.not_approved_in {
                let _ = writeln!(
                    text,
                    "Not approved in '{}': the next deploy there asks",
                    text::one_line(environment)
                );
            }
            if let Some(lock) = &target.lock {
                let _ = writeln!(text, "Pinned in {}", text::one_line(lock));
            }
        }
        text
    }
}

impl Report for Removed {
    fn text(&self) -> String {
        let mut text = format!("{GOOD}Removed{GOOD:#} {}\n", text::one_line(&self.name));
        if !self.revoked_in.is_empty() {
            let _ = writeln!(
                text,
                "Took back what was approved in {}",
                text::one_line(&self.revoked_in.join(", "))
            );
        }
        text
    }
}

impl Report for Default {
    fn text(&self) -> String {
        format!("{}\n", text::one_line(&self.name))
    }
}
