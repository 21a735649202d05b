//! The rules of request bodies, with FluentValidation's messages.

use super::Answer;
use super::problem::{Errors, Problem};

/// Collects what a request broke. All rules of a property are asked, so one may say several things.
#[derive(Default)]
pub(crate) struct Rules {
    errors: Errors,
}

impl Rules {
    /// A rule with its own message.
    pub(crate) fn require(&mut self, property: &str, holds: bool, message: &str) {
        if !holds {
            self.errors
                .entry(property.to_owned())
                .or_default()
                .push(message.to_owned());
        }
    }

    /// Something else than white space is there.
    pub(crate) fn not_empty(&mut self, property: &str, value: Option<&str>, message: &str) {
        let holds = value.is_some_and(|value| !value.trim().is_empty());
        self.require(property, holds, message);
    }

    /// At most this many characters, as .NET counts them.
    pub(crate) fn max_length(&mut self, property: &str, value: Option<&str>, limit: usize) {
        let length = length(value);
        let message = format!(
            "The length of '{}' must be {limit} characters or fewer. You entered {length} characters.",
            spaced(property)
        );
        self.require(property, length <= limit, &message);
    }

    /// The value, if there is one, has a certain form.
    pub(crate) fn matches(&mut self, property: &str, value: Option<&str>, form: fn(&str) -> bool) {
        let message = format!("'{}' is not in the correct format.", spaced(property));
        self.require(property, value.is_none_or(form), &message);
    }

    /// Fails when any rule was broken.
    pub(crate) fn finish(self) -> Answer<()> {
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Problem::Validation(self.errors))
        }
    }
}

/// The length in UTF-16 units.
pub(crate) fn length(value: Option<&str>) -> usize {
    value.map_or(0, |value| value.encode_utf16().count())
}

/// `AppStorageId` as messages write it: `App Storage Id`.
fn spaced(property: &str) -> String {
    let mut text = String::new();
    for c in property.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push(' ');
        }
        text.push(c);
    }
    text
}

/// .NET's `$` also matches before one line feed at the end.
fn without_final_line_feed(text: &str) -> &str {
    text.strip_suffix('\n').unwrap_or(text)
}

fn consists_of(text: &str, others: &str) -> bool {
    without_final_line_feed(text)
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

/// `^[a-zA-Z0-9-_]*$`: apps, channels, certificates, users.
pub(crate) fn is_name(text: &str) -> bool {
    consists_of(text, "-_")
}

/// `^[a-zA-Z0-9-_./]*$`: the storage identifier of an app.
pub(crate) fn is_storage_id(text: &str) -> bool {
    consists_of(text, "-_./")
}

/// `^[a-zA-Z0-9-_/]*$`: the storage identifier of a revision. Unlike an app's it can't have a dot.
pub(crate) fn is_revision_storage_id(text: &str) -> bool {
    consists_of(text, "-_/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        type Form = fn(&str) -> bool;
        let cases: [(Form, &str, bool); 12] = [
            (is_name, "Hello-world_1", true),
            (is_name, "", true),
            (is_name, "hello\n", true),
            (is_name, "hello\n\n", false),
            (is_name, "a.b", false),
            (is_name, "a/b", false),
            (is_name, "é", false),
            (is_storage_id, "a.b/c", true),
            (is_storage_id, "a b", false),
            (is_revision_storage_id, "a/b", true),
            (is_revision_storage_id, "a.b", false),
            (is_revision_storage_id, "a+b", false),
        ];
        for (form, text, expected) in cases {
            assert_eq!(form(text), expected, "{text:?}");
        }
    }

    #[test]
    fn messages_are_those_of_fluent_validation() {
        let mut rules = Rules::default();
        rules.max_length("Name", Some("abc"), 3);
        rules.max_length("AppStorageId", Some("\u{1f600}\u{1f600}"), 3);
        rules.matches("StorageId", Some("a b"), is_storage_id);
        rules.matches("StorageId", None, is_storage_id);
        rules.not_empty(
            "RevisionNumber",
            Some(" "),
            "'Revision Number' must not be empty.",
        );
        let Err(Problem::Validation(errors)) = rules.finish() else {
            panic!("nothing was broken")
        };
        assert_eq!(
            errors["AppStorageId"],
            [
                "The length of 'App Storage Id' must be 3 characters or fewer. You entered 4 characters."
            ]
        );
        assert_eq!(
            errors["StorageId"],
            ["'Storage Id' is not in the correct format."]
        );
        assert_eq!(
            errors["RevisionNumber"],
            ["'Revision Number' must not be empty."]
        );
        assert_eq!(errors.len(), 3);
    }
}
