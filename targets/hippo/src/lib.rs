//! The deploy target for Hippo, 0.19 and later.
//!
//! The logic is plain Rust behind two small traits, [`port::Http`] and [`port::Host`], and is tested without a sandbox;
//! compiled to WebAssembly, the crate is a component that exports `deploy-target`, `authentication`,
//! `planning` and `platform` of `bowline:deploy`. What it knows of Hippo comes from the server's source.
//!
//! - [`deploy::deploy`] brings Hippo to run an application, and can be cut short anywhere and done again;
//! - [`deploy::plan`] says what that would change, by reading alone;
//! - [`auth::authenticate`] turns a user name and a password into a token, which Hippo takes for 30 minutes;
//! - [`platform::runs`] says what such a server runs;
//! - [`describe`] names the settings.

pub mod address;
pub mod api;
pub mod auth;
pub mod client;
#[cfg(target_family = "wasm")]
mod component;
pub mod config;
pub mod deploy;
mod describe;
pub mod names;
pub mod platform;
pub mod port;
pub mod problem;
pub mod text;
pub mod trouble;

pub use describe::describe;
