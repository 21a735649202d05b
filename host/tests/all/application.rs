//! An application to deploy.

use std::fs;
use std::sync::Arc;

use bowline_app::Application;
use tempfile::TempDir;

/// Bytes of its one component.
pub const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// Writes a small application and reads it. It lives as long as the folder.
pub fn load() -> (TempDir, Arc<Application>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hello.wasm"), COMPONENT).unwrap();
    fs::write(
        folder.path().join("spin.toml"),
        r#"
            spin_manifest_version = "1"
            name = "hello"
            version = "1.2.0"
            description = "Says hello"
            authors = ["A <a@b.test>"]
            trigger = { type = "http", base = "/" }

            [variables]
            greeting = { default = "hello" }

            [[component]]
            id = "hello"
            source = "hello.wasm"
            [component.trigger]
            route = "/hello/..."
        "#,
    )
    .unwrap();
    let application = Application::load(folder.path()).unwrap();
    (folder, Arc::new(application))
}
