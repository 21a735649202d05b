//! Where the binary of a component comes from.

use std::fmt;

use semver::Version;
use toml::Spanned;
use toml::de::DeValue;

use super::names::check_package;
use super::table::{Table, wrong_type};
use crate::Digest;
use crate::error::{Fault, LoadError};

/// Where the binary of a component comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// A file.
    File {
        /// Its path as the manifest has it, relative to the manifest's folder; [`crate::Manifest::find`] finds it.
        path: String,
    },
    /// A download.
    Url {
        /// An `http` or `https` URL.
        url: String,
        /// SHA-256 of the bytes.
        digest: Digest,
    },
    /// A package of a registry.
    Package {
        /// The registry, a host with or without a port; none means the one that the user's configuration gives for the
        /// package's namespace.
        registry: Option<String>,
        /// `namespace:name`.
        package: String,
        /// Exactly this version.
        version: Version,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path } => write!(f, "the file `{}`", path.escape_debug()),
            Self::Url { url, .. } => write!(f, "the URL `{url}`"),
            Self::Package {
                package, version, ..
            } => write!(f, "the package `{package}@{version}`"),
        }
    }
}

const EXPECTED: &str = "the path of a WebAssembly file, or a table with `url` and `digest`, or with `package` and `version`";

/// Reads the key `source` of a component.
pub(super) fn read(table: &Table<'_>) -> Result<Spanned<Source>, LoadError> {
    let value = table
        .get("source")
        .ok_or_else(|| table.missing("source", EXPECTED))?;
    let source = match value.get_ref() {
        DeValue::String(path) => Source::File {
            path: path.to_string(),
        },
        DeValue::Table(_) => {
            let place = format!("`source` of {}", table.place());
            elsewhere(&Table::of(table.reading, value, place)?)?
        }
        other => return Err(table.error(value.span(), wrong_type("source", other, EXPECTED))),
    };
    Ok(Spanned::new(value.span(), source))
}

fn elsewhere(table: &Table<'_>) -> Result<Source, LoadError> {
    let has = |key: &str| table.get(key).is_some();
    if has("url") || has("digest") {
        table.only(&["url", "digest"])?;
        let (url, digest) = download(table)?;
        return Ok(Source::Url { url, digest });
    }
    if has("reference") || has("parcel") {
        let fault = Fault::Invalid {
            what: table.place().to_owned(),
            reason: "Spin does not take components from other bindles any more; name a file, a URL or a package".to_owned(),
        };
        return Err(table.error(table.span(), fault));
    }
    table.only(&["registry", "package", "version"])?;
    if !has("package") && !has("registry") && !has("version") {
        let fault = Fault::Invalid {
            what: table.place().to_owned(),
            reason: format!("expected {EXPECTED}"),
        };
        return Err(table.error(table.span(), fault));
    }
    let package = package(table)?
        .ok_or_else(|| table.missing("package", "a package such as \"example:hello\""))?;
    let version = table.need_string("version", "a version such as \"1.2.0\"")?;
    let version = Version::parse(version.get_ref()).map_err(|error| {
        let fault = Fault::Invalid {
            what: format!("the version `{}`", version.get_ref().escape_debug()),
            reason: format!("a source is exactly one version, such as `1.2.0` ({error})"),
        };
        table.error(version.span(), fault)
    })?;
    Ok(Source::Package {
        registry: registry(table)?,
        package,
        version,
    })
}

/// The keys `url` and `digest`.
pub(super) fn download(table: &Table<'_>) -> Result<(String, Digest), LoadError> {
    let url = table.need_string("url", "a URL such as \"https://example.com/hello.wasm\"")?;
    let rest = url
        .get_ref()
        .strip_prefix("https://")
        .or_else(|| url.get_ref().strip_prefix("http://"));
    let reason = if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) {
        Some("expected a URL that starts with `https://`")
    } else if url
        .get_ref()
        .contains(|character: char| character.is_whitespace() || character.is_control())
    {
        Some("spaces and control characters are not possible")
    } else {
        None
    };
    if let Some(reason) = reason {
        let fault = Fault::Invalid {
            what: format!("the URL `{}`", url.get_ref().escape_debug()),
            reason: reason.to_owned(),
        };
        return Err(table.error(url.span(), fault));
    }
    let digest = table.need_string("digest", "\"sha256:\" and 64 hexadecimal digits")?;
    let parsed = digest
        .get_ref()
        .strip_prefix("sha256:")
        .and_then(|digits| digits.parse().ok());
    match parsed {
        Some(parsed) => Ok((url.into_inner(), parsed)),
        None => {
            let fault = Fault::Invalid {
                what: format!("the digest `{}`", digest.get_ref().escape_debug()),
                reason: "expected `sha256:` and 64 lower-case hexadecimal digits".to_owned(),
            };
            Err(table.error(digest.span(), fault))
        }
    }
}

/// The key `package`.
pub(super) fn package(table: &Table<'_>) -> Result<Option<String>, LoadError> {
    let Some(package) = table.string("package")? else {
        return Ok(None);
    };
    check_package(package.get_ref()).map_err(|reason| {
        let fault = Fault::Invalid {
            what: format!("the package `{}`", package.get_ref().escape_debug()),
            reason: reason.to_owned(),
        };
        table.error(package.span(), fault)
    })?;
    Ok(Some(package.into_inner()))
}

/// The key `registry`.
pub(super) fn registry(table: &Table<'_>) -> Result<Option<String>, LoadError> {
    let Some(registry) = table.string("registry")? else {
        return Ok(None);
    };
    let fits = !registry.get_ref().is_empty()
        && registry
            .get_ref()
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-:[]".contains(&byte));
    if fits {
        return Ok(Some(registry.into_inner()));
    }
    let fault = Fault::Invalid {
        what: format!("the registry `{}`", registry.get_ref().escape_debug()),
        reason: "expected a host, such as `example.com` or `localhost:5000`".to_owned(),
    };
    Err(table.error(registry.span(), fault))
}
