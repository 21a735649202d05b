//! Names of bindles.

use std::fmt;
use std::str::FromStr;

use semver::Version;

/// Name and version of a bindle, e.g. `hello/1.0.0+q0123456789abcdef`.
///
/// Bindle servers neither check names nor decode percent escapes in paths (a `+` has to travel raw), so only names that
/// mean the same in every place are allowed: segments of ASCII letters, digits, `.`, `_` and `-` that start with a letter
/// or digit, joined by single slashes. The version is a semantic version; its build metadata belongs to the identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BindleId {
    name: String,
    version: Version,
}

/// Why a text can't name a bindle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindleIdError {
    /// There is no `/` between a name and a version.
    #[error("`{0}` is no bindle id: expected `name/version`, such as `hello/1.0.0`")]
    NoVersion(String),
    /// The name has a character, a segment or a length that Bindle can't carry.
    #[error("`{name}` can't name a bindle: {reason}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The version is not a semantic version.
    #[error("`{version}` is no semantic version: expected three numbers, such as `1.0.0`")]
    Version {
        /// The version as given.
        version: String,
        /// What the parser said.
        #[source]
        source: semver::Error,
    },
}

/// Longest name of a bindle, in bytes: what Hippo accepts as storage id.
const LONGEST_NAME: usize = 200;

impl BindleId {
    /// Checks the name; the version is checked by its type.
    ///
    /// # Errors
    /// [`BindleIdError::Name`].
    pub fn new(name: impl Into<String>, version: Version) -> Result<Self, BindleIdError> {
        let name = name.into();
        match check_name(&name) {
            Ok(()) => Ok(Self { name, version }),
            Err(reason) => Err(BindleIdError::Name { name, reason }),
        }
    }

    /// The name, e.g. `hello`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version, build metadata included.
    pub fn version(&self) -> &Version {
        &self.version
    }
}

/// Says what makes `name` unfit for a bindle.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("it is empty");
    }
    if name.len() > LONGEST_NAME {
        return Err("it is longer than 200 characters");
    }
    for segment in name.split('/') {
        if segment.is_empty() {
            return Err("it has an empty segment (two slashes, or one at an end)");
        }
        if !segment.starts_with(|first: char| first.is_ascii_alphanumeric()) {
            return Err(
                "it must start with an ASCII letter or digit, and so must what follows a `/`",
            );
        }
        if !segment
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        {
            return Err("only ASCII letters, digits, `.`, `_` and `-` are possible");
        }
    }
    Ok(())
}

impl fmt::Display for BindleId {
    /// The path form, with `+` as it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, self.version)
    }
}

impl FromStr for BindleId {
    type Err = BindleIdError;

    fn from_str(text: &str) -> Result<Self, BindleIdError> {
        let (name, version) = text
            .rsplit_once('/')
            .ok_or_else(|| BindleIdError::NoVersion(text.to_owned()))?;
        let version = Version::parse(version).map_err(|source| BindleIdError::Version {
            version: version.to_owned(),
            source,
        })?;
        Self::new(name, version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_as_written() {
        for text in [
            "hello/1.0.0",
            "Acme/web.site_2/1.0.0-rc.1+b.2",
            "a/0.0.1+q0123456789abcdef",
        ] {
            assert_eq!(text.parse::<BindleId>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_servers_read_differently_is_refused() {
        for text in [
            "hello",
            "/1.0.0",
            "hello/1.0",
            "hello/v1.0.0",
            "hello/01.0.0",
            "hello/1.0.0+",
            "a//b/1.0.0",
            "../x/1.0.0",
            "a/../b/1.0.0",
            "_i/1.0.0",
            "a b/1.0.0",
            "héllo/1.0.0",
            "a@b/1.0.0",
            "a?b/1.0.0",
            "a%2Fb/1.0.0",
            "a\n/1.0.0",
        ] {
            assert!(text.parse::<BindleId>().is_err(), "{text}");
        }
        assert!(BindleId::new("a".repeat(201), Version::new(1, 0, 0)).is_err());
    }

    #[test]
    fn the_error_says_what_is_wrong() {
        let error = "my app/1.0.0".parse::<BindleId>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`my app` can't name a bindle: only ASCII letters, digits, `.`, `_` and `-` are possible"
        );
    }
}
