//! What a component asks for and offers, read from its bytes before anything is compiled.

use std::fmt;

use anyhow::{Context as _, Result};
use wasmparser::{Encoding, Parser, Payload};

/// How a component takes requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handler {
    /// It exports `wasi:http/incoming-handler` of WASI 0.2.
    Wasi02,
    /// It exports `wasi:http/handler` of WASI 0.3: what the Spin SDK 7 builds.
    Wasi03,
}

/// Why a component can't run here, although nothing is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    reason: String,
}

impl Unsupported {
    /// With the rest of a sentence that starts with the component's name: "needs the interface
    /// ...".
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Unsupported {}

impl Handler {
    /// Finds the handler that the component `wasm` exports, and checks that the platform has all
    /// that it imports.
    ///
    /// # Errors
    /// [`Unsupported`], naming all interfaces that are missing; another error when the bytes aren't
    /// WebAssembly.
    pub fn of(wasm: &[u8]) -> Result<Self> {
        let names = Names::read(wasm)?;
        let missing: Vec<&str> = names
            .imports
            .iter()
            .filter(|name| !offered(name))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            let noun = if missing.len() == 1 {
                "interface"
            } else {
                "interfaces"
            };
            return Err(Unsupported::new(format!(
                "needs the {noun} {}, which this platform doesn't have",
                missing.join(", ")
            ))
            .into());
        }
        // A component that offers both is asked through the newer one.
        let exports = |interface, version| {
            names
                .exports
                .iter()
                .any(|name| is_version(name, interface, version))
        };
        if exports("wasi:http/handler", "0.3") {
            Ok(Self::Wasi03)
        } else if exports("wasi:http/incoming-handler", "0.2") {
            Ok(Self::Wasi02)
        } else {
            let offered = match names.exports.as_slice() {
                [] => "nothing".to_owned(),
                exports => exports.join(", "),
            };
            Err(Unsupported::new(format!(
                "exports {offered}, but neither wasi:http/handler@0.3.0 nor wasi:http/incoming-handler@0.2.x"
            ))
            .into())
        }
    }
}

/// The names that the outermost component imports and exports.
#[derive(Default)]
struct Names {
    imports: Vec<String>,
    exports: Vec<String>,
}

impl Names {
    fn read(wasm: &[u8]) -> Result<Self> {
        let mut names = Self::default();
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.context("the file isn't WebAssembly")? {
                Payload::Version {
                    encoding: Encoding::Module,
                    ..
                } if depth == 0 => {
                    return Err(Unsupported::new(
                        "is a core module, not a component: build it for wasm32-wasip2",
                    )
                    .into());
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        names.imports.push(import?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        names.exports.push(export?.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(names)
    }
}

/// Whether the platform has the interface.
fn offered(name: &str) -> bool {
    const OF_BOTH: [&str; 5] = [
        "wasi:cli/",
        "wasi:clocks/",
        "wasi:filesystem/",
        "wasi:random/",
        // Present, but it opens nothing: components import it without using it.
        "wasi:sockets/",
    ];
    let of_package = |package: &str, version| {
        name.starts_with(package)
            && name
                .split_once('@')
                .is_some_and(|(interface, _)| is_version(name, interface, version))
    };
    OF_BOTH
        .iter()
        .any(|package| of_package(package, "0.2") || of_package(package, "0.3"))
        || of_package("wasi:io/", "0.2")
        || ["wasi:http/types", "wasi:http/outgoing-handler"]
            .iter()
            .any(|interface| is_version(name, interface, "0.2"))
        || ["wasi:http/types", "wasi:http/client"]
            .iter()
            .any(|interface| is_version(name, interface, "0.3"))
        || is_version(name, "fermyon:spin/variables", "2.0")
        || is_version(name, "spin:variables/variables", "3.0")
}

/// Whether `name` is `interface` in a release of the given line, like `0.2`. Pre-releases are other
/// interfaces.
fn is_version(name: &str, interface: &str, line: &str) -> bool {
    let Some(version) = name
        .strip_prefix(interface)
        .and_then(|rest| rest.strip_prefix('@'))
        .and_then(|version| semver::Version::parse(version).ok())
    else {
        return false;
    };
    version.pre.is_empty() && format!("{}.{}", version.major, version.minor) == line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_module_is_refused_by_name() {
        let error = Handler::of(b"\0asm\x01\0\0\0").unwrap_err();
        assert!(error.is::<Unsupported>());
        assert!(error.to_string().contains("wasm32-wasip2"), "{error}");
    }

    #[test]
    fn a_component_without_a_handler_is_refused_by_name() {
        let error = Handler::of(b"\0asm\x0d\0\x01\0").unwrap_err();
        assert!(error.is::<Unsupported>());
        assert!(
            error
                .to_string()
                .starts_with("exports nothing, but neither")
        );
    }

    #[test]
    fn what_is_no_webassembly_is_another_error() {
        for bytes in [b"".as_slice(), b"<html>", b"\0asm\x0d\0\x01\0\x0b\xff"] {
            assert!(!Handler::of(bytes).unwrap_err().is::<Unsupported>());
        }
    }

    #[test]
    fn interfaces_are_told_apart_by_version() {
        for present in [
            "wasi:cli/stdout@0.2.6",
            "wasi:cli/stdout@0.3.0",
            "wasi:io/streams@0.2.12",
            "wasi:http/types@0.2.0",
            "wasi:http/client@0.3.0",
            "fermyon:spin/variables@2.0.0",
            "spin:variables/variables@3.0.0",
        ] {
            assert!(offered(present), "{present}");
        }
        for absent in [
            "fermyon:spin/key-value@2.0.0",
            "spin:variables/variables@4.0.0",
            "wasi:http/handler@0.3.0",
            "wasi:http/types@0.3.0-rc-2026-03-15",
            "wasi:cli/stdout",
            "wasi:cli/stdout@0.20.0",
            "wasi:io/streams@0.3.0",
            "wasi:keyvalue/store@0.2.0-draft2",
            "wasi:clients/x@0.2.0",
        ] {
            assert!(!offered(absent), "{absent}");
        }
    }
}
