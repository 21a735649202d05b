//! The target's logic against a model of a Hippo server that keeps state, and does what it is told to do wrong.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

mod cut_short;
mod deploy;
mod fake;
mod login;
mod plan;
mod refused;
mod variables;
