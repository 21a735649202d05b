//! Settings that come with an application: `[application.tool.bowline]` in its `spin.toml`, or a `bowline.toml` beside it.
//!
//! Such files come with a cloned repository, so what they say is a stranger's word. They may not hold secrets, and a server that
//! they name gets nothing before the user has allowed it (see [`super::servers`]).

use std::collections::BTreeMap;
use std::path::Path;

use super::kind::Kind;
use super::{Source, Value};
use crate::description::Setting;
use crate::error::Error;
use crate::exit::Exit;
use crate::fault;
use crate::files;
use crate::text;

/// The file beside `spin.toml`.
const FILE: &str = "bowline.toml";
/// The table in `spin.toml`.
const TABLE: &str = "[application.tool.bowline]";

/// What a project sets.
#[derive(Debug, Default)]
pub struct Project {
    /// Values by setting, each of its kind.
    pub values: BTreeMap<String, Value>,
    /// What has no effect, for a warning.
    pub notes: Vec<String>,
}

impl Project {
    /// Reads what the application at `from`, a manifest or its folder, sets of these settings. Where there is no application there
    /// is nothing.
    ///
    /// # Errors
    /// [`Exit::Usage`] for files that can't be read, secrets, names that are nearly those of settings, and values of another kind;
    /// [`Exit::Application`] for a `spin.toml` that is no TOML.
    pub fn read(from: &Path, settings: &[Setting]) -> Result<Self, Error> {
        let (manifest, beside) = if from.is_dir() {
            (from.join("spin.toml"), from.join(FILE))
        } else {
            (from.to_owned(), from.with_file_name(FILE))
        };
        let table = if manifest.is_file() {
            bowline_app::tool_table(&manifest, "bowline")
                .map_err(|error| fault::application(&error))?
        } else {
            None
        };
        let file = read_file(&beside)?;
        let (table, name) = match (table, file) {
            (None, None) => return Ok(Self::default()),
            (Some(table), None) => (table, format!("{} in {}", TABLE, file_name(&manifest))),
            (None, Some(table)) => (table, FILE.to_owned()),
            (Some(_), Some(_)) => {
                return Err(Error::new(
                    Exit::Usage,
                    format!(
                        "both {TABLE} in {} and {} hold settings",
                        manifest.display(),
                        beside.display()
                    ),
                )
                .hint("keep one of them"));
            }
        };
        Self::of(&table, &name, settings)
    }

    fn of(table: &toml::Table, file: &str, settings: &[Setting]) -> Result<Self, Error> {
        let mut project = Self::default();
        let names: Vec<String> = settings.iter().map(|it| it.name.clone()).collect();
        for (key, value) in table {
            let shown = text::one_line(key);
            let Some(setting) = settings.iter().find(|it| it.name == *key) else {
                if let Some(near) = names
                    .iter()
                    .find(|name| strsim::damerau_levenshtein(key, name) <= 2)
                {
                    return Err(Error::new(
                        Exit::Usage,
                        format!("the project's {file} sets '{shown}', which is no setting"),
                    )
                    .hint(format!("did you mean '{near}'?")));
                }
                project.notes.push(format!(
                    "the project's {file} sets '{shown}', which the target in force doesn't have; it has no effect"
                ));
                continue;
            };
            if setting.kind == Kind::Secret {
                return Err(Error::new(
                    Exit::Usage,
                    format!("the project's {file} sets {key}, which is a secret"),
                )
                .hint("take it out: whoever reads the repository can read it, and if it was ever shared, replace it")
                .hint(format!(
                    "give it by {}, or keep it with `bowline env set <environment> {key}=@<file>`",
                    setting.ways()
                )));
            }
            let wrong = |why: &str| {
                Error::new(
                    Exit::Usage,
                    format!("the value of {key} in the project's {file} {why}"),
                )
            };
            let text = match value {
                toml::Value::String(text) => text.clone(),
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(truth) => truth.to_string(),
                _ => return Err(wrong("is no text, number or truth value")),
            };
            if text.chars().any(char::is_control) {
                return Err(wrong("holds control characters"));
            }
            setting.kind.check(&text).map_err(|why| wrong(&why))?;
            let value = Value::new(text.into(), Source::Project(file.to_owned()));
            project.values.insert(key.clone(), value);
        }
        Ok(project)
    }
}

fn read_file(path: &Path) -> Result<Option<toml::Table>, Error> {
    files::read::<toml::Table>(path)
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::description::tests::setting;

    fn settings() -> Vec<Setting> {
        vec![
            setting("acme-url", None, Kind::Url),
            setting("acme-channel", None, Kind::Text),
            setting("acme-size", None, Kind::Integer),
            setting("acme-wait", None, Kind::Boolean),
            setting("acme-token", Some("ACME_TOKEN"), Kind::Secret),
        ]
    }

    fn read(manifest: &str, file: Option<&str>) -> Result<Project, Error> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("spin.toml"), manifest).unwrap();
        if let Some(file) = file {
            fs::write(folder.path().join(FILE), file).unwrap();
        }
        let read = Project::read(folder.path(), &settings());
        let by_file = Project::read(&folder.path().join("spin.toml"), &settings());
        assert_eq!(read.is_ok(), by_file.is_ok());
        read
    }

    #[test]
    fn values_of_every_kind_are_read_from_either_place() {
        let text = "acme-url = \"http://a\"\nacme-size = 3\nacme-wait = true\n";
        let manifest = format!("spin_manifest_version = 2\n[application.tool.bowline]\n{text}");
        for (manifest, file, source) in [
            (
                manifest.as_str(),
                None,
                "the project's [application.tool.bowline] in spin.toml",
            ),
            ("", Some(text), "the project's bowline.toml"),
        ] {
            let project = read(manifest, file).unwrap();
            let found: Vec<_> = project
                .values
                .iter()
                .map(|(name, value)| (name.as_str(), value.text(), value.source().to_string()))
                .collect();
            let source = source.to_owned();
            assert_eq!(
                found,
                [
                    ("acme-size", "3", source.clone()),
                    ("acme-url", "http://a", source.clone()),
                    ("acme-wait", "true", source)
                ]
            );
        }
        let nowhere = Project::read(Path::new("/nowhere"), &settings()).unwrap();
        assert!(nowhere.values.is_empty());
    }

    #[test]
    fn what_can_not_stand_is_refused() {
        let table = |text: &str| format!("[application.tool.bowline]\n{text}");
        for (text, message) in [
            (
                "acme-token = \"canary\"",
                "the project's [application.tool.bowline] in spin.toml sets acme-token, which is a secret",
            ),
            (
                "acme-chanel = \"x\"",
                "the project's [application.tool.bowline] in spin.toml sets 'acme-chanel', which is no setting",
            ),
            (
                "acme-size = \"many\"",
                "the value of acme-size in the project's [application.tool.bowline] in spin.toml is not a whole number: 'many'",
            ),
            (
                "acme-channel = [1]",
                "the value of acme-channel in the project's [application.tool.bowline] in spin.toml is no text, number or truth value",
            ),
            (
                "acme-channel = \"a\\u001b[2J\"",
                "the value of acme-channel in the project's [application.tool.bowline] in spin.toml holds control characters",
            ),
        ] {
            let error = read(&table(text), None).unwrap_err();
            assert_eq!((error.exit(), error.message()), (Exit::Usage, message));
            assert!(!format!("{error:?}").contains("canary"));
        }
        let both = read(&table("acme-size = 1"), Some("acme-size = 2")).unwrap_err();
        assert!(both.message().starts_with("both "), "{both}");
    }

    #[test]
    fn settings_of_other_targets_are_only_noted() {
        let project = read("", Some("other-region = \"x\"")).unwrap();
        assert!(project.values.is_empty());
        assert_eq!(project.notes.len(), 1);
    }
}
