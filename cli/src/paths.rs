//! The folders that bowline keeps its own files in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use etcetera::{AppStrategy as _, AppStrategyArgs, BaseStrategy as _};

use crate::error::Error;
use crate::exit::Exit;
use crate::variables::Variables;

/// Variable that names one folder to keep everything in, instead of the folders of the XDG Base Directory Specification.
pub const HOME_VARIABLE: &str = "BOWLINE_HOME";

/// Where bowline keeps its files. Nothing is created until something is written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Paths {
    config: PathBuf,
    data: PathBuf,
    cache: PathBuf,
    state: PathBuf,
    old_logins: Option<PathBuf>,
}

/// Folder of the old tools, in the folder of the user's configuration.
const OLD_LOGINS: &str = "fermyon";

impl Paths {
    /// The folders below `BOWLINE_HOME`, or those of the XDG Base Directory Specification, or of Windows.
    ///
    /// # Errors
    /// When `BOWLINE_HOME` is not absolute, or this user has no home folder.
    pub fn find(variables: &Variables) -> Result<Self, Error> {
        if let Some(root) = variables.os(HOME_VARIABLE) {
            let root = PathBuf::from(root);
            if !root.is_absolute() {
                return Err(Error::new(
                    Exit::Usage,
                    format!(
                        "{HOME_VARIABLE} is not an absolute path: {}",
                        root.display()
                    ),
                )
                .hint(format!(
                    "give {HOME_VARIABLE} a path that starts at the root, or unset it"
                )));
            }
            return Ok(Self {
                config: root.join("config"),
                data: root.join("data"),
                cache: root.join("cache"),
                state: root.join("state"),
                old_logins: variables
                    .os("XDG_CONFIG_HOME")
                    .map(|config| PathBuf::from(config).join(OLD_LOGINS)),
            });
        }
        let args = AppStrategyArgs {
            top_level_domain: String::new(),
            author: String::new(),
            app_name: "bowline".into(),
        };
        let strategy = etcetera::choose_app_strategy(args).map_err(|error| {
            Error::new(Exit::Internal, "this user has no home folder")
                .cause(&error)
                .hint(format!(
                    "set {HOME_VARIABLE} to a folder that bowline may keep its files in"
                ))
        })?;
        // Those tools go by the operating system's own folders: `Application Support` and `AppData`, where XDG's are unknown.
        let old_logins = etcetera::base_strategy::choose_native_strategy()
            .ok()
            .map(|native| {
                if cfg!(any(target_os = "macos", windows)) {
                    native.data_dir()
                } else {
                    native.config_dir()
                }
            })
            .map(|config| config.join(OLD_LOGINS));
        Ok(Self {
            old_logins,
            config: strategy.config_dir(),
            data: strategy.data_dir(),
            cache: strategy.cache_dir(),
            state: strategy.state_dir().unwrap_or_else(|| strategy.data_dir()),
        })
    }

    /// Compiled targets and their descriptions: what can be made again.
    #[must_use]
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// What was fetched for applications, and composed.
    #[must_use]
    pub fn content(&self) -> PathBuf {
        self.cache.join("content")
    }

    /// Digests of applications' files that were hashed before.
    #[must_use]
    pub fn hashes(&self) -> PathBuf {
        self.cache.join("hashes")
    }

    /// The key that bundles are signed with.
    #[must_use]
    pub fn signing_key(&self) -> PathBuf {
        self.config.join("signing-keys.toml")
    }

    /// The installed targets.
    #[must_use]
    pub fn targets(&self) -> PathBuf {
        self.data.join("targets")
    }

    /// What was approved of targets.
    #[must_use]
    pub fn approvals(&self) -> PathBuf {
        self.config.join("approvals.toml")
    }

    /// The environments and their settings.
    #[must_use]
    pub fn environments(&self) -> PathBuf {
        self.config.join("environments.toml")
    }

    /// What is known of the secrets that are kept, in a folder of its own.
    #[must_use]
    pub fn credentials(&self) -> PathBuf {
        self.config.join("credentials").join("credentials.toml")
    }

    /// The folder in which the tools before bowline keep their logins. `BOWLINE_HOME` moves bowline's own files, and those of
    /// others are then looked for only where `XDG_CONFIG_HOME` says that they are.
    #[must_use]
    pub fn old_logins(&self) -> Option<&Path> {
        self.old_logins.as_deref()
    }

    /// What every run did.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.state.join("journal")
    }

    /// What `bowline local` keeps when it isn't told where.
    #[must_use]
    pub fn local_data(&self) -> PathBuf {
        self.state.join("local")
    }
}

/// Creates `folder` and the folders above it that are missing, all of them for this user only (0700).
///
/// # Errors
/// When one can't be created, or something that isn't a folder is in the way.
pub fn create_private(folder: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|error| cannot_create(folder, &error))
}

fn cannot_create(folder: &Path, error: &io::Error) -> Error {
    Error::new(
        Exit::Internal,
        format!("can't create the folder {}", folder.display()),
    )
    .cause(error)
    .hint(format!(
        "make it writable, or set {HOME_VARIABLE} to a folder that is"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_variable_moves_everything() {
        let paths = Paths::find(&Variables::from_pairs([(HOME_VARIABLE, "/x")])).unwrap();
        assert_eq!(paths.cache(), Path::new("/x/cache"));
        assert_eq!(paths.content(), Path::new("/x/cache/content"));
        assert_eq!(
            paths.signing_key(),
            Path::new("/x/config/signing-keys.toml")
        );
        assert_eq!(paths.local_data(), Path::new("/x/state/local"));
        assert_eq!(paths.journal(), Path::new("/x/state/journal"));
        assert_eq!(paths.targets(), Path::new("/x/data/targets"));
        assert_eq!(paths.approvals(), Path::new("/x/config/approvals.toml"));
    }

    #[test]
    fn a_relative_home_is_refused() {
        let error = Paths::find(&Variables::from_pairs([(HOME_VARIABLE, "x")])).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert_eq!(error.message(), "BOWLINE_HOME is not an absolute path: x");
    }

    #[cfg(unix)]
    #[test]
    fn new_folders_are_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a/b");
        create_private(&folder).unwrap();
        for made in [root.path().join("a"), folder] {
            assert_eq!(
                fs::metadata(made).unwrap().permissions().mode() & 0o777,
                0o700
            );
        }
    }
}
