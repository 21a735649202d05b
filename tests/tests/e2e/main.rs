//! The whole way: the real `bowline`, the real Bindle server, the local
//! platform, real applications. What the platform holds in the end is read
//! back through clients that are not ours.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on stops where it is"
)]

mod budget;
mod canary;
mod content;
mod deploy;
mod hostile;
mod interrupted;
mod library;
mod networks;
mod package;
mod plan;
mod readiness;
mod settings;
mod stopping;
mod trouble;
mod variables;
