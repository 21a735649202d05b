//! The Bindle transport against the reference server, and against servers and
//! connections that misbehave.

#![expect(
    clippy::unwrap_used,
    reason = "a test's helper that fails must fail the test"
)]

mod poison;
mod preview;
mod questions;
mod reference;
mod resume;
mod trouble;
mod trust;
