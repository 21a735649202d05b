//! The verbs. Each gets what it needs as values, and returns data for [`crate::output`] to write.

pub mod deploy;
pub mod local;
