//! An application to deploy.

use std::fs;
use std::sync::Arc;

use bowline_app::Application;
use tempfile::TempDir;

/// Bytes of its one component.
pub const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// Writes a small application and reads it. It lives as long as the folder.
pub fn load() -> (TempDir, Arc<Application>) {
    load_with(COMPONENT)
}

/// A component with so many zeros in it.
pub fn large(zeros: u32) -> Vec<u8> {
    // A custom section with a name of one letter. Its length takes five bytes, in seven bits each.
    let length = zeros + 2;
    let length = [0, 7, 14, 21, 28].map(|shift| {
        let bits = (length >> shift & 0x7f) as u8;
        if shift < 28 { bits | 0x80 } else { bits }
    });
    let mut bytes = [COMPONENT, &[0], &length, &[1, b'z']].concat();
    bytes.resize(bytes.len() + zeros as usize, 0);
    bytes
}

/// The same application with this component.
pub fn load_with(component: &[u8]) -> (TempDir, Arc<Application>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hello.wasm"), component).unwrap();
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
