//! Targets besides the built-in one: where they come from, what is kept of them, and what of it was approved.
//!
//! ```text
//! name | path | URL | registry reference -> Choice -> Source -> fetch (size, digest) -> Store (<digest>.wasm, index.toml)
//! what it wants, and Approval (approvals.toml, bowline.lock, --approve, the person at the terminal) -> a run, or exit 14
//! ```
//!
//! Everything is named by its digest: an approval is for one digest in one environment, and a name in the index or in a lock file
//! only leads to a digest.

pub mod approval;
pub mod approvals;
mod choice;
mod credentials;
mod download;
mod fetch;
pub mod hex;
mod lock;
mod name;
mod registry;
mod resolve;
mod source;
mod store;
mod watch;

pub use self::choice::Choice;
pub use self::fetch::{Fetched, Network, Pin, fetch};
pub use self::lock::{FILE as LOCK_FILE, Lock, Locked, LockedApproval};
pub use self::name::Name;
pub use self::resolve::{Asked, named_file, resolve, unknown};
pub use self::source::Source;
pub use self::store::{Entry, Index, Store};
pub use self::watch::{Watch, taken_back};
