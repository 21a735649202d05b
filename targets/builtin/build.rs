//! Compiles the targets that come with bowline to components.

use std::env;
use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What components are compiled for: WASI 0.2, with the component made by the linker.
const TRIPLE: &str = "wasm32-wasip2";

/// Environment variables that describe the outer build (its flags, wrapper of clippy, its target) and would make the
/// inner build another one, or break it.
const OUTER: [&str; 7] = [
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTFLAGS",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_TARGET_DIR",
];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("no CARGO_MANIFEST_DIR")?);
    let root = here.join("../..").canonicalize()?;
    let guests = target_folder(&out).join("guests");

    require_wasm_target()?;
    compile("bowline-hippo", &root, &guests)?;
    let wasm = guests.join(TRIPLE).join("release/bowline_hippo.wasm");
    fs::copy(&wasm, out.join("hippo.wasm"))
        .map_err(|error| format!("copying {}: {error}", wasm.display()))?;

    // Cargo knows the sources of the component only from the list that the inner build left.
    rerun_if_sources_change(&wasm.with_extension("d"))?;
    for file in [
        "Cargo.toml",
        "Cargo.lock",
        "wit",
        "sdk/rust/Cargo.toml",
        "sdk/rust/build.rs",
        "targets/hippo/Cargo.toml",
        "targets/builtin/build.rs",
    ] {
        println!("cargo::rerun-if-changed={}", root.join(file).display());
    }
    Ok(())
}

/// The folder that holds the profile folders, found from `<target>/<profile>/build/<package>/out`; with `--target`
/// there is one folder more in between, which does no harm.
fn target_folder(out: &Path) -> PathBuf {
    out.ancestors().nth(4).unwrap_or(out).to_path_buf()
}

fn require_wasm_target() -> Result<(), Box<dyn Error>> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let printed = Command::new(&rustc)
        .args(["--print", "target-libdir", "--target", TRIPLE])
        .output()
        .map_err(|error| format!("running {}: {error}", rustc.display()))?;
    let folder = String::from_utf8_lossy(&printed.stdout);
    if printed.status.success() && Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    Err(format!(
        "Rust has no {TRIPLE} target here, which the built-in targets are compiled for: run `make setup`, or `rustup target add {TRIPLE}`"
    )
    .into())
}

fn compile(package: &str, root: &Path, guests: &Path) -> Result<(), Box<dyn Error>> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for variable in OUTER {
        cargo.env_remove(variable);
    }
    cargo
        .current_dir(root)
        .args([
            "build",
            "--release",
            "--package",
            package,
            "--target",
            TRIPLE,
        ])
        .arg("--target-dir")
        .arg(guests)
        .args(["--config", "profile.release.opt-level=\"z\""])
        .args(["--config", "profile.release.lto=true"])
        .args(["--config", "profile.release.codegen-units=1"])
        .args(["--config", "profile.release.panic=\"abort\""])
        .args(["--config", "profile.release.strip=true"]);
    if root.join("Cargo.lock").is_file() {
        cargo.arg("--locked");
    }
    let done = cargo.output()?;
    if done.status.success() {
        return Ok(());
    }
    Err(format!(
        "compiling {package} for {TRIPLE} failed\n{}",
        String::from_utf8_lossy(&done.stderr)
    )
    .into())
}

/// Tells Cargo about every source file named by a dep-info file (`<artifact>: <source> <source>...`, with spaces in
/// names escaped by a backslash).
fn rerun_if_sources_change(list: &Path) -> Result<(), Box<dyn Error>> {
    let text =
        fs::read_to_string(list).map_err(|error| format!("reading {}: {error}", list.display()))?;
    for line in text.lines() {
        let Some((_, sources)) = line.split_once(": ") else {
            continue;
        };
        let joined = sources.replace("\\ ", "\0");
        for source in joined.split_whitespace() {
            let source = source.replace('\0', " ");
            if Path::new(&source).extension() != Some(OsStr::new("d")) {
                println!("cargo::rerun-if-changed={source}");
            }
        }
    }
    Ok(())
}
