//! Every manifest of `tests/manifests/valid` is read; what it means is kept beside the suite.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bowline_app::{Application, Limits, Manifest};

use crate::support::{Folder, corpus};

#[test]
fn each_manifest_means_what_it_meant() {
    for (name, text) in corpus("valid") {
        let folder = Folder::with(&text);
        folder.write("static/index.html", b"x");
        let profile = (name == "profile").then_some("debug");
        let manifest = Manifest::open(folder.path(), profile).unwrap_or_else(|error| {
            panic!("{name}: {}", folder.render(&error));
        });
        let meaning = meaning(&folder, &manifest);
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "snapshots/valid" }, {
            insta::assert_snapshot!(name, meaning);
        });
    }
}

fn meaning(folder: &Folder, manifest: &Manifest) -> String {
    let mut text = String::new();
    for unresolved in manifest.unresolved() {
        writeln!(
            text,
            "unresolved `{}` at {}: {}",
            unresolved.id,
            place(&unresolved.location),
            unresolved.source
        )
        .unwrap();
        for dependency in &unresolved.dependencies {
            writeln!(
                text,
                "  `{}` at {}: {}, export {:?}, inherits {:?}",
                dependency.name,
                place(&dependency.location),
                dependency.source,
                dependency.export,
                dependency.inherit
            )
            .unwrap();
        }
    }
    for build in manifest.builds() {
        writeln!(
            text,
            "build `{}` at {}: {:?} in {:?}, watching {:?}",
            build.component,
            place(&build.location),
            build.commands,
            build.workdir,
            build.watch
        )
        .unwrap();
    }
    for target in manifest.targets() {
        writeln!(text, "target {target:?}").unwrap();
    }
    for profile in manifest.profiles() {
        writeln!(text, "profile `{profile}`").unwrap();
    }
    let wasm = folder.path().join("hello.wasm");
    let binaries: BTreeMap<_, _> = manifest
        .unresolved()
        .into_iter()
        .map(|unresolved| (unresolved.id, wasm.clone()))
        .collect();
    let application = Application::assemble(manifest, &binaries, &Limits::default())
        .unwrap_or_else(|error| panic!("{}", folder.render(&error)));
    for warning in application.warnings() {
        writeln!(text, "warning: {warning}").unwrap();
    }
    for route in application.routes() {
        writeln!(text, "route {} -> {:?}", route.pattern, route.component).unwrap();
    }
    text += &String::from_utf8(application.record().to_json().unwrap()).unwrap();
    text
}

fn place(location: &bowline_app::Location) -> String {
    format!("{}:{}", location.line, location.column)
}
