//! Fetching and composing, with real servers and components that run.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can't go on stops where it is"
)]

mod compose;
mod fetch;
