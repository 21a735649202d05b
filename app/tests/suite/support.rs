//! Applications in temporary folders.

use std::path::{Path, PathBuf};

use bowline_app::{Application, LoadError};
use tempfile::TempDir;

/// The smallest thing that passes for a component.
pub const WASM: &[u8] = b"\0asm\x0d\0\x01\0";

/// A manifest with one HTTP component `hello`; `component` is added to its table.
pub fn one_component(component: &str) -> String {
    format!(
        r#"spin_manifest_version = 2

[application]
name = "hello"
version = "1.0.0"

[[trigger.http]]
route = "/..."
component = "hello"

[component.hello]
source = "hello.wasm"
{component}
"#
    )
}

/// The manifests of `tests/manifests/<kind>`, by name.
pub fn corpus(kind: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/manifests")
        .join(kind);
    let mut manifests: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    manifests.sort();
    assert!(manifests.len() > 5, "only {} manifests", manifests.len());
    manifests
}

/// An application's folder, removed at the end.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With a manifest, and `hello.wasm`.
    pub fn with(manifest: &str) -> Self {
        let folder = Self::new();
        folder.write("spin.toml", manifest.as_bytes());
        folder.write("hello.wasm", WASM);
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, path: &str, bytes: &[u8]) -> PathBuf {
        let file = self.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, bytes).unwrap();
        file
    }

    pub fn load(&self) -> Result<Application, LoadError> {
        Application::load(self.path())
    }

    /// The error, as a person would see it, without the name of the temporary folder.
    #[track_caller]
    pub fn error(&self) -> String {
        let error = self.load().expect_err("it should not load");
        self.render(&error)
    }

    pub fn render(&self, error: &LoadError) -> String {
        let mut text = String::new();
        for error in std::iter::once(error).chain(error.others()) {
            text += &format!("error: {error}\n");
            let mut source = std::error::Error::source(error);
            while let Some(cause) = source {
                text += &format!("cause: {cause}\n");
                source = cause.source();
            }
            if let Some(location) = error.location() {
                text += &location.snippet();
                text += "\n";
            }
            if let Some(hint) = error.hint() {
                text += &format!("hint: {hint}\n");
            }
        }
        let real = std::fs::canonicalize(self.path()).unwrap();
        text.replace(&format!("{}/", self.path().display()), "")
            .replace(&format!("{}/", real.display()), "")
            .replace(&self.path().display().to_string(), "FOLDER")
    }
}

/// What the only component of an application sees.
pub fn paths(application: &Application) -> Vec<&str> {
    application.components()[0]
        .files
        .iter()
        .map(|file| file.path.as_str())
        .collect()
}
