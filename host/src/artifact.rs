//! A target's file, looked at before anything of it is compiled or run.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bowline_app::Digest;
use semver::Version;

mod imports;
mod read;

/// The version of the contract that this host speaks.
pub const CONTRACT_VERSION: Version = Version::new(0, 1, 0);

/// Bytes that a target's file may have, 64 MiB. A target in Python, its interpreter included, has 22 MiB.
pub const MAX_ARTIFACT_SIZE: u64 = 64 << 20;

/// The interface that makes a component a target.
pub(crate) const DEPLOY_TARGET: &str = "bowline:deploy/deploy-target";

/// The bytes of a component that is a target of this host's contract version and imports nothing but what a target may have.
/// That its code is valid shows only when it is compiled, by [`Target::load`](crate::Target::load).
#[derive(Clone)]
pub struct Artifact {
    bytes: bytes::Bytes,
    digest: Digest,
    contract: Version,
    imports: Vec<String>,
    exports: Vec<String>,
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
    /// It has more than [`MAX_ARTIFACT_SIZE`] bytes.
    #[error("the target has more than {} MiB, the most that is accepted", MAX_ARTIFACT_SIZE >> 20)]
    TooLarge,
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
    /// Looks at a target's bytes.
    ///
    /// # Errors
    /// Every [`ArtifactError`] but `Read`, `Compile` and `Shape`.
    pub fn from_bytes(bytes: impl Into<bytes::Bytes>) -> Result<Self, ArtifactError> {
        let bytes = bytes.into();
        if bytes.len() as u64 > MAX_ARTIFACT_SIZE {
            return Err(ArtifactError::TooLarge);
        }
        let read::Outline { imports, exports } = read::outline(&bytes)?;
        let contract = imports::contract_version(&exports)?;
        imports::check(&imports)?;
        let digest = Digest::of(&bytes);
        Ok(Self {
            bytes,
            digest,
            contract,
            imports,
            exports,
        })
    }

    /// Reads a target's file, and no more of it than a target may have.
    ///
    /// # Errors
    /// Every [`ArtifactError`] but `Compile` and `Shape`.
    pub fn read(path: &Path) -> Result<Self, ArtifactError> {
        let fail = |source| ArtifactError::Read {
            path: path.to_owned(),
            source,
        };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(fail)?;
        file.take(MAX_ARTIFACT_SIZE + 1)
            .read_to_end(&mut bytes)
            .map_err(fail)?;
        Self::from_bytes(bytes)
    }

    /// SHA-256 of the file.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The contract version that it was built for.
    pub fn contract_version(&self) -> &Version {
        &self.contract
    }

    /// Names of the imported interfaces, with their versions.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// Names of the exported interfaces, with their versions.
    pub fn exports(&self) -> &[String] {
        &self.exports
    }

    /// Whether it can use Bindle at all.
    pub fn imports_bindle(&self) -> bool {
        self.imports
            .iter()
            .any(|name| name.starts_with("bowline:deploy/bindle@"))
    }

    /// Whether it can send HTTP requests at all.
    pub fn imports_http(&self) -> bool {
        self.imports
            .iter()
            .any(|name| name.starts_with("wasi:http/outgoing-handler@"))
    }

    /// Size of the file in bytes.
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl std::fmt::Debug for Artifact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Artifact")
            .field("digest", &self.digest)
            .field("size", &self.size())
            .field("contract", &self.contract)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
