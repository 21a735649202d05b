//! What the suites share: real servers on free ports, servers that misbehave,
//! made-up applications, and other people's clients to check our work with.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test's helper that fails must fail the test"
)]

pub mod background;
pub mod bindle_server;
pub mod command;
pub mod depot;
pub mod documented;
pub mod gateway;
pub mod meddler;
pub mod platform;
pub mod programs;
pub mod readers;
pub mod reference_push;
pub mod registry;
pub mod sample;
pub mod slow;
pub mod squid;
#[cfg(target_os = "linux")]
pub mod terminal;
pub mod web;
