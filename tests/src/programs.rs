//! Where the programs under test are.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The `bowline` program of this build.
///
/// # Panics
/// When it was not built before the suite.
pub fn bowline() -> PathBuf {
    beside("bowline")
}

/// An example program of the libraries, by the name of its file.
///
/// # Panics
/// When it was not built with the tests.
pub fn library_example(name: &str) -> PathBuf {
    beside(&format!("examples/{name}"))
}

/// A target in another language than Rust, of `examples/targets` or `tests/targets`, by the name of its component.
///
/// # Panics
/// When it was not built before the suite.
pub fn foreign_target(name: &str) -> PathBuf {
    let program = profile().join("../targets").join(format!("{name}.wasm"));
    assert!(
        program.exists(),
        "{} is not built: run `make targets` first, as `make test` does",
        program.display()
    );
    program.canonicalize().expect("it is there")
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the suites live in the repository")
        .to_owned()
}

/// The folder of one example, built: its component is where its `spin.toml`
/// says.
///
/// # Panics
/// When the example does not build; what cargo said is in the message.
pub fn example(name: &'static str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        for example in ["hello-rust", "static-site", "dependencies"] {
            let folder = repository().join("examples").join(example);
            let output = Command::new(env!("CARGO"))
                .current_dir(&folder)
                .args(["build", "--quiet", "--locked", "--release"])
                .args(["--target", "wasm32-wasip2"])
                .env_remove("CARGO_TARGET_DIR")
                .env_remove("RUSTFLAGS")
                .output()
                .expect("cargo can be started");
            assert!(
                output.status.success(),
                "examples/{example} does not build:\n{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    });
    repository().join("examples").join(name)
}

fn beside(name: &str) -> PathBuf {
    let program = profile().join(name);
    assert!(
        program.exists(),
        "{} is not built: run `cargo build --workspace --bins` first, as `make test` does",
        program.display()
    );
    program
}

/// Test programs are in `<target>/<profile>/deps`, programs one above.
fn profile() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its program");
    test.ancestors()
        .find(|folder| folder.ends_with("deps"))
        .and_then(|deps| deps.parent())
        .expect("tests are built below <target>/<profile>/deps")
        .to_owned()
}
