//! The guest programs of `tests/guests/examples` and `tests/guests/hostile`, compiled to components by this crate's build script.
//!
//! For each of them there is a function of its name that gives its bytes. [`for_each_guest!`] and [`for_each_hostile_guest!`] name
//! them all, so that a suite can make a guest that no test runs a compile error.

include!(concat!(env!("OUT_DIR"), "/guests.rs"));
