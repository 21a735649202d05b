//! Checks the contract in `wit/`: that it parses without any other package, that every item of it is documented, and that
//! released versions are what they were when they were released.
//!
//! `bowline-contract [FOLDER]`: says nothing and ends with 0 if all is well; otherwise says what is wrong where, one
//! finding a line. Without an argument it checks the folder of this repository.

mod documentation;
mod released;

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Error, Result, anyhow, bail};
use wit_parser::{ParseError, Resolve, ResolveError};

fn main() -> Result<()> {
    let folder = env::args_os().nth(1).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit"),
        PathBuf::from,
    );
    let findings = check(&folder)?;
    if findings.is_empty() {
        return Ok(());
    }
    bail!(
        "the contract in {} is not in order:\n  {}",
        folder.display(),
        findings.join("\n  ")
    )
}

/// Everything that is wrong with the contract in a folder.
fn check(folder: &Path) -> Result<Vec<String>> {
    let mut resolve = Resolve::default();
    let package = match resolve.push_dir(folder) {
        Ok((package, _)) => package,
        Err(error) => return Err(located(error, &resolve)),
    };
    let mut findings = Vec::new();
    for (id, other) in resolve.packages.iter() {
        if id != package {
            findings.push(format!(
                "it does not stand alone: it brings package {}",
                other.name
            ));
        }
    }
    findings.extend(documentation::missing(&resolve, package));
    let version = resolve.packages[package].name.version.as_ref();
    findings.extend(released::changed(folder, version)?);
    Ok(findings)
}

/// A parser's error with the place that it is about, which the error itself leaves out.
fn located(error: Error, resolve: &Resolve) -> Error {
    let mut causes = error.chain();
    let text = causes.find_map(|cause| {
        let parsing = cause
            .downcast_ref::<ParseError>()
            .map(|error| error.render(&resolve.source_map));
        parsing.or_else(|| {
            cause
                .downcast_ref::<ResolveError>()
                .map(|error| error.render(&resolve.source_map))
        })
    });
    match text {
        Some(text) => anyhow!("reading the contract: {text}"),
        None => error.context("reading the contract"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Findings in a contract that consists of one file.
    pub(crate) fn findings(text: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.wit"), text).unwrap();
        check(folder.path()).unwrap()
    }

    #[test]
    fn the_contract_of_this_repository_is_in_order() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
        assert_eq!(check(&folder).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_file_that_does_not_parse_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("broken.wit"),
            "package a:b;\ninterface {",
        )
        .unwrap();
        let error = check(folder.path()).unwrap_err();
        assert!(format!("{error:?}").contains("broken.wit"), "{error:?}");
    }

    #[test]
    fn a_package_from_elsewhere_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("deps/c")).unwrap();
        fs::write(
            folder.path().join("deps/c/c.wit"),
            "package c:d@1.0.0;\ninterface e {}",
        )
        .unwrap();
        fs::write(
            folder.path().join("a.wit"),
            "/// P.\npackage a:b@0.1.0;\n/// W.\nworld w { import c:d/e@1.0.0; }",
        )
        .unwrap();
        assert_eq!(
            check(folder.path()).unwrap(),
            ["it does not stand alone: it brings package c:d@1.0.0"]
        );
    }
}
