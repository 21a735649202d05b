//! `bowline target`, and deploys with what it installed: the real program, a real registry, and some that lie.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on stops where it is"
)]

mod approvals;
mod install;
mod lock;
mod registry;
mod upgrade;
mod web;
mod world;
