//! Who gave a value.

use std::fmt;

use serde::Serialize;

/// Who gave a value. In JSON it is an object with `kind`, and `name`, which says which one of them.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", content = "name", rename_all = "kebab-case")]
pub enum Source {
    /// A flag of the command line, with its dashes.
    Flag(String),
    /// An environment variable.
    Variable(String),
    /// A file that came with the application.
    Project(String),
    /// What the user set for the environment of this name.
    Environment(String),
    /// A login that an old tool left in this file.
    OldLogin(String),
    /// The setting's own default.
    Default,
    /// The person at the terminal.
    Prompt,
}

impl Source {
    /// It was given for this run: it beats what files hold, and what excludes it there.
    #[must_use]
    pub fn is_explicit(&self) -> bool {
        matches!(self, Self::Flag(_) | Self::Variable(_) | Self::Prompt)
    }

    /// What to do so that it gives no value.
    #[must_use]
    pub fn without(&self, setting: &str) -> String {
        match self {
            Self::Flag(flag) => format!("leave out {flag}"),
            Self::Variable(variable) => format!("unset {variable}"),
            Self::Project(file) => format!("take {setting} out of {file}"),
            Self::Environment(name) => format!("run `bowline env set {name} --unset {setting}`"),
            Self::OldLogin(file) => format!("move {file} away"),
            Self::Default | Self::Prompt => "give another value".to_owned(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "the flag {flag}"),
            Self::Variable(variable) => write!(f, "the variable {variable}"),
            Self::Project(file) => write!(f, "the project's {file}"),
            Self::Environment(name) => write!(f, "the environment '{name}'"),
            Self::OldLogin(file) => write!(f, "the login in {file}"),
            Self::Default => f.write_str("the default"),
            Self::Prompt => f.write_str("your answer"),
        }
    }
}
