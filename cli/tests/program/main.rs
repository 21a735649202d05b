//! Runs the real program, shut off from this machine's settings: what it prints, and how it ends.

mod application;
mod command_line;
mod documents;
mod servers;
mod signals;
mod support;
mod targets;
