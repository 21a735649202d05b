//! Compiles the guest programs, and writes a module that includes them.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use bowline_component::{Compile, compile, rerun_if_changed};

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("no CARGO_MANIFEST_DIR")?);
    let root = here.join("../../..").canonicalize()?;
    let guests = Compile {
        package: "bowline-guests",
        examples: true,
        // These components have to be built soon and loaded fast, not to be small.
        profile: "guests",
        settings: &[
            ("opt-level", "1"),
            ("panic", "\"abort\""),
            ("strip", "true"),
        ],
    };
    let components = compile(&root, &guests)?;

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
        let component = components.join(format!("{name}.wasm"));
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

    rerun_if_changed(
        &root,
        &[
            "tests/guests/Cargo.toml",
            "tests/guests/src",
            "tests/guests/examples",
        ],
    );
    Ok(())
}
