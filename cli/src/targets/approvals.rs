//! What this user approved: one entry for each target, by digest, in each environment.

use std::path::PathBuf;

use bowline_app::Digest;
use bowline_host::Approval;
use serde::{Deserialize, Serialize};

use super::hex;
use crate::error::Error;
use crate::files;

/// Form of the file that this program reads and writes.
const VERSION: u32 = 1;
const HELD: &str = ".approvals.lock";

/// The file of approvals. It is for this user only (0600). Writers wait for each other; readers always find a whole file.
#[derive(Clone, Debug)]
pub struct Approvals {
    path: PathBuf,
}

/// One approval.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// SHA-256 of the target.
    #[serde(with = "hex")]
    pub target: Digest,
    /// What the target was called when it was approved; for whoever reads the file.
    pub name: String,
    /// The environment for which it was approved.
    pub environment: String,
    /// What was approved.
    pub approved: Approval,
}

#[derive(Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    #[serde(default, rename = "approval", skip_serializing_if = "Vec::is_empty")]
    approvals: Vec<Record>,
}

impl Approvals {
    /// The approvals in this file. Nothing is touched until something is asked for.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// What is approved for this target in this environment.
    ///
    /// # Errors
    /// When the file can't be read, or was written by a later bowline.
    pub fn find(&self, target: &Digest, environment: &str) -> Result<Option<Approval>, Error> {
        let found = self
            .all()?
            .into_iter()
            .find(|record| record.target == *target && record.environment == environment);
        Ok(found.map(|record| record.approved))
    }

    /// All approvals of this target.
    ///
    /// # Errors
    /// As [`Approvals::find`].
    pub fn of(&self, target: &Digest) -> Result<Vec<Record>, Error> {
        let mut all = self.all()?;
        all.retain(|record| record.target == *target);
        Ok(all)
    }

    /// The environments for which something is approved.
    ///
    /// # Errors
    /// As [`Approvals::find`].
    pub fn environments(&self) -> Result<Vec<String>, Error> {
        let all = self.all()?.into_iter();
        Ok(all.map(|record| record.environment).collect())
    }

    /// What is approved in this environment.
    ///
    /// # Errors
    /// As [`Approvals::find`].
    pub fn within(&self, environment: &str) -> Result<Vec<Record>, Error> {
        let mut all = self.all()?;
        all.retain(|record| record.environment == environment);
        Ok(all)
    }

    /// Takes back everything that was approved in this environment, and returns it.
    ///
    /// # Errors
    /// As [`Approvals::keep`].
    pub fn close(&self, environment: &str) -> Result<Vec<Record>, Error> {
        self.revoke(|record| record.environment == environment)
    }

    /// All that is approved.
    ///
    /// # Errors
    /// As [`Approvals::find`].
    pub fn all(&self) -> Result<Vec<Record>, Error> {
        let Some(document) = files::read::<Document>(&self.path)? else {
            return Ok(Vec::new());
        };
        files::check_form(&self.path, document.version.into(), VERSION)?;
        Ok(document.approvals)
    }

    /// Keeps these approvals, each in the place of the one for the same target and environment.
    ///
    /// # Errors
    /// As [`Approvals::find`], and when the file can't be written.
    pub fn keep(&self, records: Vec<Record>) -> Result<(), Error> {
        self.change(|all| {
            for record in records {
                all.retain(|other| {
                    other.target != record.target || other.environment != record.environment
                });
                all.push(record);
            }
        })
    }

    /// Takes back the approvals that `goes` says. Returns them.
    ///
    /// # Errors
    /// As [`Approvals::keep`].
    pub fn revoke(&self, goes: impl Fn(&Record) -> bool) -> Result<Vec<Record>, Error> {
        let mut revoked = Vec::new();
        self.change(|all| {
            let (gone, left) = std::mem::take(all).into_iter().partition(goes);
            revoked = gone;
            *all = left;
        })?;
        Ok(revoked)
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Record>)) -> Result<(), Error> {
        let folder = self.path.parent().unwrap_or(&self.path);
        let held = files::hold(folder, HELD)?;
        let mut all = self.all()?;
        let before = all.clone();
        change(&mut all);
        if all != before {
            all.sort_by(|one, other| {
                (&one.name, &one.environment, one.target).cmp(&(
                    &other.name,
                    &other.environment,
                    other.target,
                ))
            });
            let text = files::to_toml(&Document {
                version: VERSION,
                approvals: all,
            })?;
            files::replace_private(&self.path, text.as_bytes())?;
        }
        drop(held);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bowline_host::Wants;

    use super::*;

    fn record(content: &[u8], environment: &str, bindle: bool) -> Record {
        let mut wants = Wants::default();
        wants.bindle = bindle;
        wants.network = ["GET https://api.acme.test/v1/".parse().unwrap()].into();
        wants.settings = [("acme-url".to_owned(), Default::default())].into();
        Record {
            target: Digest::of(content),
            name: "acme".to_owned(),
            environment: environment.to_owned(),
            approved: Approval::of(wants)
                .with_private("https://api.acme.test".parse().unwrap())
                .with_limit("memory", "64MiB"),
        }
    }

    fn approvals() -> (tempfile::TempDir, Approvals) {
        let folder = tempfile::tempdir().unwrap();
        let approvals = Approvals::new(folder.path().join("config/approvals.toml"));
        (folder, approvals)
    }

    #[test]
    fn an_approval_is_for_one_content_in_one_environment() {
        let (_folder, approvals) = approvals();
        assert_eq!(
            approvals.find(&Digest::of(b"one"), "default").unwrap(),
            None
        );
        let first = record(b"one", "default", true);
        approvals
            .keep(vec![first.clone(), record(b"one", "staging", false)])
            .unwrap();
        assert_eq!(
            approvals.find(&Digest::of(b"one"), "default").unwrap(),
            Some(first.approved)
        );
        assert_eq!(approvals.find(&Digest::of(b"one"), "other").unwrap(), None);
        assert_eq!(
            approvals.find(&Digest::of(b"two"), "default").unwrap(),
            None
        );
        assert_eq!(approvals.of(&Digest::of(b"one")).unwrap().len(), 2);
        // The later one counts.
        let second = record(b"one", "default", false);
        approvals.keep(vec![second.clone()]).unwrap();
        assert_eq!(
            approvals.find(&Digest::of(b"one"), "default").unwrap(),
            Some(second.approved)
        );
    }

    #[test]
    fn what_is_revoked_is_gone() {
        let (_folder, approvals) = approvals();
        approvals
            .keep(vec![
                record(b"one", "default", true),
                record(b"one", "staging", true),
                record(b"two", "default", true),
            ])
            .unwrap();
        let is_one = |record: &Record| record.target == Digest::of(b"one");
        assert_eq!(approvals.revoke(is_one).unwrap().len(), 2);
        assert_eq!(
            approvals.find(&Digest::of(b"one"), "staging").unwrap(),
            None
        );
        assert!(
            approvals
                .find(&Digest::of(b"two"), "default")
                .unwrap()
                .is_some()
        );
        assert_eq!(approvals.revoke(is_one).unwrap(), []);
    }

    #[test]
    fn a_file_that_says_more_than_is_understood_approves_nothing() {
        let (_folder, approvals) = approvals();
        approvals
            .keep(vec![record(b"one", "default", true)])
            .unwrap();
        let text = std::fs::read_to_string(&approvals.path).unwrap();
        for changed in [
            text.replace("version = 1\n", "version = 2\n"),
            text.replace("bindle = true", "bindle = true\nexcept = \"this\""),
            text.replace("name =", "nam ="),
            text[..text.len() / 2].to_owned(),
        ] {
            std::fs::write(&approvals.path, changed).unwrap();
            let error = approvals.find(&Digest::of(b"one"), "default").unwrap_err();
            assert_eq!(error.exit(), crate::exit::Exit::Usage, "{error:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let (folder, approvals) = approvals();
        approvals
            .keep(vec![record(b"one", "default", true)])
            .unwrap();
        let mode = |name: &str| {
            let path = folder.path().join(name);
            std::fs::metadata(path).unwrap().permissions().mode() & 0o777
        };
        assert_eq!(
            (mode("config"), mode("config/approvals.toml")),
            (0o700, 0o600)
        );
    }
}
