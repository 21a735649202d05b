//! The files of an application: which ones a manifest means, and that none of them lies outside its folder.

mod collect;
mod hashes;
mod pattern;
mod sensitive;

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;

use crate::Limits;
use crate::error::{Fault, LoadError, Location};
use crate::manifest::Document;

pub(crate) use hashes::Hashes;

/// The folder of an application.
#[derive(Debug)]
pub(crate) struct Folder<'d> {
    document: &'d Document,
    limits: &'d Limits,
    /// As it was asked for, for messages.
    shown: PathBuf,
    /// Without links, for checks.
    root: PathBuf,
    /// Files that all components got so far.
    files: usize,
    /// Entries that were looked at so far.
    entries: usize,
}

/// What a component sees, before its bytes were looked at.
#[derive(Debug)]
pub(crate) struct Collected {
    component: String,
    files: BTreeMap<String, Arc<Path>>,
    /// A path that came up again with another file, and where the manifest says so. It is fine if the bytes agree.
    again: Vec<(String, Arc<Path>, Location)>,
}

impl<'d> Folder<'d> {
    /// The folder that holds the manifest.
    pub(crate) fn of(document: &'d Document, limits: &'d Limits) -> Result<Self, LoadError> {
        let shown = document.folder().to_owned();
        let root = std::fs::canonicalize(&shown).map_err(|source| Fault::Unreadable {
            path: shown.clone(),
            source,
        })?;
        Ok(Self {
            document,
            limits,
            shown,
            root,
            files: 0,
            entries: 0,
        })
    }

    /// A path of the manifest as a relative one without `.` and `..`; the empty path is the folder itself.
    fn relative(&self, path: &Spanned<String>) -> Result<String, LoadError> {
        let text = path.get_ref();
        let refuse = |reason: &str| {
            let fault = Fault::Invalid {
                what: format!("the path `{}`", text.escape_debug()),
                reason: reason.to_owned(),
            };
            Err(self.document.error(path.span(), fault))
        };
        if text.is_empty() {
            return refuse("it is empty");
        }
        if text.contains(char::is_control) {
            return refuse("control characters are not possible");
        }
        if Path::new(text).is_absolute() || text.starts_with('/') {
            return refuse("expected a path relative to the folder of spin.toml");
        }
        let mut parts = Vec::new();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.pop().is_none() => {
                    let fault = Fault::Outside {
                        path: text.clone(),
                        target: None,
                    };
                    return Err(self.document.error(path.span(), fault));
                }
                ".." => {}
                part => parts.push(part),
            }
        }
        Ok(parts.join("/"))
    }

    /// The real place of `file`, which has to be inside the folder.
    fn inside(&self, span: Range<usize>, path: &str, file: &Path) -> Result<PathBuf, LoadError> {
        let target = std::fs::canonicalize(file)
            .map_err(|error| self.unreadable(span.clone(), file, error))?;
        if target.starts_with(&self.root) {
            Ok(target)
        } else {
            let fault = Fault::Outside {
                path: path.to_owned(),
                target: Some(target),
            };
            Err(self.document.error(span, fault))
        }
    }

    fn unreadable(&self, span: Range<usize>, file: &Path, source: io::Error) -> LoadError {
        let path = file
            .strip_prefix(&self.root)
            .map_or_else(|_| file.to_owned(), |path| self.shown.join(path));
        self.document
            .error(span, Fault::Unreadable { path, source })
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

impl Collected {
    /// Every file that has to be hashed.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Arc<Path>> {
        self.files
            .values()
            .chain(self.again.iter().map(|(_, file, _)| file))
    }

    /// The files by path, after all that share a path turned out to be the same bytes.
    pub(crate) fn check(self, hashes: &Hashes) -> Result<BTreeMap<String, Arc<Path>>, LoadError> {
        for (path, file, location) in self.again {
            let Some(first) = self.files.get(&path) else {
                continue;
            };
            if hashes.get(first)?.digest != hashes.get(&file)?.digest {
                let fault = Fault::Clash {
                    component: self.component,
                    path,
                    first: first.to_path_buf(),
                    second: file.to_path_buf(),
                };
                return Err(LoadError::new(fault, Some(location)));
            }
        }
        Ok(self.files)
    }
}
