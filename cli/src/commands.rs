//! The verbs. Each gets what it needs as values, and returns data for [`crate::output`] to write.

pub mod deploy;
pub(crate) mod journal;
pub mod local;
pub(crate) mod target;
