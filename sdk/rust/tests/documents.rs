//! The guide shows an example that compiles, letter for letter. `UPDATE=1` copies it there.

use std::fs;
use std::path::Path;

#[test]
fn the_guide_shows_the_example() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = package.join("../../docs/writing-a-target.md");
    let example = fs::read_to_string(package.join("examples/acme.rs")).unwrap();
    let text = fs::read_to_string(&guide).unwrap();
    let (before, rest) = text.split_once("\n```rust\n").unwrap();
    let (shown, after) = rest.split_once("```\n").unwrap();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&guide, format!("{before}\n```rust\n{example}```\n{after}")).unwrap();
    } else {
        assert!(
            shown == example,
            "docs/writing-a-target.md is out of date; `UPDATE=1 cargo test -p bowline-target` rewrites it"
        );
    }
}
