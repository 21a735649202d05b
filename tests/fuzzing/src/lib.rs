//! What has to hold for every input of the readers that meet strangers' texts: one function for each fuzz target.
//!
//! Each takes any bytes, and panics where something does not hold. `fuzz/` hands them to libFuzzer; the tests of this package
//! run them over the seeds and over some thousand texts made from those. Readers that their packages keep to themselves have their
//! functions there, in a module `fuzzing`.

#![expect(
    clippy::expect_used,
    reason = "a check that can't be made must fail the run"
)]

mod application;
mod grants;
mod journal;

pub use application::{bindle, invoice, manifest, manifest_one, manifest_two};
pub use grants::rule;
pub use journal::journal;
