//! Every manifest of `tests/manifests/invalid` is wrong in one way; what is said about it is kept beside the suite.

use crate::support::{Folder, WASM, corpus, one_component};
use bowline_app::{Fault, Limits};

#[test]
fn each_wrong_manifest_is_told_what_is_wrong_and_where() {
    let mut said = String::new();
    for (name, text) in corpus("invalid") {
        let folder = Folder::with(&text);
        folder.write("static/index.html", b"x");
        let error = folder.load().map(drop).expect_err(&name);
        said += &format!("## {name}\n{}\n", folder.render(&error));
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("wrong-manifests", said);
    });
}

#[test]
fn a_missing_manifest_is_named() {
    let folder = Folder::new();
    assert_eq!(
        folder.error(),
        "error: there is no Spin manifest at `spin.toml`\n\
         hint: give the folder of the application, or its spin.toml, with `--from`\n"
    );
    let error = bowline_app::Application::load(&folder.path().join("nowhere")).unwrap_err();
    assert!(matches!(error.fault(), Fault::NoManifest { path } if path.ends_with("nowhere")));
}

#[test]
fn text_that_is_not_utf8_is_pointed_at() {
    let folder = Folder::new();
    folder.write("spin.toml", b"a = 1\nb = \"\xff\"\n");
    let error = folder.load().unwrap_err();
    let location = error.location().unwrap();
    assert_eq!((location.line, location.column), (2, 6));
    assert!(error.to_string().contains("not UTF-8"), "{error}");
}

#[test]
fn an_endless_manifest_is_not_read() {
    let folder = Folder::new();
    folder.write("spin.toml", &vec![b'#'; 256 * 1024 + 1]);
    assert!(matches!(
        folder.load().unwrap_err().fault(),
        Fault::Invalid { .. }
    ));
}

#[test]
fn deep_nesting_is_an_error_and_no_crash() {
    for text in [
        "[".repeat(80_000),
        format!("a = {}", "[".repeat(80_000)),
        format!("a = {}", "{b=".repeat(80_000)),
    ] {
        let folder = Folder::new();
        folder.write("spin.toml", text.as_bytes());
        assert!(matches!(
            folder.load().unwrap_err().fault(),
            Fault::Syntax(_)
        ));
    }
}

#[test]
fn an_unbuilt_component_says_how_to_build_it() {
    let folder = Folder::with(&one_component(
        "[component.hello.build]\ncommand = \"cargo build\"",
    ));
    std::fs::remove_file(folder.path().join("hello.wasm")).unwrap();
    insta::assert_snapshot!(folder.error(), @r#"
    error: spin.toml:12:10: component `hello` is not built: there is no file `hello.wasm`
    12 | source = "hello.wasm"
       |          ^^^^^^^^^^^^
    hint: run `spin build`, which runs `cargo build`
    "#);
}

#[test]
fn a_source_that_is_not_wasm_is_refused() {
    let folder = Folder::with(&one_component(""));
    for bytes in [&b""[..], b"#!/bin/sh", b"(component)"] {
        folder.write("hello.wasm", bytes);
        assert!(
            matches!(folder.load().unwrap_err().fault(), Fault::NotWasm { .. }),
            "{bytes:?}"
        );
    }
    std::fs::remove_file(folder.path().join("hello.wasm")).unwrap();
    folder.write("hello.wasm/a", WASM);
    assert!(
        matches!(folder.load().unwrap_err().fault(), Fault::NotWasm { .. }),
        "a folder"
    );
}

#[test]
fn limits_are_told_with_their_size() {
    let folder = Folder::with(&one_component("files = [\"static/*\"]"));
    for name in ["a", "b", "c"] {
        folder.write(&format!("static/{name}"), &[b'x'; 100]);
    }
    let said = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        let error = bowline_app::Application::load_within(folder.path(), &limits).unwrap_err();
        assert!(matches!(error.fault(), Fault::TooLarge { .. }));
        folder.render(&error).lines().next().unwrap().to_owned()
    };
    assert_eq!(
        said(|limits| limits.files = 2),
        "error: spin.toml:13:10: the components see too many files, and the limit is 2"
    );
    assert_eq!(
        said(|limits| limits.file_bytes = 99),
        "error: `static/a` has 100 bytes, and the limit is 99 bytes"
    );
    assert_eq!(
        said(|limits| limits.total_bytes = 300),
        "error: the application has 308 bytes, and the limit is 300 bytes"
    );
    assert_eq!(
        said(|limits| limits.entries = 2),
        "error: spin.toml:13:10: `files` of component `hello` look at too many files and folders, and the limit is 2"
    );
}
