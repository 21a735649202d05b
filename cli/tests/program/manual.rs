//! Manual pages.

use std::process::Command;

use crate::documents::verbs;
use crate::support::World;

#[test]
fn every_verb_has_a_page_that_man_can_show() {
    let world = World::new();
    let ended = world.run(&["man", "--to", "pages/man1", "-o", "json"], &[]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let told: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let told: Vec<&str> = told["pages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|page| page.as_str().unwrap())
        .collect();
    let expected: Vec<String> = verbs()
        .iter()
        .map(|verb| {
            let name = format!("bowline {verb}");
            format!("{}.1", name.trim().replace(' ', "-"))
        })
        .collect();
    assert_eq!(told, expected);

    let page = world.path().join("pages/man1/bowline-target-add.1");
    // groff says what it doesn't understand.
    let Ok(shown) = Command::new("groff")
        .args(["-man", "-Tascii", "-ww", "-P-cbou"])
        .arg(&page)
        .output()
    else {
        let source = std::fs::read_to_string(&page).unwrap();
        assert!(source.contains(".SH SYNOPSIS"), "{source}");
        return;
    };
    assert_eq!(String::from_utf8_lossy(&shown.stderr), "");
    let shown = String::from_utf8_lossy(&shown.stdout);
    for part in [
        "SYNOPSIS",
        "EXAMPLES",
        "bowline target add ./acme.wasm --lock",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}
