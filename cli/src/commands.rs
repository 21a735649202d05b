//! The verbs. Each gets what it needs as values, and returns data for [`crate::output`] to write.

pub(crate) mod completions;
pub mod deploy;
pub(crate) mod env;
pub(crate) mod journal;
pub mod local;
pub(crate) mod login;
pub(crate) mod man;
pub(crate) mod package;
pub(crate) mod settings;
pub(crate) mod target;
