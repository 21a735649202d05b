//! Targets' files, before any of them is run.

use bowline_guest_artifacts as artifacts;
use bowline_host::{Artifact, ArtifactError, Engine, EngineOptions, HostError, Target};

fn engine() -> Engine {
    Engine::new(&EngineOptions::default()).unwrap()
}

/// The guest with every occurrence of these bytes replaced.
fn patched(from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = artifacts::false_url().to_vec();
    let at: Vec<_> = (0..bytes.len())
        .filter(|&at| bytes[at..].starts_with(from.as_bytes()))
        .collect();
    assert!(!at.is_empty());
    for at in at {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

#[test]
fn the_contract_version_is_read_before_compiling() {
    let newer = patched(
        "bowline:deploy/deploy-target@0.1.0",
        "bowline:deploy/deploy-target@0.2.0",
    );
    let error = Artifact::from_bytes(newer).unwrap_err();
    assert!(
        matches!(&error, ArtifactError::ContractVersion { built } if built == "0.2.0"),
        "{error:?}"
    );
    let foreign = patched("wasi:cli/stderr@", "wasi:cli/secret@");
    let error = Artifact::from_bytes(foreign).unwrap_err();
    assert!(
        matches!(&error, ArtifactError::Imports { imports } if imports.len() == 1),
        "{error:?}"
    );
}

#[test]
fn broken_code_is_found_when_it_is_compiled() {
    // Sizes are right, so that the outline can be read, and the code between them is not.
    let whole = artifacts::false_url();
    let broken = (0..1_000).find_map(|step| {
        let mut bytes = whole.to_vec();
        bytes[whole.len() / 2 + step..][..8].fill(0xff);
        Artifact::from_bytes(bytes).ok()
    });
    let error = Target::load(&engine(), broken.expect("some place holds code")).unwrap_err();
    assert!(
        matches!(error, HostError::Artifact(ArtifactError::Compile(_))),
        "{error:?}"
    );
}

#[test]
fn compiled_code_is_taken_from_the_cache() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("compiled");
    let load = || {
        let engine = Engine::new(&EngineOptions::with_cache(&folder)).unwrap();
        Target::load(
            &engine,
            Artifact::from_bytes(artifacts::false_url()).unwrap(),
        )
        .unwrap()
    };
    let entries = || {
        std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect::<Vec<_>>()
    };
    assert_eq!(load().name(), load().name());
    let [entry] = &entries()[..] else {
        panic!("{:?}", entries())
    };
    // A broken entry is noticed and replaced.
    std::fs::write(entry, "junk").unwrap();
    load();
    assert!(std::fs::metadata(entry).unwrap().len() > 1_000);
}
