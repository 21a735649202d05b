//! Secrets that are kept from one run to the next: what logins brought, and secret settings of environments.
//!
//! Of each secret a file says whose it is, which servers it is for, and when it ends. The secret itself is in the keyring of the
//! operating system, or, where there is none, in the same file, which only this user can read.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use bowline_app::Digest;
use bowline_host::Secret;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::exit::Exit;
use crate::files;
use crate::paths::{HOME_VARIABLE, Paths};
use crate::targets::hex;
use crate::variables::Variables;

mod keyring;

/// Variable that says where secrets are kept: `keyring` or `file`.
pub const PLACE_VARIABLE: &str = "BOWLINE_CREDENTIALS";

/// Form of the file that this program reads and writes.
const VERSION: u32 = 1;
const HELD: &str = ".credentials.lock";

/// Where secrets are to be kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    /// In the keyring, and where there is none, in the file.
    Best,
    /// In the keyring and nowhere else.
    Keyring,
    /// In the file.
    File,
}

/// The secrets that are kept. Writers wait for each other; readers always find a whole file.
#[derive(Clone, Debug)]
pub struct Credentials {
    path: PathBuf,
    place: Place,
}

/// A kept secret: whose it is and what it is good for.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Record {
    /// The environment that it is for.
    pub environment: String,
    /// Name of the target that it was given to, or that gave it.
    pub target: String,
    /// The secret setting whose value it is. Without it, it is what a login brought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setting: Option<String>,
    /// SHA-256 of the target's file.
    #[serde(with = "hex")]
    pub digest: Digest,
    /// The URL setting whose origin alone may receive it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub belongs_to: Option<String>,
    /// When the platform will refuse it, in seconds since the Unix epoch, by the platform's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
    /// When it was kept, in seconds since the Unix epoch.
    pub kept_at: u64,
    /// Its name in the keyring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keyring: Option<String>,
    /// The secret itself, where it isn't in the keyring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<Hidden>,
    /// The origins that it is for, by the URL setting that named each.
    #[serde(default)]
    pub servers: BTreeMap<String, String>,
    /// The settings that say who logged in, as far as they are no secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub who: BTreeMap<String, String>,
}

/// A secret on its way to or from the file.
#[derive(Clone)]
struct Hidden(Secret);

impl PartialEq for Hidden {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose() == other.0.expose()
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    #[serde(default, rename = "credential", skip_serializing_if = "Vec::is_empty")]
    records: Vec<Record>,
}

impl Record {
    /// What is to be kept for this environment and target. The caller fills in what else is known.
    #[must_use]
    pub fn new(environment: &str, target: &str, digest: Digest) -> Self {
        Self {
            environment: environment.to_owned(),
            target: target.to_owned(),
            setting: None,
            digest,
            belongs_to: None,
            expires_at: None,
            kept_at: now(),
            keyring: None,
            secret: None,
            servers: BTreeMap::new(),
            who: BTreeMap::new(),
        }
    }

    /// Whether this machine's clock says that it has ended. The platform's clock may say something else, and is the one that counts.
    #[must_use]
    pub fn seems_expired(&self) -> bool {
        self.expires_at.is_some_and(|end| end <= now())
    }

    /// Where the secret is, in words.
    #[must_use]
    pub fn place(&self) -> &'static str {
        match self.keyring {
            Some(_) => "keyring",
            None => "file",
        }
    }

    fn is_for(&self, environment: &str, target: &str, setting: Option<&str>) -> bool {
        self.environment == environment
            && self.target == target
            && self.setting.as_deref() == setting
    }
}

/// Seconds since the Unix epoch, by this machine's clock.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

impl Credentials {
    /// The secrets of this user. Nothing is touched until something is asked for. With `BOWLINE_HOME` they are in that folder, like
    /// everything else, unless `BOWLINE_CREDENTIALS` says `keyring`.
    ///
    /// # Errors
    /// When `BOWLINE_CREDENTIALS` names no place.
    pub fn new(paths: &Paths, variables: &Variables) -> Result<Self, Error> {
        let asked = variables.os(PLACE_VARIABLE);
        let place = match asked.map(|place| place.to_str()) {
            Some(Some("keyring")) => Place::Keyring,
            Some(Some("file")) => Place::File,
            Some(_) => {
                return Err(Error::new(
                    Exit::Usage,
                    format!("the variable {PLACE_VARIABLE} names no place to keep secrets in"),
                )
                .hint(
                    "it is `keyring` or `file`; without it the keyring is used where there is one",
                ));
            }
            None if variables.os(HOME_VARIABLE).is_some() => Place::File,
            None => Place::Best,
        };
        Ok(Self {
            path: paths.credentials(),
            place,
        })
    }

    /// What is kept of this setting's secret, or of the login, for this environment and target.
    ///
    /// # Errors
    /// When the file can't be read, isn't what bowline wrote, or belongs to somebody else.
    pub fn find(
        &self,
        environment: &str,
        target: &str,
        setting: Option<&str>,
    ) -> Result<Option<Record>, Error> {
        let mut all = self.all()?.into_iter();
        Ok(all.find(|record| record.is_for(environment, target, setting)))
    }

    /// Everything that is kept for this environment.
    ///
    /// # Errors
    /// As [`Credentials::find`].
    pub fn of(&self, environment: &str) -> Result<Vec<Record>, Error> {
        let mut all = self.all()?;
        all.retain(|record| record.environment == environment);
        Ok(all)
    }

    /// The environments for which something is kept.
    ///
    /// # Errors
    /// As [`Credentials::find`].
    pub fn environments(&self) -> Result<Vec<String>, Error> {
        let all = self.all()?.into_iter();
        Ok(all.map(|record| record.environment).collect())
    }

    /// The secret itself.
    ///
    /// # Errors
    /// When the keyring doesn't answer, doesn't give it out, or doesn't hold it any more.
    pub fn secret(&self, record: &Record) -> Result<Secret, Error> {
        if let Some(Hidden(secret)) = &record.secret {
            return Ok(secret.clone());
        }
        let refused = |why: &str| {
            Error::new(
                Exit::NotAuthenticated,
                format!(
                    "the keyring of this machine {why} {} of the environment '{}'",
                    what(record),
                    record.environment
                ),
            )
        };
        let id = record.keyring.as_deref().unwrap_or_default();
        match keyring::read(id) {
            Ok(Some(secret)) => Ok(secret),
            Ok(None) => Err(refused("does not hold any more")),
            Err(trouble) => Err(refused("does not give out").cause(&trouble)),
        }
    }

    /// Keeps this secret, in the place of the one for the same environment, target and setting. Returns the record as it is kept.
    ///
    /// # Errors
    /// As [`Credentials::find`], and when it can't be written; with `BOWLINE_CREDENTIALS=keyring`, when the keyring doesn't take it.
    pub fn keep(&self, mut record: Record, secret: &Secret) -> Result<Record, Error> {
        // Before the keyring is touched: what can't be read is not replaced.
        self.all()?;
        record.kept_at = now();
        record.keyring = self.to_keyring(&record, secret)?;
        record.secret = match record.keyring {
            Some(_) => None,
            None => Some(Hidden(secret.clone())),
        };
        let setting = record.setting.clone();
        let replaced = self.change(|all| {
            let old = take(all, |other| {
                other.is_for(&record.environment, &record.target, setting.as_deref())
            });
            all.push(record.clone());
            old
        });
        match replaced {
            Ok(replaced) => {
                discard(&replaced);
                Ok(record)
            }
            Err(error) => {
                discard(std::slice::from_ref(&record));
                Err(error)
            }
        }
    }

    /// Forgets what `goes` says, and returns it.
    ///
    /// # Errors
    /// As [`Credentials::keep`].
    pub fn forget(&self, goes: impl Fn(&Record) -> bool) -> Result<Vec<Record>, Error> {
        let gone = self.change(|all| take(all, &goes))?;
        discard(&gone);
        Ok(gone)
    }

    fn to_keyring(&self, record: &Record, secret: &Secret) -> Result<Option<String>, Error> {
        if self.place == Place::File {
            return Ok(None);
        }
        let id = Digest::of(format!("{record:?} {}", moment()).as_bytes()).prefix(32);
        let label = format!(
            "bowline: {} of the environment '{}'",
            what(record),
            record.environment
        );
        match keyring::write(&id, &label, secret) {
            Ok(()) => Ok(Some(id)),
            Err(trouble) if self.place == Place::Keyring => Err(Error::new(
                Exit::Internal,
                "the keyring of this machine does not take the secret",
            )
            .cause(&trouble)
            .hint(format!(
                "unset {PLACE_VARIABLE}, or set it to `file`, to keep it in a file that only you can read"
            ))),
            Err(trouble) => {
                tracing::debug!(%trouble, path = %self.path.display(), "no keyring takes the secret; it is kept in a file");
                Ok(None)
            }
        }
    }

    fn all(&self) -> Result<Vec<Record>, Error> {
        files::guard(&self.path)?;
        let Some(text) = files::read_text(&self.path)? else {
            return Ok(Vec::new());
        };
        let text = Zeroizing::new(text);
        let unusable = |why: String| {
            Error::new(
                Exit::Usage,
                format!("{} can't be used: {why}", self.path.display()),
            )
            .hint("bowline leaves it as it is; move it away, and log in again")
        };
        // The parser's own text shows lines of the file, which has secrets in it.
        let document: Document = toml::from_str(&text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = 1 + text
                .bytes()
                .take(start)
                .filter(|byte| *byte == b'\n')
                .count();
            unusable(format!("line {line} is not as bowline writes it"))
        })?;
        if document.version != VERSION {
            return Err(unusable(format!(
                "it has the form {}, and this bowline knows form {VERSION}",
                document.version
            )));
        }
        Ok(document.records)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Vec<Record>) -> T) -> Result<T, Error> {
        let folder = self.path.parent().unwrap_or(&self.path);
        let held = files::hold(folder, HELD)?;
        files::close_folder(folder)?;
        let mut all = self.all()?;
        let before = all.clone();
        let result = change(&mut all);
        if all != before {
            all.sort_by(|one, other| {
                (&one.environment, &one.target, &one.setting).cmp(&(
                    &other.environment,
                    &other.target,
                    &other.setting,
                ))
            });
            let text = Zeroizing::new(files::to_toml(&Document {
                version: VERSION,
                records: all,
            })?);
            files::replace_private(&self.path, text.as_bytes())?;
        }
        drop(held);
        Ok(result)
    }
}

fn take(all: &mut Vec<Record>, goes: impl Fn(&Record) -> bool) -> Vec<Record> {
    let (gone, left) = std::mem::take(all).into_iter().partition(goes);
    *all = left;
    gone
}

/// Takes secrets that nothing refers to any more out of the keyring.
fn discard(records: &[Record]) {
    for id in records.iter().filter_map(|record| record.keyring.as_ref()) {
        if let Err(trouble) = keyring::delete(id) {
            tracing::warn!(%trouble, "a secret that is not used any more is left in the keyring");
        }
    }
}

fn what(record: &Record) -> String {
    match &record.setting {
        Some(setting) => format!("the setting {setting}"),
        None => "the login".to_owned(),
    }
}

/// Something that no other run has.
fn moment() -> String {
    let time = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    format!("{time}-{}", std::process::id())
}

#[cfg(test)]
mod tests;
