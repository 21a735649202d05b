//! Compiles packages of this workspace to components. For build scripts, which it asks cargo to run again.
//!
//! The inner build has a target folder of its own, `<target>/guests`: the outer one holds the lock of `<target>/<profile>`
//! while its scripts run.

#![expect(
    clippy::print_stdout,
    reason = "build scripts talk to cargo through standard output"
)]

use std::env;
use std::error::Error;
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

/// What to compile, and how.
#[derive(Debug)]
pub struct Compile<'a> {
    /// The package, by name.
    pub package: &'a str,
    /// Whether its examples are the components, instead of its library.
    pub examples: bool,
    /// `release`, or a profile of one's own, which then inherits from it.
    pub profile: &'a str,
    /// Settings of that profile as in a manifest: name, and value as TOML.
    pub settings: &'a [(&'a str, &'a str)],
}

/// Compiles. Gives the folder that the components are in afterwards.
///
/// # Errors
/// Rust lacks the target, with what to do; the package does not compile, with what cargo said; or this is not a build
/// script.
pub fn compile(root: &Path, what: &Compile<'_>) -> Result<PathBuf, Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    // `<target>/<profile>/build/<package>/out`; with `--target` there is one folder more in between, which does no harm.
    let guests = out.ancestors().nth(4).unwrap_or(&out).join("guests");
    require_target()?;

    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for variable in OUTER {
        cargo.env_remove(variable);
    }
    cargo
        .current_dir(root)
        .args(["build", "--package", what.package, "--target", TRIPLE])
        .args(["--profile", what.profile])
        .arg("--target-dir")
        .arg(&guests);
    if what.examples {
        cargo.arg("--examples");
    }
    if what.profile != "release" {
        let inherits = format!("profile.{}.inherits=\"release\"", what.profile);
        cargo.args(["--config", &inherits]);
    }
    for (name, value) in what.settings {
        let setting = format!("profile.{}.{name}={value}", what.profile);
        cargo.args(["--config", &setting]);
    }
    if root.join("Cargo.lock").is_file() {
        cargo.arg("--locked");
    }
    let done = cargo.output()?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        return Err(format!("compiling {} for {TRIPLE} failed\n{said}", what.package).into());
    }
    let folder = guests.join(TRIPLE).join(what.profile);
    Ok(if what.examples {
        folder.join("examples")
    } else {
        folder
    })
}

/// Has cargo run the build script again when one of these files or folders changes, relative to `root`. What every
/// component depends on is among them already.
pub fn rerun_if_changed(root: &Path, paths: &[&str]) {
    for path in ["Cargo.toml", "Cargo.lock", "wit", "sdk/rust"]
        .iter()
        .chain(paths)
    {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
}

fn require_target() -> Result<(), Box<dyn Error>> {
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
        "Rust has no {TRIPLE} target here, which components are compiled for: run `make setup`, or `rustup target add {TRIPLE}`"
    )
    .into())
}
