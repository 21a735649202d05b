//! Compares what a component imports and exports with the contract.

use semver::{Comparator, Op, Version, VersionReq};

use super::inspection::Imports;
use super::{ArtifactError, CONTRACT_VERSION, DEPLOY_TARGET};

/// Interfaces of the contract that a target may import.
pub(super) const CONTRACT: &[&str] = &[
    "bowline:deploy/application",
    "bowline:deploy/bindle",
    "bowline:deploy/console",
    "bowline:deploy/environment",
    "bowline:deploy/failure",
    "bowline:deploy/http",
];

/// Interfaces of WASI 0.2 that a target may import. HTTP goes to granted origins only. The file system has no folder, there are no
/// arguments, no environment and no input, and every use of a socket and every name lookup is refused: the standard libraries
/// of Rust, JavaScript and Python import them, whether a program uses them or not.
const WASI: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

/// Names shown in a message; a hostile component may have hundreds.
const SHOWN: usize = 10;

/// The contract version that the component exports.
pub(super) fn contract_version(exports: &[String]) -> Result<Version, ArtifactError> {
    let spoken = built(exports)
        .filter_map(|version| Version::parse(version).ok())
        .find(|version| speaks(&CONTRACT_VERSION, version));
    if let Some(version) = spoken {
        return Ok(version);
    }
    Err(match built_for(exports) {
        Some(built) => ArtifactError::ContractVersion {
            built: crate::text::line(built, 40),
        },
        None => ArtifactError::NotATarget {
            exports: shown(exports.iter()),
        },
    })
}

/// The version in the name of the interface that makes a component a target; the one that is spoken, if it exports several.
pub(super) fn built_for(exports: &[String]) -> Option<&str> {
    let spoken = |version: &&str| {
        Version::parse(version).is_ok_and(|version| speaks(&CONTRACT_VERSION, &version))
    };
    built(exports)
        .find(spoken)
        .or_else(|| built(exports).last())
}

fn built(exports: &[String]) -> impl Iterator<Item = &str> {
    exports
        .iter()
        .map(|export| split(export))
        .filter(|(interface, _)| *interface == DEPLOY_TARGET)
        .map(|(_, version)| version.unwrap_or("none"))
}

/// Whose interface an import is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Contract,
    Wasi,
    Foreign,
}

fn source(import: &str) -> Source {
    const WASI_VERSION: Version = Version::new(0, 2, 0);
    let (interface, version) = split(import);
    let (source, offered) = if CONTRACT.contains(&interface) {
        (Source::Contract, &CONTRACT_VERSION)
    } else if WASI.contains(&interface) {
        (Source::Wasi, &WASI_VERSION)
    } else {
        return Source::Foreign;
    };
    let fits = version
        .and_then(|version| Version::parse(version).ok())
        .is_some_and(|version| speaks(offered, &version));
    if fits { source } else { Source::Foreign }
}

/// Imports, clean, by where they come from.
pub(super) fn by_origin(imports: &[String]) -> Imports {
    let mut all = Imports::default();
    for import in imports {
        let list = match source(import) {
            Source::Contract => &mut all.contract,
            Source::Wasi => &mut all.wasi,
            Source::Foreign => &mut all.refused,
        };
        list.push(crate::text::line(import, 200));
    }
    all
}

/// Refuses imports that no target can have.
pub(super) fn check(imports: &[String]) -> Result<(), ArtifactError> {
    let foreign = |import: &&String| source(import) == Source::Foreign;
    let foreign = shown(imports.iter().filter(foreign));
    if foreign.is_empty() {
        Ok(())
    } else {
        Err(ArtifactError::Imports { imports: foreign })
    }
}

/// Whether one who offers `offered` can serve one who was built for `built`: the rule of semantic versions, by which 0.1.0 and 0.1.7
/// fit each other and 0.2.0 fits neither. A missing function of a later patch version shows when it is linked.
fn speaks(offered: &Version, built: &Version) -> bool {
    let comparator = Comparator {
        op: Op::Caret,
        major: offered.major,
        minor: Some(offered.minor),
        patch: None,
        pre: offered.pre.clone(),
    };
    VersionReq {
        comparators: vec![comparator],
    }
    .matches(built)
}

pub(super) fn split(name: &str) -> (&str, Option<&str>) {
    match name.split_once('@') {
        Some((interface, version)) => (interface, Some(version)),
        None => (name, None),
    }
}

fn shown<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut shown: Vec<_> = names
        .take(SHOWN + 1)
        .map(|name| crate::text::line(name, 100))
        .collect();
    if shown.len() > SHOWN {
        shown[SHOWN] = "…".to_owned();
    }
    shown
}
