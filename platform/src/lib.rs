//! A Hippo-compatible platform for one machine: the real Bindle server, Hippo's API on SQLite, and
//! the deployed applications running behind their domains.
//!
//! It exists for trying deployments out and for tests. It answers as Hippo v0.20.2 does, its known
//! oddities included, so that a client that works here meets nothing new on a real server.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use bowline_local::{Options, Platform};
//!
//! let platform = Platform::start(Options::new("./platform-data")).await?;
//! println!("Hippo answers at {}", platform.hippo_url());
//! platform.stop().await;
//! # Ok(())
//! # }
//! ```

mod api;
pub mod apps;
mod bindle_reader;
mod bindle_server;
mod bindle_store;
mod cli;
mod data;
mod env_file;
mod front;
mod platform;
mod scheduler;
mod store;

pub use bindle_server::TrustedKey;
pub use cli::main;
pub use platform::{Options, Platform, RegistrationMode};
