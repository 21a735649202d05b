//! Bad input of every kind, as the person at the terminal meets it: one message
//! that says what, where and what to do, its own exit code, and nothing left
//! behind that a second run does not pick up.

mod application;
mod credentials;
mod servers;
mod targets;
