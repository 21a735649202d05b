//! Encodes, for each interface that a target may export, the description that its export macro puts into the target.
//!
//! wit-bindgen would describe a whole world at once, which promises every operation. wit-component unites the
//! descriptions that it finds in a module, so there is one for each interface, and a target promises what it has.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use wit_component::{StringEncoding, metadata};
use wit_parser::Resolve;

/// Name of the description, and the interfaces in it. A deployment of `lifecycle` is one of `deploy-target`: without
/// the latter beside it, `lifecycle` would import it for that type.
const DESCRIPTIONS: [(&str, &[&str]); 5] = [
    ("deploy-target", &["deploy-target"]),
    ("authentication", &["authentication"]),
    ("planning", &["planning"]),
    ("platform", &["platform"]),
    ("lifecycle", &["deploy-target", "lifecycle"]),
];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("no CARGO_MANIFEST_DIR")?);
    let wit = here.join("../../wit");
    println!("cargo::rerun-if-changed={}", wit.display());
    println!("cargo::rerun-if-changed=build.rs");
    for (name, interfaces) in DESCRIPTIONS {
        let bytes = describe(&wit, name, interfaces)?;
        fs::write(out.join(format!("{name}.component-type")), bytes)?;
    }
    Ok(())
}

fn describe(wit: &Path, name: &str, interfaces: &[&str]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut resolve = Resolve::default();
    let (contract, _) = resolve.push_dir(wit)?;
    let contract = resolve.packages[contract].name.clone();
    let exports: String = interfaces
        .iter()
        .map(|interface| format!("export {};\n", contract.interface_id(interface)))
        .collect();
    let text = format!("package bowline:rust-sdk;\nworld {name} {{\n{exports}}}\n");
    let package = resolve.push_str(format!("{name}.wit"), &text)?;
    let world = resolve.select_world(&[package], Some(name))?;
    Ok(metadata::encode(
        &resolve,
        world,
        StringEncoding::UTF8,
        None,
    )?)
}
