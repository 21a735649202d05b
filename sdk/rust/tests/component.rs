//! A component exports exactly what its author exports, and imports only what it uses.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use wasmparser::{Parser, Payload};

/// Compiles an example of this package to a component, as the built-in targets are compiled, so that both share the
/// dependencies.
fn component(example: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // <target>/<profile>/deps/<this test>
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().nth(3).unwrap().join("guests");
    let mut cargo = Command::new(env!("CARGO"));
    for variable in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_WRAPPER",
    ] {
        cargo.env_remove(variable);
    }
    cargo.current_dir(root);
    cargo.args([
        "build",
        "--release",
        "--package",
        "bowline-target",
        "--example",
        example,
    ]);
    cargo
        .args(["--target", "wasm32-wasip2", "--target-dir"])
        .arg(&folder);
    for value in [
        "opt-level=\"z\"",
        "lto=true",
        "codegen-units=1",
        "panic=\"abort\"",
        "strip=true",
    ] {
        cargo.args(["--config", &format!("profile.release.{value}")]);
    }
    let done = cargo.output().unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    std::fs::read(folder.join(format!("wasm32-wasip2/release/examples/{example}.wasm"))).unwrap()
}

/// Names of a component's own imports and exports.
fn surface(wasm: &[u8]) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut imports, mut exports) = (BTreeSet::new(), BTreeSet::new());
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                imports.extend(
                    section
                        .into_iter()
                        .map(|import| import.unwrap().name.name.to_owned()),
                );
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                exports.extend(
                    section
                        .into_iter()
                        .map(|export| export.unwrap().name.name.to_owned()),
                );
            }
            _ => {}
        }
    }
    (imports, exports)
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter()
        .map(|name| format!("bowline:deploy/{name}@0.1.0"))
        .collect()
}

#[test]
fn a_target_with_every_operation_exports_every_interface() {
    let (imports, exports) = surface(&component("complete"));
    assert_eq!(
        exports,
        names(&[
            "deploy-target",
            "authentication",
            "planning",
            "platform",
            "lifecycle"
        ])
    );
    let unused = names(&["bindle", "console"]);
    assert!(
        imports.is_disjoint(&unused),
        "imports what it does not use: {imports:?}"
    );
}

#[test]
fn a_target_that_only_deploys_exports_one_interface() {
    let (imports, exports) = surface(&component("minimal"));
    assert_eq!(exports, names(&["deploy-target"]));
    assert!(imports.is_superset(&names(&["application", "environment", "console"])));
}

#[test]
fn the_guides_example_needs_no_bindle_server() {
    let (imports, exports) = surface(&component("acme"));
    assert_eq!(exports, names(&["deploy-target", "planning"]));
    assert!(imports.is_superset(&names(&["application", "environment", "console"])));
    assert!(imports.is_disjoint(&names(&["bindle"])), "{imports:?}");
}
