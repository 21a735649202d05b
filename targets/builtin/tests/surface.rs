//! The component asks for what deploying to Hippo takes, and for nothing else.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::collections::BTreeSet;

use bowline_builtin::HIPPO;
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

/// Names of a component's own imports and exports, without the version.
fn surface(wasm: &[u8]) -> (BTreeSet<String>, BTreeSet<String>) {
    let name = |name: &str| name.split('@').next().unwrap_or_default().to_owned();
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
                        .map(|import| name(import.unwrap().name.name)),
                );
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                exports.extend(
                    section
                        .into_iter()
                        .map(|export| name(export.unwrap().name.name)),
                );
            }
            _ => {}
        }
    }
    (imports, exports)
}

#[test]
fn it_is_a_valid_component() {
    Validator::new_with_features(WasmFeatures::default())
        .validate_all(HIPPO)
        .unwrap();
}

#[test]
fn it_deploys_logs_in_and_plans() {
    let (_, exports) = surface(HIPPO);
    let expected = [
        "bowline:deploy/authentication",
        "bowline:deploy/deploy-target",
        "bowline:deploy/planning",
        "bowline:deploy/platform",
    ];
    assert_eq!(exports, expected.map(str::to_owned).into());
}

#[test]
fn it_reaches_no_files_and_no_sockets() {
    let (imports, _) = surface(HIPPO);
    println!("{} bytes, imports {imports:#?}", HIPPO.len());
    for import in &imports {
        let allowed = [
            "bowline:deploy/",
            "wasi:io/",
            "wasi:cli/",
            "wasi:clocks/",
            "wasi:random/",
        ];
        assert!(
            allowed.iter().any(|prefix| import.starts_with(prefix)),
            "{import}"
        );
    }
    let needed = [
        "application",
        "bindle",
        "console",
        "environment",
        "failure",
        "http",
    ];
    for needed in needed {
        assert!(
            imports.contains(&format!("bowline:deploy/{needed}")),
            "{needed}"
        );
    }
}

#[test]
fn it_is_small() {
    // Compiling it for the first time is to take less than a second.
    assert!(HIPPO.len() < 600 * 1024, "{} bytes", HIPPO.len());
}
