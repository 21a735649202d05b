//! Reads a Spin application and packs it as a bindle.
//!
//! [`Manifest::open`] reads a `spin.toml` of manifest version 1 or 2 and checks all of it. [`Application::assemble`] collects and
//! hashes every file that it names, and gives an immutable [`Application`] with a digest that depends on nothing but what is
//! deployed. [`Bundle::pack`] turns it into a Bindle invoice and the parcels that belong to it.
//!
//! Binaries that have to be fetched or put together first are [`Manifest::unresolved`], for others to do: the crate knows no
//! network and runs no WebAssembly. Where there are none, [`Application::load`] does all at once.
//!
//! Everything it reads is taken as hostile: sizes, counts and depths are bounded, and what components see as files lies in
//! the folder of the application. Only a component's binary may lie elsewhere, if the manifest says so: [`Manifest::find`].
//!
//! ```no_run
//! use bowline_app::{Application, BindleId, Bundle};
//!
//! let application = Application::load("examples/hello-rust".as_ref())?;
//! let id = BindleId::new(application.name(), application.revision_version().clone())?;
//! let bundle = Bundle::pack(&application, id)?;
//! for content in bundle.contents() {
//!     println!("{} {}", content.digest(), content.size());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod application;
pub mod archive;
mod bindle_id;
mod bundle;
mod content;
mod digest;
mod error;
mod files;
mod guest_path;
mod hash_cache;
pub mod invoice;
mod json;
mod manifest;
mod parallel;
mod reading;
pub mod record;
pub mod standalone;

pub use application::{Application, Component, Limits, MountedFile, Route, Trigger, Variable};
pub use bindle_id::{BindleId, BindleIdError};
pub use bundle::{Bundle, PackError, RECORD_MEDIA_TYPE, SPIN_MEDIA_TYPE, WASM_MEDIA_TYPE};
pub use content::{ChangedFile, Content};
pub use digest::{Digest, ParseDigestError};
pub use error::{Fault, LoadError, Location};
pub use guest_path::{PathFault, check_guest_path};
pub use hash_cache::HashCache;
pub use manifest::{
    Build, Dependency, DependencyName, DependencySource, Inherit, Manifest, Source,
    TargetEnvironment, Unresolved, tool_table,
};
pub use reading::{Hashing, Reading};
