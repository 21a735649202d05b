//! Compiles the guest programs, and writes a module that includes them.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bowline_component::{Compile, compile, rerun_if_changed};

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("no CARGO_MANIFEST_DIR")?);
    let root = here.join("../../..").canonicalize()?;
    let guests = Compile {
        package: "bowline-guests",
        examples: true,
        // These components have to be built soon, and to run as fast as those that people publish; they need not be small.
        profile: "guests",
        settings: &[
            ("opt-level", "3"),
            ("panic", "\"abort\""),
            ("strip", "true"),
        ],
    };
    let components = compile(&root, &guests)?;

    let mut module = String::new();
    for (folder, each) in [
        ("tests/guests/examples", "for_each_guest"),
        ("tests/guests/hostile", "for_each_hostile_guest"),
    ] {
        let names = programs(&root.join(folder))?;
        for name in &names {
            let component = components.join(format!("{name}.wasm"));
            let copy = out.join(format!("{name}.wasm"));
            fs::copy(&component, &copy).map_err(|error| {
                format!(
                    "{}: {error} (is it an [[example]] in tests/guests/Cargo.toml?)",
                    component.display()
                )
            })?;
            writeln!(module, "/// The component of `{folder}/{name}.rs`.")?;
            writeln!(
                module,
                "#[must_use]\npub fn {name}() -> &'static [u8] {{ include_bytes!({copy:?}) }}"
            )?;
        }
        writeln!(
            module,
            "/// Calls a macro with the name of each guest of `{folder}`."
        )?;
        writeln!(
            module,
            "#[macro_export]\nmacro_rules! {each} {{ ($do:ident) => {{"
        )?;
        for name in &names {
            writeln!(module, "$do!({name});")?;
        }
        writeln!(module, "}}}}")?;
    }
    fs::write(out.join("guests.rs"), module)?;

    rerun_if_changed(
        &root,
        &[
            "tests/guests/Cargo.toml",
            "tests/guests/src",
            "tests/guests/examples",
            "tests/guests/hostile",
        ],
    );
    Ok(())
}

/// The names of the programs in a folder, in their order.
fn programs(folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    for program in fs::read_dir(folder)? {
        let program = program?.path();
        if program
            .extension()
            .is_some_and(|extension| extension == "rs")
        {
            let name = program.file_stem().ok_or("a guest has no name")?;
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
