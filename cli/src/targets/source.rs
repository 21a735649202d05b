//! Where a target comes from.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use bowline_host::Origin;
use bowline_host::client::is_this_machine;
use oci_client::Reference;
use serde::{Deserialize, Serialize};
use url::Url;

/// How references to registries are marked.
const OCI: &str = "oci://";

/// A place to get a target from. Its text form tells the three apart: `https://...`, `oci://...`, and everything else a path.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// A web server.
    Url(Url),
    /// A registry of OCI artifacts.
    Registry(Reference),
}

/// Why a text names no place.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SourceError {
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It begins like a URL, and isn't one.
    #[error("it is not a URL: {0}")]
    Url(String),
    /// A URL whose answers anybody on the way could read and change.
    #[error("targets are fetched by https:// only, and by http:// from this machine")]
    NotSecure,
    /// A reference that registries would not take.
    #[error("it is not a reference to a registry: {0}")]
    Reference(String),
}

impl Source {
    /// Reads a text that was marked or has the form of a place; a name is a path here.
    ///
    /// A text that begins with `https://`, `http://` or `oci://` is what it says. What begins with a dot or a slash, or ends in
    /// `.wasm`, is a path. Otherwise a text whose first part, up to a `/`, looks like a host (it has a dot or a port, or is
    /// `localhost`) is a reference to a registry. The rest are paths. Whether there is such a file plays no part.
    ///
    /// # Errors
    /// [`SourceError`] for what is marked as a URL or a reference, and is none.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        if text.is_empty() {
            return Err(SourceError::Empty);
        }
        if text.starts_with("https://") || text.starts_with("http://") {
            return url(text).map(Self::Url);
        }
        if let Some(reference) = text.strip_prefix(OCI) {
            return registry(reference).map(Self::Registry);
        }
        if is_path(text) {
            Ok(Self::File(PathBuf::from(text)))
        } else {
            registry(text).map(Self::Registry)
        }
    }

    /// The same place, seen from another folder: a relative path becomes one below `folder`.
    #[must_use]
    pub fn below(self, folder: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(folder.join(path)),
            other => other,
        }
    }
}

fn url(text: &str) -> Result<Url, SourceError> {
    let url = Url::parse(text).map_err(|error| SourceError::Url(error.to_string()))?;
    Origin::of(&url).map_err(|error| SourceError::Url(error.to_string()))?;
    if url.scheme() != "https" && !is_this_machine(&url) {
        return Err(SourceError::NotSecure);
    }
    Ok(url)
}

fn registry(text: &str) -> Result<Reference, SourceError> {
    let reference: Reference = text
        .parse()
        .map_err(|error: oci_client::ParseError| SourceError::Reference(error.to_string()))?;
    match reference.digest() {
        Some(digest) if super::hex::parse(digest).is_none() => Err(SourceError::Reference(
            "its digest is not `sha256:` and 64 lower-case hexadecimal digits".to_owned(),
        )),
        _ => Ok(reference),
    }
}

fn is_path(text: &str) -> bool {
    if text.starts_with(['.', '/', '\\', '~']) || text.ends_with(".wasm") {
        return true;
    }
    match text.split_once('/') {
        Some((host, _)) => !(host == "localhost" || host.contains(['.', ':'])),
        None => true,
    }
}

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Source {
    type Error = SourceError;

    fn try_from(text: String) -> Result<Self, SourceError> {
        Self::parse(&text)
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.to_string()
    }
}

/// A path that would read back as something else gets `./` before it.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => {
                let text = path.to_string_lossy();
                let marked = !is_path(&text) || text.contains("://");
                write!(f, "{}{text}", if marked { "./" } else { "" })
            }
            Self::Url(url) => write!(f, "{url}"),
            Self::Registry(reference) => write!(f, "{OCI}{}", reference.whole()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> &'static str {
        match Source::parse(text).unwrap() {
            Source::File(_) => "file",
            Source::Url(_) => "url",
            Source::Registry(_) => "registry",
        }
    }

    #[test]
    fn the_form_alone_tells_them_apart() {
        for (text, expected) in [
            ("./acme", "file"),
            ("../x/acme.wasm", "file"),
            ("/x/acme", "file"),
            ("acme.wasm", "file"),
            ("targets/acme", "file"),
            ("v1.2/acme.wasm", "file"),
            ("C:\\acme.wasm", "file"),
            ("https://example.com/acme.wasm", "url"),
            ("http://127.0.0.1:8080/acme.wasm", "url"),
            ("oci://acme/target", "registry"),
            ("ghcr.io/acme/target:1.0", "registry"),
            ("localhost/acme/target", "registry"),
            ("127.0.0.1:5000/acme/target", "registry"),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn texts_read_back_as_the_same_place() {
        for text in [
            "./acme",
            "/x/acme.wasm",
            "https://example.com/acme.wasm",
            "oci://ghcr.io/acme/target:1.0",
            "oci://localhost:5000/acme/target:latest",
        ] {
            assert_eq!(Source::parse(text).unwrap().to_string(), text);
        }
        let odd = Source::File(PathBuf::from("ghcr.io/acme/target"));
        assert_eq!(odd.to_string(), "./ghcr.io/acme/target");
        assert_eq!(kind(&odd.to_string()), "file");
        let tagless = Source::parse("ghcr.io/acme/target").unwrap();
        assert_eq!(tagless.to_string(), "oci://ghcr.io/acme/target:latest");
    }

    #[test]
    fn places_that_can_not_be_trusted_or_read_are_refused() {
        for (text, message) in [
            ("", "it is empty"),
            (
                "http://example.com/acme.wasm",
                "targets are fetched by https:// only, and by http:// from this machine",
            ),
            (
                "http://127.0.0.1.example.com/acme.wasm",
                "targets are fetched by https:// only, and by http:// from this machine",
            ),
        ] {
            assert_eq!(Source::parse(text).unwrap_err().to_string(), message);
        }
        for text in [
            "https://",
            "https://me:canary@example.com/acme.wasm",
            "oci://",
            "oci://ghcr.io/ACME/target",
            "oci://ghcr.io/acme/target@sha256:12",
            "oci://ghcr.io/acme/../target",
        ] {
            let error = Source::parse(text).unwrap_err();
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }
}
