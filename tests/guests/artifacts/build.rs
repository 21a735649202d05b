//! Compiles the guest programs, and writes a module that includes them.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What guests are compiled for: WASI 0.2, with the component made by the linker.
const TRIPLE: &str = "wasm32-wasip2";

/// Environment variables of the outer build that would make the inner one another build, or break it.
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
    let root = here.join("../../..").canonicalize()?;
    // `<target>/<profile>/build/<package>/out`: the folder is shared with the targets that come with bowline.
    let guests = out.ancestors().nth(4).unwrap_or(&out).join("guests");
    compile(&root, &guests)?;

    let mut names = Vec::new();
    for program in fs::read_dir(root.join("tests/guests/examples"))? {
        let program = program?.path();
        if program
            .extension()
            .is_some_and(|extension| extension == "rs")
        {
            names.push(
                program
                    .file_stem()
                    .ok_or("a guest has no name")?
                    .to_string_lossy()
                    .into_owned(),
            );
        }
    }
    names.sort();
    let mut module = String::new();
    for name in &names {
        let component = guests
            .join(TRIPLE)
            .join("guests/examples")
            .join(format!("{name}.wasm"));
        let copy = out.join(format!("{name}.wasm"));
        fs::copy(&component, &copy).map_err(|error| {
            format!(
                "{}: {error} (is it an [[example]] in tests/guests/Cargo.toml?)",
                component.display()
            )
        })?;
        writeln!(
            module,
            "/// The component of `tests/guests/examples/{name}.rs`."
        )?;
        writeln!(
            module,
            "#[must_use]\npub fn {name}() -> &'static [u8] {{ include_bytes!({copy:?}) }}"
        )?;
    }
    writeln!(module, "/// Calls a macro with the name of each guest.")?;
    writeln!(
        module,
        "#[macro_export]\nmacro_rules! for_each_guest {{ ($do:ident) => {{"
    )?;
    for name in &names {
        writeln!(module, "$do!({name});")?;
    }
    writeln!(module, "}}}}")?;
    fs::write(out.join("guests.rs"), module)?;

    for part in [
        "Cargo.toml",
        "Cargo.lock",
        "wit",
        "sdk/rust",
        "tests/guests/Cargo.toml",
        "tests/guests/src",
        "tests/guests/examples",
    ] {
        println!("cargo::rerun-if-changed={}", root.join(part).display());
    }
    Ok(())
}

/// Builds all guests at once. That one doesn't compile fails this build, too.
fn compile(root: &Path, guests: &Path) -> Result<(), Box<dyn Error>> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for variable in OUTER {
        cargo.env_remove(variable);
    }
    cargo
        .current_dir(root)
        .args([
            "build",
            "--package",
            "bowline-guests",
            "--examples",
            "--target",
            TRIPLE,
        ])
        .arg("--target-dir")
        .arg(guests)
        // A profile of its own: these components have to be built soon and loaded fast, not to be small.
        .args(["--profile", "guests"])
        .args(["--config", "profile.guests.inherits=\"release\""])
        .args(["--config", "profile.guests.opt-level=1"])
        .args(["--config", "profile.guests.panic=\"abort\""])
        .args(["--config", "profile.guests.strip=true"]);
    let done = cargo.output()?;
    if done.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&done.stderr);
    Err(format!(
        "compiling the guests for {TRIPLE} failed (is the target installed? `make setup`)\n{errors}"
    )
    .into())
}
