//! The names that installed targets go by.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Characters of a name, as of a target's own.
const LENGTH: usize = 64;

/// A name of an installed target: its own, or the one that `--name` gave it. Lower-case words of ASCII letters and digits, joined
/// by `-`, and not that of the built-in target.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// Why a text is no name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NameError {
    /// Other characters, or too many.
    #[error(
        "a name is lower-case words of letters and digits, joined by '-', of at most {LENGTH} characters"
    )]
    Form,
    /// It is taken for good.
    #[error("'hippo' is the built-in target")]
    BuiltIn,
}

impl Name {
    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text has the form of a name, be it that of the built-in target.
    #[must_use]
    pub fn has_form(text: &str) -> bool {
        let word = |word: &str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        text.len() <= LENGTH && text.split('-').all(word)
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if !Self::has_form(text) {
            Err(NameError::Form)
        } else if text == crate::target::BUILT_IN {
            Err(NameError::BuiltIn)
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_words() {
        for name in ["acme", "acme-cloud", "a1-2b", "7"] {
            assert_eq!(name.parse::<Name>().unwrap().to_string(), name);
        }
        let long = "a".repeat(65);
        for text in [
            "",
            "-",
            "a-",
            "-a",
            "a--b",
            "Acme",
            "acme_cloud",
            "../x",
            "käse",
            &long,
        ] {
            assert_eq!(text.parse::<Name>(), Err(NameError::Form), "{text}");
        }
        assert_eq!("hippo".parse::<Name>(), Err(NameError::BuiltIn));
    }
}
