//! What values a setting takes.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::text;

/// The kind of a setting: the contract's `setting-kind`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Any text.
    Text,
    /// An absolute http or https URL.
    Url,
    /// Any text, never shown.
    Secret,
    /// `true` or `false`; as a flag, its name alone says `true`.
    Boolean,
    /// A whole number that fits 64 bits with a sign.
    Integer,
    /// One of these words.
    Choice(Vec<String>),
}

impl Kind {
    /// Whether `value` is of this kind.
    ///
    /// # Errors
    /// Why not, as the rest of a sentence that begins with what `value` is: "is not a whole number: 'x'". The value of a
    /// secret is not repeated.
    pub fn check(&self, value: &str) -> Result<(), String> {
        match self {
            Self::Text | Self::Secret => Ok(()),
            Self::Url => check_url(value),
            Self::Boolean => match value {
                "true" | "false" => Ok(()),
                _ => Err(format!("is neither true nor false: '{value}'")),
            },
            Self::Integer => value
                .parse::<i64>()
                .map(drop)
                .map_err(|_| format!("is not a whole number: '{value}'")),
            Self::Choice(choices) if choices.iter().any(|choice| choice == value) => Ok(()),
            Self::Choice(choices) => Err(match nearest(value, choices) {
                Some(choice) => format!(
                    "is none of {}: '{value}'; did you mean '{choice}'?",
                    choices.join(", ")
                ),
                None => format!("is none of {}: '{value}'", choices.join(", ")),
            }),
        }
    }

    /// What stands for the value in `--help`, in capitals.
    #[must_use]
    pub fn placeholder(&self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Url => "URL",
            Self::Secret => "SECRET",
            Self::Boolean => "BOOLEAN",
            Self::Integer => "NUMBER",
            Self::Choice(_) => "CHOICE",
        }
    }
}

fn check_url(value: &str) -> Result<(), String> {
    let shown = text::quoted(value);
    match Url::parse(value) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => Err(format!(
            "is not a URL that begins with http:// or https://{shown}"
        )),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            Err("has a username or password in the URL, where it would end up in logs".into())
        }
        Ok(_) => Ok(()),
        Err(url::ParseError::RelativeUrlWithoutBase) => Err(format!(
            "is not a URL that begins with http:// or https://{shown}"
        )),
        Err(error) => Err(format!("is not a URL ({error}){shown}")),
    }
}

/// The choice that `value` was probably meant to be.
fn nearest<'a>(value: &str, choices: &'a [String]) -> Option<&'a str> {
    choices
        .iter()
        .map(|choice| (strsim::jaro_winkler(value, choice), choice))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, choice)| choice.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_their_kind_pass() {
        let choice = Kind::Choice(vec!["a".into(), "b".into()]);
        for (kind, value) in [
            (&Kind::Text, ""),
            (&Kind::Secret, "quote\" line\n ümlaut"),
            (&Kind::Url, "http://127.0.0.1:5309"),
            (&Kind::Url, "https://hippo.example.com/api"),
            (&Kind::Boolean, "false"),
            (&Kind::Integer, "-3"),
            (&choice, "b"),
        ] {
            assert_eq!(kind.check(value), Ok(()), "{kind:?} {value}");
        }
    }

    #[test]
    fn others_are_refused_with_the_reason() {
        let choice = Kind::Choice(vec!["rolling".into(), "recreate".into()]);
        for (kind, value, reason) in [
            (
                &Kind::Url,
                "hippo.example.com",
                "is not a URL that begins with http:// or https://: 'hippo.example.com'",
            ),
            (
                &Kind::Url,
                "localhost:5309",
                "is not a URL that begins with http:// or https://: 'localhost:5309'",
            ),
            (
                &Kind::Url,
                "ftp://x",
                "is not a URL that begins with http:// or https://: 'ftp://x'",
            ),
            (
                &Kind::Url,
                "http://",
                "is not a URL (empty host): 'http://'",
            ),
            (
                &Kind::Url,
                "http://a:b@x",
                "has a username or password in the URL, where it would end up in logs",
            ),
            (
                &Kind::Url,
                "http://a:b@x:99999",
                "is not a URL (invalid port number)",
            ),
            (&Kind::Boolean, "yes", "is neither true nor false: 'yes'"),
            (&Kind::Integer, "1.5", "is not a whole number: '1.5'"),
            (
                &choice,
                "roling",
                "is none of rolling, recreate: 'roling'; did you mean 'rolling'?",
            ),
            (&choice, "x", "is none of rolling, recreate: 'x'"),
        ] {
            assert_eq!(kind.check(value).unwrap_err(), reason);
        }
    }
}
