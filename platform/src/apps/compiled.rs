//! Compiled code, kept on disk so that a restart doesn't compile again.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bowline_app::Digest;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::engine::boxed;
use crate::data::{create_private_folder, write_private};

/// Length of the SHA-256 in front of the code in each file.
const CHECK: usize = 32;

/// A folder of compiled components, one file for each component and engine.
pub struct Compiled {
    folder: PathBuf,
    engine: Engine,
}

impl Compiled {
    /// The folder `root`, only for this user, in it one folder for each kind of engine: code
    /// compiled by another release of wasmtime or with other settings isn't found.
    ///
    /// # Errors
    /// The folder can't be made.
    pub fn open(root: &Path, engine: &Engine) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let folder = root.join(format!("{:016x}", hasher.finish()));
        create_private_folder(root)?;
        create_private_folder(&folder)?;
        Ok(Self {
            folder,
            engine: engine.clone(),
        })
    }

    /// The component `wasm`, whose digest is `digest`: from the folder when it is there whole, else
    /// compiled and put there.
    ///
    /// # Errors
    /// The bytes are no valid component, or their code can't be written.
    pub fn component(&self, digest: Digest, wasm: &[u8]) -> Result<Component> {
        let file = self.folder.join(format!("{digest}.cwasm"));
        if let Some(component) = self.read(&file) {
            return Ok(component);
        }
        let component = Component::new(&self.engine, wasm).map_err(boxed)?;
        let code = component.serialize().map_err(boxed)?;
        let mut bytes = Digest::of(&code).as_bytes().to_vec();
        bytes.extend_from_slice(&code);
        write_private(&file, &bytes)
            .with_context(|| format!("keeping the compiled code in {}", file.display()))?;
        Ok(component)
    }

    /// What the file holds, unless it is missing or damaged: then compiling again is the remedy.
    fn read(&self, file: &Path) -> Option<Component> {
        let bytes = std::fs::read(file).ok()?;
        let (check, code) = bytes.split_at_checked(CHECK)?;
        if Digest::of(code).as_bytes() != check {
            tracing::warn!(file = %file.display(), "compiled code is damaged and is made anew");
            return None;
        }
        #[expect(
            unsafe_code,
            reason = "wasmtime runs what this file holds, so it must come from this program. The \
                      folder and the file are only this user's, the file was put there whole by \
                      a rename, and its checksum holds"
        )]
        // SAFETY: `Component::serialize` made the code, as the reason above says. wasmtime itself
        // refuses code of another version, machine or configuration.
        let component = unsafe { Component::deserialize(&self.engine, code) };
        component
            .inspect_err(|error| {
                tracing::warn!(file = %file.display(), %error, "compiled code is made anew");
            })
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest component: the magic number and the version of the component format.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn a_damaged_file_is_made_anew() -> Result<()> {
        let root = tempfile::tempdir()?;
        let engine = Engine::default();
        let compiled = Compiled::open(root.path(), &engine)?;
        let digest = Digest::of(EMPTY);
        compiled.component(digest, EMPTY)?;
        let file = compiled.folder.join(format!("{digest}.cwasm"));
        let good = std::fs::read(&file)?;
        assert!(compiled.read(&file).is_some());

        let mut damaged = good.clone();
        let last = damaged.len() - 1;
        damaged[last] ^= 1;
        std::fs::write(&file, &damaged)?;
        assert!(compiled.read(&file).is_none());
        std::fs::write(&file, &good[..20])?;
        assert!(compiled.read(&file).is_none());

        compiled.component(digest, EMPTY)?;
        assert_eq!(std::fs::read(&file)?, good);
        Ok(())
    }
}
