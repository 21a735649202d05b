//! The packed plugin, handled as Spin handles it: its manifest read by Spin's rules, its archive unpacked and run from where
//! Spin puts it. The programs are those of the development build, so no second build is needed.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's helper that fails must fail the test"
)]

mod below_spin;
mod manifest;
mod spin;
