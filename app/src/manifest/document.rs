//! The text of a manifest, and errors that point into it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeTable;

use crate::error::{Fault, LoadError, Location};

/// No manifest that a person wrote comes near this, and reading one can take a hundred times its size.
const LARGEST: u64 = 256 * 1024;

/// A manifest's text and where it was read.
#[derive(Debug)]
pub(crate) struct Document {
    path: PathBuf,
    text: String,
    /// Where each line starts.
    lines: Vec<usize>,
}

impl Document {
    fn new(path: PathBuf, text: String) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(after_breaks).collect();
        Self { path, text, lines }
    }

    /// What stands for a manifest where there is none.
    pub(crate) fn empty(path: PathBuf) -> Self {
        Self::new(path, String::new())
    }

    /// Reads `path`, which is a manifest or a folder with a `spin.toml`.
    pub(crate) fn read(path: &Path) -> Result<Self, LoadError> {
        let unreadable = |source| Fault::Unreadable {
            path: path.to_owned(),
            source,
        };
        let path = match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => path.join("spin.toml"),
            Ok(_) => path.to_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Fault::NoManifest {
                    path: path.to_owned(),
                }
                .into());
            }
            Err(error) => return Err(unreadable(error).into()),
        };
        let mut bytes = Vec::new();
        match File::open(&path) {
            Ok(file) => file.take(LARGEST + 1).read_to_end(&mut bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Fault::NoManifest { path }.into());
            }
            Err(error) => Err(error),
        }
        .map_err(|source| Fault::Unreadable {
            path: path.clone(),
            source,
        })?;
        if bytes.len() as u64 > LARGEST {
            return Err(Fault::Invalid {
                what: format!("the manifest `{}`", path.display()),
                reason: "it has more than 256 KiB, the most that is read".to_owned(),
            }
            .into());
        }
        match String::from_utf8(bytes) {
            // TOML leaves it to its readers what a line end inside of a text is. A checkout on Windows must not be
            // another application than the same checkout elsewhere.
            Ok(text) => Ok(Self::new(path, text.replace("\r\n", "\n"))),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let fault = Fault::Syntax("the text is not UTF-8 here".to_owned());
                Err(Self::new(path, text).error(valid..valid + 1, fault))
            }
        }
    }

    /// Where the manifest is, as it was asked for.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Parses the TOML; values know their place.
    pub(crate) fn parse(&self) -> Result<Spanned<DeTable<'_>>, LoadError> {
        DeTable::parse(&self.text).map_err(|error| {
            let fault = Fault::Syntax(error.message().replace('\n', ", "));
            self.error(error.span().unwrap_or(0..0), fault)
        })
    }

    /// The folder that the manifest lies in, as it was asked for.
    pub(crate) fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }

    /// The text, with `\n` at the ends of its lines.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// An error that points at some bytes of the text.
    pub(crate) fn error(&self, span: Range<usize>, fault: Fault) -> LoadError {
        LoadError::new(fault, Some(self.location(span)))
    }

    /// The place of some bytes of the text.
    pub(crate) fn location(&self, span: Range<usize>) -> Location {
        let start = span.start.min(self.text.len());
        let number = self.lines.partition_point(|line| *line <= start).max(1);
        let line_start = self.lines.get(number - 1).copied().unwrap_or(0);
        let line_end = self.lines.get(number).copied().unwrap_or(self.text.len());
        let line = self.text.get(line_start..line_end).unwrap_or_default();
        Location::new(
            &self.path,
            number,
            line,
            start - line_start,
            span.end.saturating_sub(line_start),
        )
    }
}

/// Where the manifest has something, and its keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spans {
    pub(crate) whole: Range<usize>,
    pub(crate) keys: BTreeMap<String, Range<usize>>,
}

/// [`Spans`] of a manifest, for those who come later and tell people where something is.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    document: Arc<Document>,
    spans: Spans,
}

impl Places {
    pub(crate) fn new(document: &Arc<Document>, spans: Spans) -> Self {
        Self {
            document: Arc::clone(document),
            spans,
        }
    }

    /// The place of the thing itself.
    pub(crate) fn whole(&self) -> Location {
        self.document.location(self.spans.whole.clone())
    }

    /// The place of one of its keys; of the thing itself if it has no such key.
    pub(crate) fn key(&self, key: &str) -> Location {
        let span = self.spans.keys.get(key).unwrap_or(&self.spans.whole);
        self.document.location(span.clone())
    }
}
