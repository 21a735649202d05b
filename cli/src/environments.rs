//! Environments: named places to deploy to, and what the user set for each.
//!
//! One file holds them: target, settings that are no secrets, and the servers that projects may name. What was approved of targets is
//! in the approvals, and secrets are among the credentials; both go by the environment's name.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::credentials::Credentials;
use crate::error::Error;
use crate::exit::Exit;
use crate::files;
use crate::paths::Paths;
use crate::targets::approvals::Approvals;
use crate::targets::{Lock, Name};
use crate::text;
use crate::variables::Variables;

pub mod old;

/// Variable that names the environment, as `spin deploy` has it.
pub const VARIABLE: &str = "FERMYON_DEPLOYMENT_ENVIRONMENT";

/// The environment where nothing names one. It is always there.
pub const DEFAULT: &str = "default";

/// Form of the file that this program reads and writes.
const VERSION: u32 = 1;
const HELD: &str = ".environments.lock";

/// The file of environments. Writers wait for each other; readers always find a whole file.
#[derive(Clone, Debug)]
pub struct Environments {
    path: PathBuf,
}

/// What the user set for one environment.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// The target to deploy with, as `--target` takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Origins that the files of a project may name as servers.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub allowed_servers: BTreeSet<String>,
    /// Values of settings, by name. None is a secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
}

/// Everything in the file.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Document {
    version: u32,
    /// The environment where nothing names one.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    /// All that something was set for.
    #[serde(default, rename = "environment", skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<Environment>,
}

/// The environment that a command works in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Selected {
    /// What was set for it; nothing when it isn't in the file.
    pub environment: Environment,
    /// Who named it, as messages say it.
    pub named_by: String,
}

impl Selected {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.environment.name
    }

    /// Refuses an environment of which nothing is known: most often its name is mistyped. `from` is the application, whose lock
    /// file may know it.
    ///
    /// # Errors
    /// [`Exit::NotFound`] with those that exist; and when the files that tell can't be read.
    pub fn must_exist(
        &self,
        paths: &Paths,
        credentials: &Credentials,
        from: &Path,
    ) -> Result<(), Error> {
        if self.name() == DEFAULT {
            return Ok(());
        }
        let known = known(paths, credentials, Some(from))?;
        if known.contains(self.name()) {
            return Ok(());
        }
        Err(unknown(self.name(), &known).hint(format!(
            "{} names it; `bowline env set {}` makes it",
            self.named_by,
            self.name()
        )))
    }
}

/// There is no such environment.
#[must_use]
pub fn unknown(name: &str, known: &BTreeSet<String>) -> Error {
    let near = known
        .iter()
        .map(|other| (strsim::damerau_levenshtein(name, other), other))
        .filter(|(distance, _)| *distance <= 2)
        .min();
    let made = Error::new(
        Exit::NotFound,
        format!("there is no environment '{}'", text::one_line(name)),
    );
    let made = match near {
        Some((_, other)) => made.hint(format!("did you mean '{other}'?")),
        None => made,
    };
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    made.hint(format!("there are: {}", names.join(", ")))
}

/// The names of all environments of which something is known: set, approved, logged in to, or in a project's lock file.
///
/// # Errors
/// When one of the files can't be read.
pub fn known(
    paths: &Paths,
    credentials: &Credentials,
    from: Option<&Path>,
) -> Result<BTreeSet<String>, Error> {
    let mut names = BTreeSet::from([DEFAULT.to_owned()]);
    let document = Environments::new(paths).read()?;
    names.extend(document.environments.into_iter().map(|it| it.name));
    names.extend(Approvals::new(paths.approvals()).environments()?);
    names.extend(credentials.environments()?);
    if let Some(folder) = paths.old_logins() {
        names.extend(old::environments(folder));
    }
    // A project without a readable lock file has named none.
    if let Some(Ok(Some(lock))) = from.map(Lock::read) {
        names.extend(lock.environments());
    }
    Ok(names)
}

/// Checks the name of an environment, which is part of file names and of messages.
///
/// # Errors
/// [`Exit::Usage`] for one that has another form. `named_by` says where it comes from.
pub fn check_name(name: &str, named_by: &str) -> Result<(), Error> {
    if Name::has_form(name) {
        return Ok(());
    }
    // Somebody may have left it out, before a setting whose value is a secret.
    let shown = name.split('=').next().unwrap_or_default();
    Err(Error::new(
        Exit::Usage,
        format!("'{}' is no name of an environment", text::one_line(shown)),
    )
    .hint(if shown.len() < name.len() {
        "an environment's name comes first: `bowline env set default SETTING=VALUE`".to_owned()
    } else {
        format!(
            "{named_by} names it: lower-case words of letters and digits, joined by '-', of at most 64 characters"
        )
    }))
}

impl Environments {
    /// The environments of this user.
    #[must_use]
    pub fn new(paths: &Paths) -> Self {
        Self {
            path: paths.environments(),
        }
    }

    /// Everything that was set.
    ///
    /// # Errors
    /// When the file can't be read, or isn't as bowline writes it.
    pub fn read(&self) -> Result<Document, Error> {
        let Some(document) = files::read::<Document>(&self.path)? else {
            return Ok(Document::default());
        };
        files::check_form(&self.path, document.version.into(), VERSION)?;
        for environment in &document.environments {
            check_name(&environment.name, &self.path.display().to_string())?;
        }
        Ok(document)
    }

    /// The environment that `flag`, the variable, or `bowline env use` names, in this order; else the default one.
    ///
    /// # Errors
    /// As [`Environments::read`], and for a name that is none.
    pub fn select(&self, flag: Option<&OsStr>, variables: &Variables) -> Result<Selected, Error> {
        let document = self.read()?;
        let variable = variables.os(VARIABLE);
        let (name, named_by) = match (flag, variable, document.current.clone()) {
            (Some(name), ..) => (name.to_string_lossy().into_owned(), "--environment-name"),
            (None, Some(name), _) => (name.to_string_lossy().into_owned(), VARIABLE),
            (None, None, Some(name)) => (name, "`bowline env use`"),
            (None, None, None) => (DEFAULT.to_owned(), "nothing"),
        };
        check_name(&name, named_by)?;
        Ok(Selected {
            environment: document.find(&name).cloned().unwrap_or(Environment {
                name,
                ..Environment::default()
            }),
            named_by: named_by.to_owned(),
        })
    }

    /// Changes what is in the file, all or nothing.
    ///
    /// # Errors
    /// As [`Environments::read`], those of `change`, and when the file can't be written.
    pub fn change<T>(
        &self,
        change: impl FnOnce(&mut Document) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let folder = self.path.parent().unwrap_or(&self.path);
        let held = files::hold(folder, HELD)?;
        let before = self.read()?;
        let mut document = before.clone();
        let result = change(&mut document)?;
        if document != before {
            document.version = VERSION;
            document.environments.sort_by(|a, b| a.name.cmp(&b.name));
            files::replace_private(&self.path, files::to_toml(&document)?.as_bytes())?;
        }
        drop(held);
        Ok(result)
    }
}

impl Document {
    /// What was set for the environment of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|it| it.name == name)
    }

    /// The same to be changed; it is made where it is missing.
    pub fn of(&mut self, name: &str) -> &mut Environment {
        let at = match self.environments.iter().position(|it| it.name == name) {
            Some(at) => at,
            None => {
                self.environments.push(Environment {
                    name: name.to_owned(),
                    ..Environment::default()
                });
                self.environments.len() - 1
            }
        };
        &mut self.environments[at]
    }
}

#[cfg(test)]
mod tests;
