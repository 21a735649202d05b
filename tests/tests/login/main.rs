//! Settings, environments and logins: the real program, on a terminal where it asks, against the local platform.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on stops where it is"
)]

mod environments;
mod projects;
#[cfg(target_os = "linux")]
mod sip;
mod store;
mod world;
