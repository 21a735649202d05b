//! The manifest, in the form that Spin reads (`crates/plugins/src/manifest.rs` of Spin).

use std::env::consts;
use std::fmt;
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};
use url::Url;

/// Versions of Spin that the plugin works with, as a semver requirement: those that read manifest version 2.
const SPIN: &str = ">=2.0";

/// What the plugin is, and where its archive is for which machine.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// Name of the plugin: the word after `spin`.
    pub name: String,
    /// What it does, in one sentence.
    pub description: String,
    /// URL of its web page.
    pub homepage: String,
    /// Its version, by semantic versioning.
    pub version: String,
    /// Versions of Spin that it works with, as a semver requirement.
    pub spin_compatibility: String,
    /// SPDX identifier.
    pub license: String,
    /// One archive for each machine, sorted.
    pub packages: Vec<Package>,
}

/// The archive for one kind of machine.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Its operating system.
    pub os: OperatingSystem,
    /// Its processor.
    pub arch: Architecture,
    /// Where the archive is: `file:`, `http:` or `https:`.
    pub url: String,
    /// SHA-256 of the archive, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// Operating systems that Spin has a word for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OperatingSystem {
    /// Linux.
    Linux,
    /// macOS.
    Macos,
    /// Windows.
    Windows,
}

impl OperatingSystem {
    /// That of this program.
    ///
    /// # Errors
    /// When Spin has no word for it.
    pub fn current() -> Result<Self> {
        match consts::OS {
            "linux" => Ok(Self::Linux),
            "macos" => Ok(Self::Macos),
            "windows" => Ok(Self::Windows),
            other => bail!("Spin has no plugins for the operating system {other}"),
        }
    }
}

impl fmt::Display for OperatingSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linux => "linux",
            Self::Macos => "macos",
            Self::Windows => "windows",
        })
    }
}

/// Processors that both Spin and Bowline run on.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// x86-64.
    Amd64,
    /// 64-bit Arm.
    Aarch64,
}

impl Architecture {
    /// That of this program.
    ///
    /// # Errors
    /// When Spin has no word for it, or Bowline doesn't run on it.
    pub fn current() -> Result<Self> {
        match consts::ARCH {
            "x86_64" => Ok(Self::Amd64),
            "aarch64" => Ok(Self::Aarch64),
            other => bail!("there is no plugin for the architecture {other}"),
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Amd64 => "amd64",
            Self::Aarch64 => "aarch64",
        })
    }
}

impl Manifest {
    /// A manifest without packages.
    pub(crate) fn new(version: &str) -> Self {
        Self {
            name: crate::NAME.to_owned(),
            description:
                "Deploys Spin applications to any platform, with deploy targets that need not be trusted"
                    .to_owned(),
            homepage: env!("CARGO_PKG_REPOSITORY").to_owned(),
            version: version.to_owned(),
            spin_compatibility: SPIN.to_owned(),
            license: env!("CARGO_PKG_LICENSE").to_owned(),
            packages: Vec::new(),
        }
    }

    /// Reads a manifest that was packed before.
    ///
    /// # Errors
    /// When the file can't be read or holds something else.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).with_context(|| format!("can't read {}", path.display()))?;
        serde_json::from_slice(&text)
            .with_context(|| format!("{} is not a manifest of this plugin", path.display()))
    }

    /// Adds a package, in its place. Fails when there is one for that machine already.
    pub(crate) fn add(&mut self, package: Package) -> Result<()> {
        let at = self
            .packages
            .binary_search_by_key(&(package.os, package.arch), |other| (other.os, other.arch));
        match at {
            Ok(_) => bail!("there are two packages for {} {}", package.os, package.arch),
            Err(at) => self.packages.insert(at, package),
        }
        Ok(())
    }

    /// Takes over the packages of a manifest that says the same about everything else.
    pub(crate) fn merge(&mut self, mut other: Self) -> Result<()> {
        let packages = std::mem::take(&mut other.packages);
        let own = Self {
            packages: Vec::new(),
            ..self.clone()
        };
        ensure!(
            own == other,
            "it describes {} {}, with other words or for other versions of Spin than {} {}",
            other.name,
            other.version,
            own.name,
            own.version
        );
        packages
            .into_iter()
            .try_for_each(|package| self.add(package))
    }

    /// Writes it as indented JSON.
    pub(crate) fn write(&self, mut to: impl Write) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        to.write_all(text.as_bytes())?;
        Ok(())
    }
}

/// The URL of a file that is released below a base URL.
pub(crate) fn below(base: &Url, name: &str) -> Result<Url> {
    ensure!(
        matches!(base.scheme(), "http" | "https")
            && base.query().is_none()
            && base.fragment().is_none(),
        "{base} is no address to download from; it has to be like https://example.com/releases/v1.0.0"
    );
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| anyhow!("{base} has no path"))?
        .pop_if_empty()
        .push(name);
    Ok(url)
}

/// The `file:` URL of an absolute path.
pub(crate) fn of_file(path: &Path) -> Result<Url> {
    Url::from_file_path(path).map_err(|()| anyhow!("{} can't be written as a URL", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(os: OperatingSystem, arch: Architecture) -> Package {
        Package {
            os,
            arch,
            url: format!("https://example.com/{os}-{arch}.tar.gz"),
            sha256: "0".repeat(64),
        }
    }

    #[test]
    fn packages_of_other_machines_are_taken_over_in_order() {
        use Architecture::{Aarch64, Amd64};
        use OperatingSystem::{Linux, Macos, Windows};
        let mut manifest = Manifest::new("1.2.3");
        manifest.add(package(Macos, Aarch64)).unwrap();
        let mut other = Manifest::new("1.2.3");
        other.add(package(Windows, Amd64)).unwrap();
        other.add(package(Linux, Amd64)).unwrap();
        manifest.merge(other.clone()).unwrap();
        let machines: Vec<_> = manifest.packages.iter().map(|p| (p.os, p.arch)).collect();
        assert_eq!(
            machines,
            [(Linux, Amd64), (Macos, Aarch64), (Windows, Amd64)]
        );

        let twice = manifest.merge(other).unwrap_err();
        assert_eq!(twice.to_string(), "there are two packages for linux amd64");
    }

    #[test]
    fn packages_of_another_version_are_refused() {
        let error = Manifest::new("1.2.3")
            .merge(Manifest::new("1.2.4"))
            .unwrap_err();
        assert!(error.to_string().contains("1.2.4"), "{error}");
    }

    #[test]
    fn archives_are_below_the_base_url() {
        for base in ["https://example.com/v1", "https://example.com/v1/"] {
            let url = below(&Url::parse(base).unwrap(), "a.tar.gz").unwrap();
            assert_eq!(url.as_str(), "https://example.com/v1/a.tar.gz");
        }
        for base in ["ftp://example.com/", "data:,", "https://example.com/?v=1"] {
            assert!(below(&Url::parse(base).unwrap(), "a").is_err(), "{base}");
        }
    }

    #[test]
    fn the_words_of_display_and_of_json_are_the_same() {
        use OperatingSystem::{Linux, Macos, Windows};
        for os in [Linux, Macos, Windows] {
            assert_eq!(serde_json::to_value(os).unwrap(), os.to_string());
        }
        for arch in [Architecture::Amd64, Architecture::Aarch64] {
            assert_eq!(serde_json::to_value(arch).unwrap(), arch.to_string());
        }
    }
}
