//! Hippo's error bodies in words.

use std::slice;

use serde_json::Value;

use crate::text::clean;

/// Longest single message that is passed on, in characters.
const MESSAGE: usize = 300;

/// How many of the messages of a validation are passed on.
const MESSAGES: usize = 5;

/// What an answer with an error status says. (`application/problem+json` of RFC 7807 as ASP.NET Core writes it, with
/// the names of C# properties as the keys of `errors`; other shapes come from proxies and from version checks.)
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problem {
    /// `detail`, or the message of another shape.
    detail: Option<String>,
    /// `title`.
    title: Option<String>,
    /// Property and message.
    errors: Vec<(String, String)>,
}

impl Problem {
    /// Reads a body; one that says nothing that can be understood gives an empty problem.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return Self::default();
        };
        let text = |value: &Value| value.as_str().map(|text| clean(text, MESSAGE));
        let mut errors: Vec<(String, String)> = body["errors"]
            .as_object()
            .into_iter()
            .flatten()
            .flat_map(|(key, messages)| {
                let messages = messages
                    .as_array()
                    .map_or(slice::from_ref(messages), Vec::as_slice);
                messages
                    .iter()
                    .filter_map(text)
                    .map(move |message| (clean(key, 64), message))
            })
            .collect();
        // By property, whichever order the map of this build of serde_json has.
        errors.sort_by(|(one, _), (other, _)| one.cmp(other));
        errors.truncate(MESSAGES);
        Self {
            errors,
            detail: text(&body["detail"]).or_else(|| text(&body["error"]["message"])),
            title: text(&body["title"]),
        }
    }

    /// Whether nothing was understood.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The first message about a property, whose name is compared without case.
    #[must_use]
    pub fn about(&self, property: &str) -> Option<&str> {
        let mut errors = self.errors.iter();
        errors
            .find(|(key, _)| key.eq_ignore_ascii_case(property))
            .map(|(_, message)| message.as_str())
    }

    /// Whether a message about this property says that something of the kind exists already. (The texts are fixed in
    /// Hippo's validators: `The specified name already exists.`, `A channel with the same name already exists for this
    /// app.`, `The specified domain already exists.`)
    #[must_use]
    pub fn exists_already(&self, property: &str) -> bool {
        self.errors.iter().any(|(key, message)| {
            key.eq_ignore_ascii_case(property) && message.contains("already exists")
        })
    }

    /// All of it in one line, or nothing.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        if !self.errors.is_empty() {
            let messages: Vec<String> = self
                .errors
                .iter()
                .map(|(key, message)| {
                    let message = message.trim_end_matches('.');
                    if key.is_empty() {
                        message.to_owned()
                    } else {
                        format!("{key}: {message}")
                    }
                })
                .collect();
            return Some(messages.join("; "));
        }
        let text = self.detail.as_deref().or(self.title.as_deref())?;
        Some(text.trim_end_matches('.').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_a_validation_are_told_with_their_property() {
        let problem = Problem::read(
            br#"{"type":"https://tools.ietf.org/html/rfc7231#section-6.5.1","title":"One or more validation errors occurred.","status":400,
                "errors":{"Name":["Name is required.","'Name' is not in the correct format."],"Domain":["The specified domain already exists."]}}"#,
        );
        assert_eq!(
            problem.words().unwrap(),
            "Domain: The specified domain already exists; Name: Name is required; Name: 'Name' is not in the correct format"
        );
        assert!(problem.exists_already("domain"));
        assert!(!problem.exists_already("Name"));
        assert_eq!(problem.about("name"), Some("Name is required."));
    }

    #[test]
    fn a_detail_goes_before_the_title() {
        let problem = Problem::read(
            br#"{"title":"Login failed.","detail":"Account does not exist.","status":400}"#,
        );
        assert_eq!(problem.words().unwrap(), "Account does not exist");
    }

    #[test]
    fn an_unsupported_version_has_a_shape_of_its_own() {
        let problem = Problem::read(
            br#"{"error":{"code":"UnsupportedApiVersion","message":"No such version."}}"#,
        );
        assert_eq!(problem.words().unwrap(), "No such version");
    }

    #[test]
    fn a_page_says_nothing() {
        assert!(Problem::read(b"<html>502</html>").is_empty());
        assert_eq!(Problem::read(b"").words(), None);
    }

    #[test]
    fn an_endless_list_is_cut_and_cleaned() {
        let errors: Vec<String> = (0..100)
            .map(|n| format!("\"K{n:03}\":[\"\\u001b[2J{}\"]", "x".repeat(1000)))
            .collect();
        let words = Problem::read(format!("{{\"errors\":{{{}}}}}", errors.join(",")).as_bytes())
            .words()
            .unwrap();
        assert!(
            words.chars().count() < MESSAGES * (MESSAGE + 70),
            "{}",
            words.len()
        );
        assert!(!words.contains('\u{1b}'));
    }
}
