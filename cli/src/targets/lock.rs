//! `bowline.lock`: the targets that a project is deployed with, and what of them was approved.
//!
//! It stands beside `spin.toml`, is meant to be committed, and holds no secret. What it approves counts only when somebody says
//! so, with `--locked` or `--yes`: whoever can write to a project's repository must not approve things in other people's names.

use std::path::{Path, PathBuf};

use bowline_app::Digest;
use bowline_host::{Approval, Wants};
use serde::{Deserialize, Serialize};

use super::hex;
use super::name::Name;
use super::source::Source;
use crate::error::Error;
use crate::exit::Exit;
use crate::files;

/// Name of the file.
pub const FILE: &str = "bowline.lock";

/// Form of the file that this program reads and writes.
const VERSION: u32 = 1;

/// Permissions of a new one: it is a file of the project, with nothing secret in it.
const MODE: u32 = 0o644;

const HEAD: &str = "\
# Written by bowline: the targets of this project, and what they may do. `bowline target upgrade --lock` changes it.
# Commit it; `bowline deploy --locked` takes what is here and nothing else.
";

/// A lock file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lock {
    path: PathBuf,
    targets: Vec<Locked>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    #[serde(default, rename = "target", skip_serializing_if = "Vec::is_empty")]
    targets: Vec<Locked>,
}

/// The one line that every form of the file has.
#[derive(Deserialize)]
struct Head {
    version: i64,
}

/// A pinned target.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// What `--target` calls it in this project.
    pub name: Name,
    /// The target's own version; for whoever reads the file.
    pub version: String,
    /// Where to get it. A relative path is one below the lock file's folder.
    pub source: Source,
    /// SHA-256 of the component.
    #[serde(with = "hex")]
    pub digest: Digest,
    /// SHA-256 of the manifest by which a registry gives it out.
    #[serde(default, with = "hex::option", skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
    /// What it may do.
    #[serde(default, rename = "approval", skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<LockedApproval>,
}

/// What a pinned target may do in one environment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LockedApproval {
    /// The environment.
    pub environment: String,
    /// What was approved.
    pub approved: Approval,
}

impl Locked {
    /// What is approved in this environment.
    #[must_use]
    pub fn approved(&self, environment: &str) -> Option<&Approval> {
        self.approvals
            .iter()
            .find(|approval| approval.environment == environment)
            .map(|approval| &approval.approved)
    }

    /// Approves it for an environment, in the place of what was approved for that one.
    pub fn approve(&mut self, environment: &str, approved: Approval) {
        self.approvals
            .retain(|approval| approval.environment != environment);
        self.approvals.push(LockedApproval {
            environment: environment.to_owned(),
            approved,
        });
        self.approvals
            .sort_by(|one, other| one.environment.cmp(&other.environment));
    }
}

impl Lock {
    /// Where the lock file of an application is: in the folder of its manifest. `from` is the manifest or its folder.
    #[must_use]
    pub fn path_for(from: &Path) -> PathBuf {
        let folder = if from.is_dir() {
            from
        } else {
            match from.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent,
                _ => Path::new("."),
            }
        };
        folder.join(FILE)
    }

    /// Reads the lock file of an application. `None` when it has none.
    ///
    /// # Errors
    /// As usage, naming the place: it can't be read; was written by a later bowline; holds something unknown or twice.
    pub fn read(from: &Path) -> Result<Option<Self>, Error> {
        let path = Self::path_for(from);
        let Some(text) = files::read_text(&path)? else {
            return Ok(None);
        };
        let mend = |error: Error| {
            error.hint("undo the last change to it; or delete it, and pin the targets anew with `bowline target add --lock`")
        };
        let head: Head =
            toml::from_str(&text).map_err(|error| mend(files::malformed(&path, &error)))?;
        files::check_form(&path, head.version, VERSION)?;
        let document: Document =
            toml::from_str(&text).map_err(|error| mend(files::malformed(&path, &error)))?;
        let lock = Self {
            path,
            targets: document.targets,
        };
        match lock.repeated() {
            None => Ok(Some(lock)),
            Some(what) => Err(mend(Error::new(
                Exit::Usage,
                format!("{} holds {what} twice", lock.path.display()),
            ))),
        }
    }

    /// The lock file of an application, or an empty one where it has none yet.
    ///
    /// # Errors
    /// As [`Lock::read`].
    pub fn open(from: &Path) -> Result<Self, Error> {
        Ok(Self::read(from)?.unwrap_or_else(|| Self {
            path: Self::path_for(from),
            targets: Vec::new(),
        }))
    }

    fn repeated(&self) -> Option<String> {
        for (at, target) in self.targets.iter().enumerate() {
            if self.targets[..at]
                .iter()
                .any(|other| other.name == target.name)
            {
                return Some(format!("the target '{}'", target.name));
            }
            for (at, approval) in target.approvals.iter().enumerate() {
                let mut before = target.approvals[..at].iter();
                if before.any(|other| other.environment == approval.environment) {
                    let environment = &approval.environment;
                    return Some(format!(
                        "the approval of '{}' for the environment '{environment}'",
                        target.name
                    ));
                }
            }
        }
        None
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The environments for which it approves something.
    pub fn environments(&self) -> impl Iterator<Item = String> + '_ {
        let approvals = self.targets().iter().flat_map(|target| &target.approvals);
        approvals.map(|approval| approval.environment.clone())
    }

    /// Every pinned target, by name.
    #[must_use]
    pub fn targets(&self) -> &[Locked] {
        &self.targets
    }

    /// The pinned target of this name.
    #[must_use]
    pub fn find(&self, name: &Name) -> Option<&Locked> {
        self.targets.iter().find(|target| target.name == *name)
    }

    /// The pinned target of this digest. Where several names lead to it, it is the first of them, and has what is approved of any:
    /// an approval is for a digest.
    #[must_use]
    pub fn of(&self, digest: &Digest) -> Option<Locked> {
        let mut same = self
            .targets
            .iter()
            .filter(|target| target.digest == *digest);
        let mut found = same.next()?.clone();
        for approval in same.flat_map(|target| &target.approvals) {
            if found.approved(&approval.environment).is_none() {
                found.approve(&approval.environment, approval.approved.clone());
            }
        }
        Some(found)
    }

    /// What is approved of this digest in this environment, under any name, if it covers all of this.
    #[must_use]
    pub fn covering(&self, digest: &Digest, environment: &str, wants: &Wants) -> Option<&Approval> {
        self.targets
            .iter()
            .filter(|target| target.digest == *digest)
            .filter_map(|target| target.approved(environment))
            .find(|approval| wants.beyond(&approval.wants).is_empty())
    }

    /// Where to get a pinned target, seen from this process's folder.
    #[must_use]
    pub fn source(&self, target: &Locked) -> Source {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        target.source.clone().below(folder)
    }

    /// A source as the lock file has it: a file of the project by its path from there.
    #[must_use]
    pub fn relative(&self, source: Source) -> Source {
        let Source::File(path) = &source else {
            return source;
        };
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        match (path.canonicalize(), folder.canonicalize()) {
            (Ok(path), Ok(folder)) => match path.strip_prefix(&folder) {
                Ok(below) => Source::File(below.to_owned()),
                Err(_) => Source::File(path),
            },
            _ => source,
        }
    }

    /// Pins a target, in the place of the one of its name.
    pub fn put(&mut self, target: Locked) {
        self.targets.retain(|other| other.name != target.name);
        self.targets.push(target);
        self.targets.sort_by(|one, other| one.name.cmp(&other.name));
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(&self) -> Result<(), Error> {
        let text = files::to_toml(&Document {
            version: VERSION,
            targets: self.targets.clone(),
        })?;
        files::replace(&self.path, format!("{HEAD}{text}").as_bytes(), Some(MODE))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn locked(name: &str) -> Locked {
        let mut wants = Wants::default();
        wants.network = ["GET https://api.acme.test/v1/".parse().unwrap()].into();
        let mut made = Locked {
            name: name.parse().unwrap(),
            version: "1.0.0".to_owned(),
            source: "oci://registry.acme.test/acme/target:1.0".parse().unwrap(),
            digest: Digest::of(name.as_bytes()),
            manifest: Some(Digest::of(b"manifest")),
            approvals: Vec::new(),
        };
        made.approve("staging", Approval::of(wants.clone()));
        made.approve("default", Approval::of(wants));
        made
    }

    fn written() -> (tempfile::TempDir, Lock, String) {
        let folder = tempfile::tempdir().unwrap();
        let mut lock = Lock::open(folder.path()).unwrap();
        lock.put(locked("other"));
        lock.put(locked("acme"));
        lock.write().unwrap();
        let text = fs::read_to_string(lock.path()).unwrap();
        (folder, lock, text)
    }

    #[test]
    fn it_reads_back() {
        let (folder, lock, text) = written();
        assert!(text.starts_with("# Written by bowline"), "{text}");
        assert_eq!(Lock::read(folder.path()).unwrap().unwrap(), lock);
        fs::write(folder.path().join("spin.toml"), "").unwrap();
        let beside = Lock::read(&folder.path().join("spin.toml"))
            .unwrap()
            .unwrap();
        assert_eq!(beside, lock);
        let acme = lock.find(&"acme".parse().unwrap()).unwrap();
        assert_eq!(lock.of(&acme.digest).as_ref(), Some(acme));
        assert!(acme.approved("default").is_some() && acme.approved("production").is_none());
        let environments: Vec<&str> = acme
            .approvals
            .iter()
            .map(|approval| approval.environment.as_str())
            .collect();
        assert_eq!(environments, ["default", "staging"]);
    }

    #[test]
    fn what_is_approved_under_any_name_is_approved_of_the_content() {
        let (_folder, mut lock, _) = written();
        let acme = lock.find(&"acme".parse().unwrap()).unwrap().clone();
        let (digest, wants) = (acme.digest, acme.approvals[0].approved.wants.clone());
        let mut same = Locked {
            name: "same".parse().unwrap(),
            ..acme
        };
        same.approve("live", Approval::of(wants.clone()));
        lock.put(same);
        assert!(lock.of(&digest).unwrap().approved("live").is_some());
        assert!(lock.covering(&digest, "live", &wants).is_some());
        assert_eq!(lock.covering(&digest, "other", &wants), None);
        let mut more = wants;
        more.bindle = true;
        assert_eq!(lock.covering(&digest, "live", &more), None);
    }

    #[test]
    fn without_one_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Lock::read(folder.path()).unwrap(), None);
        assert_eq!(Lock::open(folder.path()).unwrap().targets(), []);
    }

    #[test]
    fn files_of_the_project_are_named_from_there() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("targets")).unwrap();
        let file = folder.path().join("targets/acme.wasm");
        fs::write(&file, "").unwrap();
        let lock = Lock::open(folder.path()).unwrap();
        let source = lock.relative(Source::File(file.clone()));
        assert_eq!(source.to_string(), "targets/acme.wasm");
        let mut target = locked("acme");
        target.source = source;
        assert_eq!(
            lock.source(&target),
            Source::File(folder.path().join("targets/acme.wasm"))
        );
        let elsewhere = tempfile::NamedTempFile::new().unwrap();
        let outside = elsewhere.path().canonicalize().unwrap();
        assert_eq!(
            lock.relative(Source::File(outside.clone())),
            Source::File(outside)
        );
    }

    #[test]
    fn changes_by_hand_are_named() {
        let (folder, lock, text) = written();
        let one = &text[text.find("[[target]]").unwrap()..text.rfind("[[target]]").unwrap()];
        let digest = format!("sha256:{}", Digest::of(b"acme"));
        for (changed, said) in [
            (
                text.replace("version = 1\n", "version = 2\n"),
                "has the form 2, this bowline knows form 1",
            ),
            (text.replace("version = 1\n", ""), "missing field `version`"),
            (
                text.replacen("[[target]]", "[[target]]\ngrant = \"all\"", 1),
                "unknown field `grant`",
            ),
            (
                text.replacen("bindle = false", "bindle = false\nfiles = true", 1),
                "unknown field `files`",
            ),
            (format!("{text}\n{one}"), "holds the target 'acme' twice"),
            (
                text.replace("staging", "default"),
                "holds the approval of 'acme' for the environment 'default' twice",
            ),
            (
                text.replace(&digest, "sha256:12"),
                "it is not `sha256:` and 64 lower-case hexadecimal digits",
            ),
            (
                text.replace(&digest, &digest.to_uppercase()),
                "it is not `sha256:` and 64 lower-case hexadecimal digits",
            ),
            (
                text.replace("oci://registry.acme.test", "http://registry.acme.test"),
                "targets are fetched by https:// only",
            ),
            (
                text.replace("\"acme\"", "\"../../acme\""),
                "a name is lower-case words",
            ),
            (
                text.replace("\"acme\"", "\"hippo\""),
                "'hippo' is the built-in target",
            ),
            (
                text.replace(
                    "GET https://api.acme.test/v1/",
                    "GET https://api.acme.test@evil.test/",
                ),
                "user name or password",
            ),
            (text[..text.len() - 20].to_owned(), "can't be used"),
        ] {
            fs::write(lock.path(), &changed).unwrap();
            let error = Lock::read(folder.path()).unwrap_err();
            assert_eq!(error.exit(), Exit::Usage);
            let message = error.message();
            assert!(
                message.contains(said) && message.contains(FILE),
                "{message}\nfor\n{changed}"
            );
            assert!(!error.hints().is_empty());
        }
    }

    #[cfg(unix)]
    #[test]
    fn it_is_a_file_of_the_project() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, lock, _) = written();
        let mode = || fs::metadata(lock.path()).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o644);
        fs::set_permissions(lock.path(), fs::Permissions::from_mode(0o664)).unwrap();
        lock.write().unwrap();
        assert_eq!(mode(), 0o664);
    }
}
