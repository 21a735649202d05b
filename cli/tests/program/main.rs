//! Runs the real program, shut off from this machine's settings: what it prints, and how it ends.
#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on stops where it is"
)]

mod application;
mod build;
mod command_line;
mod completions;
mod documents;
mod journal;
mod json;
mod manual;
mod network;
mod package;
mod servers;
mod signals;
mod support;
mod targets;
