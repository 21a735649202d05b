//! `targets`: the environments that an application has to be compatible with.

use toml::de::DeValue;

use super::table::{Table, wrong_type};
use crate::error::{Fault, LoadError};

/// An environment that an application or a component has to be compatible with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetEnvironment {
    /// One of Spin's catalogue, such as `spin-up:3.3`.
    Catalogue(String),
    /// One that is described at a URL.
    Url(String),
    /// One that is described in a file, whose path is relative to the manifest's folder.
    File(String),
}

/// Reads the key `targets`; none when it is absent.
pub(super) fn read(table: &Table<'_>) -> Result<Vec<TargetEnvironment>, LoadError> {
    let expected = "a list of names such as \"spin-up:3.3\", and of tables with `url` or `path`";
    let mut targets = Vec::new();
    for item in table.items("targets", expected)? {
        targets.push(match item.get_ref() {
            DeValue::String(name) if !name.is_empty() => {
                TargetEnvironment::Catalogue(name.to_string())
            }
            DeValue::Table(_) => {
                let place = format!("an entry of `targets` of {}", table.place());
                let entry = Table::of(table.reading, item, place)?;
                entry.only(&["url", "path"])?;
                match (entry.string("url")?, entry.string("path")?) {
                    (Some(url), None) => TargetEnvironment::Url(url.into_inner()),
                    (None, Some(path)) => TargetEnvironment::File(path.into_inner()),
                    (None, None) => return Err(entry.missing("url", "a URL, or else a `path`")),
                    (Some(_), Some(path)) => {
                        let fault = Fault::Invalid {
                            what: entry.place().to_owned(),
                            reason: "it has a `url` and a `path`: only one of them is possible"
                                .to_owned(),
                        };
                        return Err(entry.error(path.span(), fault));
                    }
                }
            }
            other => return Err(table.error(item.span(), wrong_type("targets", other, expected))),
        });
    }
    Ok(targets)
}
