//! Attacks: targets that want more than they were given, or other than good. Each is made on the library and on the `bowline`
//! program, unless its row names only one of them, and the rows of `attacks` say what has to come of it. `docs/attacks.md` is
//! made of them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can't go on stops where it is"
)]

mod attack;
mod attacks;
mod components;
mod document;
mod library;
mod outside;
mod program;
mod record;
mod scene;
