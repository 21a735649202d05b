//! Released versions: folders below the contract that are named after a version, and the record of their hashes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use semver::Version;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The record, in the contract's folder.
const RECORD: &str = "released.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    /// Version, and SHA-256 over its folder.
    #[serde(default)]
    released: BTreeMap<String, String>,
}

/// What is wrong with the released versions. `current` is the version of the contract that is worked on.
pub fn changed(folder: &Path, current: Option<&Version>) -> Result<Vec<String>> {
    let released = read(&folder.join(RECORD))?;
    let mut findings = Vec::new();
    for (version, recorded) in &released {
        let path = folder.join(version.to_string());
        if !path.is_dir() {
            findings.push(format!(
                "{}: version {version} was released, and its folder is gone",
                path.display()
            ));
            continue;
        }
        let hash = hash(&path)?;
        if hash != *recorded {
            findings.push(format!(
                "{}: version {version} was released and must not change; it has hash {hash}, and {recorded} is recorded",
                path.display()
            ));
        }
    }
    for (version, path) in folders(folder)? {
        if !released.contains_key(&version) {
            findings.push(format!(
                "{}: version {version} is not recorded; to release it, add \"{version}\" = \"{}\" to {RECORD}",
                path.display(),
                hash(&path)?
            ));
        }
    }
    if let Some(newest) = released.keys().next_back()
        && let Some(current) = current
        && current < newest
    {
        findings.push(format!(
            "the contract's version {current} is lower than {newest}, which was released"
        ));
    }
    if let Some(recorded) = current.and_then(|current| released.get(current))
        && hash(folder)? != *recorded
    {
        findings.push(
            "the contract has changed since its version was released: give it the next version"
                .to_owned(),
        );
    }
    Ok(findings)
}

/// Versions and hashes of the record; without a record, nothing was released.
fn read(path: &Path) -> Result<BTreeMap<Version, String>> {
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let reading = || format!("reading {}", path.display());
    let text = fs::read_to_string(path).with_context(reading)?;
    let record: Record = toml::from_str(&text).with_context(reading)?;
    let versions = record
        .released
        .into_iter()
        .map(|(version, hash)| Ok((Version::parse(&version)?, hash)));
    versions.collect::<Result<_>>().with_context(reading)
}

/// Folders that are named after a version.
fn folders(folder: &Path) -> Result<BTreeMap<Version, PathBuf>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let path = entry?.path();
        let version = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| Version::parse(name).ok());
        if let Some(version) = version.filter(|_| path.is_dir()) {
            found.insert(version, path);
        }
    }
    Ok(found)
}

/// SHA-256 over the WIT files of a folder, ordered by name, as lower-case hexadecimal: of each its name and its bytes, both
/// with their length (64 bits, big-endian) before them.
fn hash(folder: &Path) -> Result<String> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wit") {
            let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            files.insert(name, bytes);
        }
    }
    let mut hasher = Sha256::new();
    for (name, bytes) in &files {
        for part in [name.as_bytes(), bytes] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
    }
    Ok(hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "/// P.\npackage a:b@0.1.0;";

    /// A contract with version 0.1.0 released as it is.
    fn released() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.wit"), TEXT).unwrap();
        fs::create_dir(folder.path().join("0.1.0")).unwrap();
        fs::write(folder.path().join("0.1.0/a.wit"), TEXT).unwrap();
        let record = format!(
            "[released]\n\"0.1.0\" = \"{}\"\n",
            hash(&folder.path().join("0.1.0")).unwrap()
        );
        fs::write(folder.path().join(RECORD), record).unwrap();
        folder
    }

    fn findings(folder: &Path, current: &str) -> Vec<String> {
        changed(folder, Some(&Version::parse(current).unwrap())).unwrap()
    }

    #[test]
    fn a_version_that_stayed_is_fine() {
        assert!(findings(released().path(), "0.1.0").is_empty());
    }

    #[test]
    fn nothing_released_is_fine() {
        let folder = tempfile::tempdir().unwrap();
        assert!(findings(folder.path(), "0.1.0").is_empty());
    }

    #[test]
    fn a_released_version_can_not_change() {
        for change in ["0.1.0/a.wit", "0.1.0/b.wit"] {
            let folder = released();
            fs::write(folder.path().join(change), "/// Q.\npackage a:b@0.1.0;").unwrap();
            let found = findings(folder.path(), "0.1.0");
            assert!(
                found.len() == 1 && found[0].contains("must not change"),
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_released_version_can_not_go() {
        let folder = released();
        fs::remove_dir_all(folder.path().join("0.1.0")).unwrap();
        assert!(findings(folder.path(), "0.2.0")[0].contains("is gone"));
    }

    #[test]
    fn a_folder_without_record_is_told_with_its_hash() {
        let folder = released();
        fs::create_dir(folder.path().join("0.2.0")).unwrap();
        let found = findings(folder.path(), "0.2.0");
        assert!(
            found.len() == 1 && found[0].contains("add \"0.2.0\" = \""),
            "{found:?}"
        );
    }

    #[test]
    fn changes_after_a_release_need_the_next_version() {
        let folder = released();
        fs::write(
            folder.path().join("a.wit"),
            "/// Other.\npackage a:b@0.1.0;",
        )
        .unwrap();
        assert!(findings(folder.path(), "0.1.0")[0].contains("give it the next version"));
        assert!(findings(folder.path(), "0.2.0").is_empty());
        assert!(findings(folder.path(), "0.0.9")[0].contains("is lower than 0.1.0"));
    }

    #[test]
    fn names_and_contents_can_not_be_shifted() {
        let folder = tempfile::tempdir().unwrap();
        let of = |name: &str, text: &str| {
            let folder = folder.path().join(format!("{name}{}", text.len()));
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join(format!("{name}.wit")), text).unwrap();
            hash(&folder).unwrap()
        };
        assert_ne!(of("a", "bc"), of("ab", "c"));
    }
}
