//! A target's file, looked at before anything of it is compiled or run.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bowline_app::Digest;
use semver::Version;

use crate::limits::{LimitExceeded, Limits};

mod compare;
mod imports;
mod inspection;
pub(crate) mod loops;
mod nesting;
mod outline;

pub use compare::{Changed, Comparison, Difference};
pub use inspection::{Capability, CustomSection, Imports, Inspection, Producer, Shape};

/// The version of the contract that this host speaks.
pub const CONTRACT_VERSION: Version = Version::new(0, 1, 0);

/// The interface that makes a component a target.
pub(crate) const DEPLOY_TARGET: &str = "bowline:deploy/deploy-target";

/// The bytes of a component that is a target of this host's contract version and imports nothing but what a target may have.
/// That its code is valid shows only when it is compiled, by [`Target::load`](crate::Target::load).
#[derive(Clone)]
pub struct Artifact {
    bytes: bytes::Bytes,
    contract: Version,
    inspection: Arc<Inspection>,
}

/// Why a file is no target that this host can run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// The file can't be read.
    #[error("{}: the target's file can't be read", .path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is larger, or of a shape that takes more to compile, than a target may be.
    #[error("it goes beyond the limit '{name}': {limit}", name = .0.name(), limit = .0)]
    Limit(LimitExceeded),
    /// It doesn't begin as WebAssembly does.
    #[error("it is not WebAssembly")]
    NotWasm,
    /// It is a module of the time before components.
    #[error(
        "it is a core WebAssembly module, not a component; build it for wasm32-wasip2, or wrap it with `wasm-tools component new`"
    )]
    CoreModule,
    /// It begins as a component, but is broken or cut off.
    #[error("it is broken: {0}")]
    Malformed(String),
    /// It is a component of another kind.
    #[error("it is a component, but not a deploy target: it does not export {DEPLOY_TARGET}{}", list(" (it exports ", .exports))]
    NotATarget {
        /// What it exports instead; clean, and cut to a few.
        exports: Vec<String>,
    },
    /// It was built for a contract that this host doesn't speak.
    #[error(
        "it was built for version {built} of the contract bowline:deploy, this host speaks {CONTRACT_VERSION}"
    )]
    ContractVersion {
        /// The version that it was built for, as its export says.
        built: String,
    },
    /// It wants what no target can have.
    #[error("it imports what a deploy target can't have{}", list(": ", .imports))]
    Imports {
        /// The names of those imports; clean, and cut to a few.
        imports: Vec<String>,
    },
    /// wasmtime refuses the code.
    #[error("it can't be compiled")]
    Compile(#[source] wasmtime::Error),
    /// An import or export has the right name, but not the shape that the contract says.
    #[error("it does not keep to the contract bowline:deploy@{}", CONTRACT_VERSION)]
    Shape(#[source] wasmtime::Error),
}

fn list(before: &str, names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let after = if before.contains('(') { ")" } else { "" };
    format!("{before}{}{after}", names.join(", "))
}

impl Artifact {
    /// Looks at a target's bytes, within the default limits.
    ///
    /// # Errors
    /// Every [`ArtifactError`] but `Read`, `Compile` and `Shape`.
    pub fn from_bytes(bytes: impl Into<bytes::Bytes>) -> Result<Self, ArtifactError> {
        Self::from_bytes_within(bytes, &Limits::default())
    }

    /// Looks at a target's bytes, within these limits.
    ///
    /// # Errors
    /// Every [`ArtifactError`] but `Read`, `Compile` and `Shape`.
    pub fn from_bytes_within(
        bytes: impl Into<bytes::Bytes>,
        limits: &Limits,
    ) -> Result<Self, ArtifactError> {
        let bytes = bytes.into();
        let inspection = Inspection::of(&bytes, limits)?;
        let contract = imports::contract_version(&inspection.raw.exports)?;
        imports::check(&inspection.raw.imports)?;
        Ok(Self {
            bytes,
            contract,
            inspection: Arc::new(inspection),
        })
    }

    /// Reads a target's file, and no more of it than a target may have by default.
    ///
    /// # Errors
    /// Every [`ArtifactError`] but `Compile` and `Shape`.
    pub fn read(path: &Path) -> Result<Self, ArtifactError> {
        Self::read_within(path, &Limits::default())
    }

    /// Reads a target's file, and no more of it than a target may have by these limits.
    ///
    /// # Errors
    /// Every [`ArtifactError`] but `Compile` and `Shape`.
    pub fn read_within(path: &Path, limits: &Limits) -> Result<Self, ArtifactError> {
        Self::from_bytes_within(bytes_of(path, limits)?, limits)
    }

    /// SHA-256 of the file.
    pub fn digest(&self) -> &Digest {
        &self.inspection.digest
    }

    /// The contract version that it was built for.
    pub fn contract_version(&self) -> &Version {
        &self.contract
    }

    /// Names of the imported interfaces, with their versions.
    pub fn imports(&self) -> &[String] {
        &self.inspection.raw.imports
    }

    /// Names of the exported interfaces, with their versions.
    pub fn exports(&self) -> &[String] {
        &self.inspection.raw.exports
    }

    /// Whether it can use Bindle at all.
    pub fn imports_bindle(&self) -> bool {
        self.inspection.can(Capability::Bindle)
    }

    /// Whether it can send HTTP requests at all.
    pub fn imports_http(&self) -> bool {
        self.inspection.can(Capability::Http)
    }

    /// Whether it can log in to its platform.
    pub fn exports_authentication(&self) -> bool {
        self.inspection.can(Capability::Login)
    }

    /// Size of the file in bytes.
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// What its sections tell.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    /// The file.
    pub fn bytes(&self) -> &bytes::Bytes {
        &self.bytes
    }
}

impl Inspection {
    /// Looks at a file, and reads no more of it than a target may have.
    ///
    /// # Errors
    /// [`ArtifactError::Read`], and those of [`Inspection::of`].
    pub fn read(path: &Path, limits: &Limits) -> Result<Self, ArtifactError> {
        Self::of(&bytes_of(path, limits)?, limits)
    }
}

/// The bytes of a file, unless there are too many.
fn bytes_of(path: &Path, limits: &Limits) -> Result<Vec<u8>, ArtifactError> {
    let fail = |source| ArtifactError::Read {
        path: path.to_owned(),
        source,
    };
    let too_large = || ArtifactError::Limit(LimitExceeded::ComponentSize(limits.component_size));
    let file = File::open(path).map_err(fail)?;
    let size = file.metadata().map_err(fail)?.len();
    if size > limits.component_size {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    // It may grow while it is read, and a pipe has no size.
    file.take(limits.component_size + 1)
        .read_to_end(&mut bytes)
        .map_err(fail)?;
    if bytes.len() as u64 > limits.component_size {
        return Err(too_large());
    }
    Ok(bytes)
}

impl std::fmt::Debug for Artifact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Artifact")
            .field("digest", self.digest())
            .field("size", &self.size())
            .field("contract", &self.contract)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
