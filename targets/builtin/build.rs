//! Compiles the targets that come with bowline to components.

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use bowline_component::{Compile, compile, rerun_if_changed};

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("no CARGO_MANIFEST_DIR")?);
    let root = here.join("../..").canonicalize()?;

    let hippo = Compile {
        package: "bowline-hippo",
        examples: false,
        profile: "release",
        // Small: it is part of the program, and compiled on first use.
        settings: &[
            ("opt-level", "\"z\""),
            ("lto", "true"),
            ("codegen-units", "1"),
            ("panic", "\"abort\""),
            ("strip", "true"),
        ],
    };
    let wasm = compile(&root, &hippo)?.join("bowline_hippo.wasm");
    fs::copy(&wasm, out.join("hippo.wasm"))
        .map_err(|error| format!("copying {}: {error}", wasm.display()))?;
    rerun_if_changed(&root, &["targets/hippo/Cargo.toml", "targets/hippo/src"]);
    Ok(())
}
