//! The target in force: its bytes, and its description without running it where that can be avoided.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use bowline_app::Digest;
use bowline_host::{Artifact, Engine, EngineOptions, Limits, Target, Wants};
use serde::{Deserialize, Serialize};

use crate::description::{Description, Setting};
use crate::error::Error;
use crate::exit::Exit;
use crate::fault;
use crate::paths::{self, Paths};
use crate::settings::{host, kind::Kind};
use crate::targets::Locked;

/// Form of the cached description; another one is made anew.
const FORMAT: u32 = 4;
/// Name of the built-in target.
pub const BUILT_IN: &str = "hippo";
/// A description has a few kilobytes; more than this is not read back.
const MAX_CACHED: u64 = 1 << 20;

/// A target that was found and looked at, but not compiled.
#[derive(Clone, Debug)]
pub struct Chosen {
    artifact: Artifact,
    /// Where it came from, when it isn't the built-in one: a path, a name or a reference.
    place: Option<PathBuf>,
    /// What pins it.
    pin: Option<Locked>,
    /// For compiling it and asking what it is.
    limits: Limits,
    /// Compiled once, whether for its description or to deploy.
    loaded: OnceLock<Target>,
}

impl Chosen {
    /// The built-in Hippo target.
    ///
    /// # Errors
    /// None, unless this program was built with something else in its place.
    pub fn built_in() -> Result<Self, Error> {
        let artifact = Artifact::from_bytes(bowline_builtin::HIPPO)
            .map_err(|error| fault::artifact(&error, None))?;
        Ok(Self {
            artifact,
            place: None,
            pin: None,
            limits: Limits::default(),
            loaded: OnceLock::new(),
        })
    }

    /// The target in this file.
    ///
    /// # Errors
    /// When the file can't be read or is no target that this host can run.
    pub fn in_file(file: &Path, limits: &Limits) -> Result<Self, Error> {
        match Artifact::read_within(file, limits) {
            Ok(artifact) => Ok(Self::of(artifact, file, limits)),
            Err(error) => Err(fault::artifact(&error, Some(file))),
        }
    }

    /// A target whose bytes came from `place`, which is how messages call it.
    ///
    /// # Errors
    /// When it is no target that this host can run.
    pub fn from_bytes(bytes: Vec<u8>, place: &str, limits: &Limits) -> Result<Self, Error> {
        let place = Path::new(place);
        match Artifact::from_bytes_within(bytes, limits) {
            Ok(artifact) => Ok(Self::of(artifact, place, limits)),
            Err(error) => Err(fault::artifact(&error, Some(place))),
        }
    }

    fn of(artifact: Artifact, place: &Path, limits: &Limits) -> Self {
        Self {
            artifact,
            place: Some(place.to_owned()),
            pin: None,
            limits: limits.clone(),
            loaded: OnceLock::new(),
        }
    }

    /// The same, pinned by a lock file.
    #[must_use]
    pub fn pinned(mut self, locked: Locked) -> Self {
        self.pin = Some(locked);
        self
    }

    /// The same, with these limits for compiling it and for asking what it is.
    #[must_use]
    pub fn within(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The file, as far as it can be known without compiling it.
    #[must_use]
    pub fn artifact(&self) -> &Artifact {
        &self.artifact
    }

    /// SHA-256 of the file.
    #[must_use]
    pub fn digest(&self) -> Digest {
        *self.artifact.digest()
    }

    /// Where it came from; nothing for the built-in one.
    #[must_use]
    pub fn place(&self) -> Option<&Path> {
        self.place.as_deref()
    }

    /// What pins it, if a lock file does.
    #[must_use]
    pub fn pin(&self) -> Option<&Locked> {
        self.pin.as_ref()
    }

    /// Compiles it, or loads the compiled code from the cache.
    ///
    /// # Errors
    /// When this machine can't run WebAssembly, or the code is not valid.
    pub fn load(&self, paths: &Paths) -> Result<Target, Error> {
        if let Some(target) = self.loaded.get() {
            return Ok(target.clone());
        }
        let options = EngineOptions::with_cache(paths.cache().join("compiled"));
        let engine = Engine::new(&options).map_err(|error| Error::of(Exit::Internal, &error))?;
        let target = Target::load_within(&engine, self.artifact.clone(), &self.limits)
            .map_err(|error| fault::host(error, self.place.as_deref()))?;
        Ok(self.loaded.get_or_init(|| target).clone())
    }

    /// What the target says about itself: from the cache, else from the target, which is compiled for it.
    ///
    /// # Errors
    /// When it can't be compiled, breaks down, or describes itself wrongly.
    pub fn describe(&self, paths: &Paths) -> Result<Description, Error> {
        let cached = self.cached(paths);
        let description = match read(&cached) {
            Some(description) => description,
            None => {
                let description = self.ask(paths)?;
                // The cache saves time, nothing more: without it, the target is asked again.
                if let Err(error) = write(&cached, &description) {
                    tracing::warn!(path = %cached.display(), %error, "the target's description is not cached");
                }
                description
            }
        };
        self.check(&description)?;
        Ok(description)
    }

    /// What the target says about itself, if the cache knows: nothing is compiled.
    #[must_use]
    pub fn described(&self, paths: &Paths) -> Option<Description> {
        let description = read(&self.cached(paths))?;
        self.check(&description).ok()?;
        Some(description)
    }

    fn cached(&self, paths: &Paths) -> PathBuf {
        paths
            .cache()
            .join("descriptions")
            .join(format!("{}.json", self.artifact.digest()))
    }

    fn check(&self, description: &Description) -> Result<(), Error> {
        description.check(&host::reserved_flags(), &host::reserved_variables())?;
        if description.name == BUILT_IN && self.place.is_some() && !self.is_built_in() {
            return Err(self.poses(&description.name));
        }
        Ok(())
    }

    /// Whether it is the Hippo target, wherever it came from.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        *self.artifact.digest() == Digest::of(bowline_builtin::HIPPO)
    }

    /// A target reads the variables that begin with its name. Those of the built-in one hold what a user exported for it, and
    /// a stranger's file gets nothing of that by taking the name.
    fn poses(&self, name: &str) -> Error {
        let file = self.place.as_deref().unwrap_or(Path::new(name));
        Error::new(
            Exit::Target,
            format!(
                "{} calls itself '{name}', which is the name of the built-in target",
                file.display()
            ),
        )
        .hint("leave out `--target` to use the built-in one")
        .hint("a target of your own needs a name of its own: settings and variables go by the name")
    }

    fn ask(&self, paths: &Paths) -> Result<Description, Error> {
        let target = self.load(paths)?;
        let described = crate::runtime()?
            .block_on(target.describe())
            .map_err(|error| fault::host(error, self.place.as_deref()))?;
        Ok(Description {
            uses_bindle: self.artifact.imports_bindle(),
            wants: Wants::of(&described, &self.artifact),
            name: described.name.clone(),
            version: described.version.to_string(),
            summary: described.summary.clone(),
            network: described.network.iter().map(ToString::to_string).collect(),
            settings: described
                .settings
                .iter()
                .cloned()
                .map(setting)
                .collect::<Result<_, _>>()?,
        })
    }
}

fn setting(declared: bowline_host::Setting) -> Result<Setting, Error> {
    use bowline_host::SettingKind;
    let kind = match declared.kind {
        SettingKind::Text => Kind::Text,
        SettingKind::Url => Kind::Url,
        SettingKind::Secret => Kind::Secret,
        SettingKind::Boolean => Kind::Boolean,
        SettingKind::Integer => Kind::Integer,
        SettingKind::Choice(choices) => Kind::Choice(choices),
        other => {
            return Err(Error::new(
                Exit::Internal,
                format!(
                    "the setting '{}' is of a kind that the command line doesn't know: {other:?}",
                    declared.name
                ),
            ));
        }
    };
    Ok(Setting {
        name: declared.name,
        variable: declared.variable,
        description: declared.description,
        kind,
        default: declared.default,
        required: declared.required,
        conflicts_with: declared.conflicts_with,
        grants_network: declared.grants_network,
        prompt: declared.prompt,
        belongs_to: declared.belongs_to,
    })
}

#[derive(Deserialize, Serialize)]
struct Cached<D> {
    format: u32,
    description: D,
}

/// `None` when it isn't there or can't be used: it can be made again.
fn read(path: &Path) -> Option<Description> {
    let mut text = String::new();
    File::open(path)
        .ok()?
        .take(MAX_CACHED)
        .read_to_string(&mut text)
        .ok()?;
    let cached: Cached<Description> = serde_json::from_str(&text).ok()?;
    (cached.format == FORMAT).then_some(cached.description)
}

fn write(path: &Path, description: &Description) -> Result<(), io::Error> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    paths::create_private(folder).map_err(io::Error::other)?;
    // The system's temporary files are readable by their owner only, and this one keeps that when it gets its name.
    let mut file = tempfile::Builder::new()
        .prefix(".new-")
        .tempfile_in(folder)?;
    file.write_all(&serde_json::to_vec(&Cached {
        format: FORMAT,
        description,
    })?)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::description::tests::{description, setting};

    #[test]
    fn descriptions_are_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("descriptions/a.json");
        let description = description(vec![
            setting("acme-url", Some("ACME_URL"), Kind::Url),
            setting("acme-size", None, Kind::Choice(vec!["s".into()])),
        ]);
        assert_eq!(read(&path), None);
        write(&path, &description).unwrap();
        assert_eq!(read(&path), Some(description));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[test]
    fn other_forms_and_broken_files_are_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        for text in [
            "",
            "{",
            r#"{"format":4}"#,
            r#"{"format":99,"description":{}}"#,
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(read(&path), None, "{text}");
        }
    }
}
