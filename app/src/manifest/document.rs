//! The text of a manifest, and errors that point into it.

use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::DeTable;

use crate::error::{Fault, LoadError, Location};

/// No manifest that a person wrote comes near this.
const LARGEST: u64 = 1024 * 1024;

/// A manifest's text and where it was read.
#[derive(Debug)]
pub(crate) struct Document {
    path: PathBuf,
    text: String,
}

impl Document {
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
            return Err(Fault::TooLarge {
                what: format!("the manifest `{}` is too large", path.display()),
                limit: "1 MiB".to_owned(),
            }
            .into());
        }
        match String::from_utf8(bytes) {
            // TOML leaves it to its readers what a line end inside of a text is. A checkout on Windows must not be
            // another application than the same checkout elsewhere.
            Ok(text) => Ok(Self {
                path,
                text: text.replace("\r\n", "\n"),
            }),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let location = Location::of(&path, &text, valid..valid + 1);
                let fault = Fault::Syntax("the text is not UTF-8 here".to_owned());
                Err(LoadError::new(fault, Some(location)))
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

    /// An error that points at some bytes of the text.
    pub(crate) fn error(&self, span: Range<usize>, fault: Fault) -> LoadError {
        LoadError::new(fault, Some(self.location(span)))
    }

    /// The place of some bytes of the text.
    pub(crate) fn location(&self, span: Range<usize>) -> Location {
        Location::of(&self.path, &self.text, span)
    }
}
