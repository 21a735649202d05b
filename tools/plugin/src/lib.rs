//! Packs built programs as a plugin of Spin: an archive, and the manifest that `spin plugins install --file` takes.
//!
//! ```text
//! folder of built programs ──> archive (tar.gz, reproducible) ──> SHA-256 ──> manifest (JSON)
//! ```
//!
//! Spin unpacks the archive into a folder of the plugin's name and runs the program of that name in it
//! (`crates/plugins/src/store.rs` of Spin). `bowline local up` finds `bowline-local` beside itself there.

mod archive;
mod manifest;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::NamedTempFile;
use url::Url;

use crate::archive::Entry;
pub use crate::manifest::{Architecture, Manifest, OperatingSystem, Package};

/// Name of the plugin, and of the program that Spin runs for it.
pub const NAME: &str = "bowline";

/// The programs of the plugin: the one that Spin runs, and what it expects beside itself.
const PROGRAMS: [&str; 2] = [NAME, "bowline-local"];

const LICENSE: &[u8] = include_bytes!("../../../LICENSE");

/// What to pack, and where to.
#[derive(Clone, Debug)]
pub struct Packing<'a> {
    /// Folder with the built programs of this operating system and architecture.
    pub programs: &'a Path,
    /// Folder for the archive and the manifest; made if it isn't there.
    pub out: &'a Path,
    /// Where the archive will be downloaded from, without its file name. Without it the manifest names the file itself.
    pub base_url: Option<&'a Url>,
    /// Manifests of the same version from other machines, whose packages the new manifest lists as well.
    pub others: &'a [PathBuf],
    /// How hard to compress, from 0 to 9.
    pub level: u32,
}

/// The files of a packed plugin.
#[derive(Clone, Debug)]
pub struct Packed {
    /// `bowline-<version>-<os>-<arch>.tar.gz`.
    pub archive: PathBuf,
    /// `bowline.json`.
    pub manifest: PathBuf,
}

/// Writes the archive and the manifest. The same programs give the same bytes.
///
/// # Errors
/// When a program or another manifest can't be read, the other manifest is of another version or has a package for this
/// machine, Spin has no plugins for this machine, or the files can't be written.
pub fn pack(packing: &Packing<'_>) -> Result<Packed> {
    let (os, arch) = (OperatingSystem::current()?, Architecture::current()?);
    let version = env!("CARGO_PKG_VERSION");
    let others = packing
        .others
        .iter()
        .map(|file| Manifest::read(file))
        .collect::<Result<Vec<_>>>()?;
    let mut entries = vec![Entry::data("LICENSE", LICENSE)];
    for program in PROGRAMS {
        entries.push(Entry::program(packing.programs, program)?);
    }

    fs::create_dir_all(packing.out)
        .with_context(|| format!("can't make the folder {}", packing.out.display()))?;
    let out = packing
        .out
        .canonicalize()
        .with_context(|| format!("can't find the folder {}", packing.out.display()))?;
    let name = format!("{NAME}-{version}-{os}-{arch}.tar.gz");
    let archive = out.join(&name);
    let sha256 = replace(&archive, |file| {
        archive::write(file, entries, packing.level)
    })?;
    let url = match packing.base_url {
        Some(base) => manifest::below(base, &name)?,
        None => manifest::of_file(&archive)?,
    };

    let mut described = Manifest::new(version);
    described.add(Package {
        os,
        arch,
        url: url.into(),
        sha256,
    })?;
    for (other, file) in others.into_iter().zip(packing.others) {
        described
            .merge(other)
            .with_context(|| format!("can't take over the packages of {}", file.display()))?;
    }
    let manifest = out.join(format!("{NAME}.json"));
    replace(&manifest, |file| described.write(file))?;
    Ok(Packed { archive, manifest })
}

/// Writes a file anew; whoever looks sees the old one or the complete new one.
fn replace<T>(path: &Path, write: impl FnOnce(&mut fs::File) -> Result<T>) -> Result<T> {
    let failed = || format!("can't write {}", path.display());
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = NamedTempFile::new_in(folder).with_context(failed)?;
    let result = write(file.as_file_mut()).with_context(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Temporary files are for their owner only; these are for everybody.
        file.as_file()
            .set_permissions(fs::Permissions::from_mode(0o644))
            .with_context(failed)?;
    }
    file.persist(path).with_context(failed)?;
    Ok(result)
}
