//! What went wrong, as the person at the terminal is told: a message, what to do about it, and what caused it, each once.

use std::error::Error as StdError;
use std::fmt;

use bowline_host::TransportError;

use crate::exit::Exit;

/// A failure of a command, with the exit code it leads to.
///
/// The message says what happened and to what, as a fragment that starts in lower case and has no final period. The
/// hint says what to do, in the same form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Error(Box<Parts>);

/// Kept on the heap: results are passed on far more often than they are errors.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Parts {
    exit: Exit,
    code: u8,
    message: String,
    hints: Vec<String>,
    causes: Vec<String>,
    excerpt: Option<String>,
    detail: Option<String>,
}

impl Error {
    /// A failure without hint or cause.
    #[must_use]
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            exit,
            code: exit.code(),
            message: message.into(),
            hints: Vec::new(),
            causes: Vec::new(),
            excerpt: None,
            detail: None,
        }))
    }

    /// A failure whose message is that of `error`, and whose causes are its sources.
    #[must_use]
    pub fn of(exit: Exit, error: &(dyn StdError + 'static)) -> Self {
        let mut made = Self::new(exit, error.to_string());
        if let Some(source) = error.source() {
            made = made.cause(source);
        }
        made
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hints.push(hint.into());
        self
    }

    /// Adds `cause` and everything that caused it, leaving out what was already said: some libraries repeat the message
    /// of the cause in their own. A [`TransportError`] says in plain words what its causes say in those of HTTP libraries,
    /// so it is the last.
    #[must_use]
    pub fn cause(mut self, cause: &(dyn StdError + 'static)) -> Self {
        let mut next = Some(cause);
        while let Some(error) = next {
            let text = error.to_string();
            let said = std::iter::once(&self.0.message)
                .chain(&self.0.causes)
                .any(|earlier| earlier.contains(&text));
            if !said {
                self.0.causes.push(text);
            }
            // An error that holds another one in a box gives out the box.
            let said_plainly = error.is::<TransportError>() || error.is::<Box<TransportError>>();
            next = if said_plainly { None } else { error.source() };
        }
        self
    }

    /// Adds the lines of a file that the message is about.
    #[must_use]
    pub fn excerpt(mut self, lines: impl Into<String>) -> Self {
        self.0.excerpt = Some(lines.into());
        self
    }

    /// Adds what only `-v` shows: a backtrace, what a target wrote before it crashed.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// The same where the process ends with another code than that of its exit.
    #[must_use]
    pub fn ending_with(mut self, code: u8) -> Self {
        self.0.code = code;
        self
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.0.exit
    }

    /// How the process ends.
    #[must_use]
    pub fn code(&self) -> u8 {
        self.0.code
    }

    /// What happened.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it, most useful first.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.0.hints
    }

    /// What led to it, nearest first.
    #[must_use]
    pub fn causes(&self) -> &[String] {
        &self.0.causes
    }

    /// Message and causes in one line, for a warning.
    #[must_use]
    pub fn with_causes(&self) -> String {
        let said = std::iter::once(&self.0.message).chain(&self.0.causes);
        said.cloned().collect::<Vec<_>>().join(": ")
    }

    /// The lines of a file that the message is about.
    #[must_use]
    pub fn lines(&self) -> Option<&str> {
        self.0.excerpt.as_deref()
    }

    /// What only `-v` shows.
    #[must_use]
    pub fn details(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Layer {
        text: &'static str,
        source: Option<Box<Layer>>,
    }

    fn layers(texts: &[&'static str]) -> Layer {
        let mut inner = None;
        for text in texts.iter().rev() {
            inner = Some(Box::new(Layer {
                text,
                source: inner,
            }));
        }
        *inner.unwrap()
    }

    #[test]
    fn causes_are_said_once() {
        let error = Error::of(
            Exit::Internal,
            &layers(&["can't read a: no such file", "no such file", "os error 2"]),
        );
        assert_eq!(error.message(), "can't read a: no such file");
        assert_eq!(error.causes(), ["os error 2"]);
    }
}
