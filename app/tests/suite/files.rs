//! Which files a component gets.

use crate::support::{Folder, WASM, one_component, paths};
use bowline_app::Fault;

fn with_files(component: &str, files: &[&str]) -> Folder {
    let folder = Folder::with(&one_component(component));
    for file in files {
        folder.write(file, file.as_bytes());
    }
    folder
}

#[test]
fn patterns_keep_paths_and_take_hidden_files() {
    let folder = with_files(
        r#"files = ["static/**/*", "*.md", "./docs/"]"#,
        &[
            "static/a.html",
            "static/.well-known/x",
            "static/sub/deep/b",
            "README.md",
            "other/c.md",
            "docs/d/e",
        ],
    );
    assert_eq!(
        paths(&folder.load().unwrap()),
        [
            "README.md",
            "docs/d/e",
            "static/.well-known/x",
            "static/a.html",
            "static/sub/deep/b"
        ]
    );
}

#[test]
fn placements_move_folders_and_files() {
    let folder = with_files(
        r#"files = [{ source = "static", destination = "/" }, { source = "conf/a.toml", destination = "/etc/b.toml" }, { source = "static/sub", destination = "/x/y/" }]"#,
        &["static/index.html", "static/sub/s", "conf/a.toml"],
    );
    assert_eq!(
        paths(&folder.load().unwrap()),
        ["etc/b.toml", "index.html", "sub/s", "x/y/s"]
    );
}

#[test]
fn exclusions_cross_folders_and_hold_for_placements() {
    let folder = with_files(
        "files = [\"static/**/*\", { source = \"static\", destination = \"/copy\" }]\nexclude_files = [\"static/*.map\"]",
        &["static/a.js", "static/a.map", "static/sub/b.map"],
    );
    assert_eq!(paths(&folder.load().unwrap()), ["copy/a.js", "static/a.js"]);
}

#[test]
fn a_name_with_glob_characters_is_taken_literally_when_it_exists() {
    let folder = with_files(
        r#"files = ["data/[id].html"]"#,
        &["data/[id].html", "data/i.html"],
    );
    assert_eq!(paths(&folder.load().unwrap()), ["data/[id].html"]);
}

#[test]
fn glob_characters_of_the_application_folder_mean_nothing() {
    let folder = Folder::new();
    folder.write(
        "ap[p]/spin.toml",
        one_component(r#"files = ["*.txt"]"#).as_bytes(),
    );
    folder.write("ap[p]/hello.wasm", WASM);
    folder.write("ap[p]/mine.txt", b"");
    folder.write("app/other.txt", b"");
    let application = bowline_app::Application::load(&folder.path().join("ap[p]")).unwrap();
    assert_eq!(paths(&application), ["mine.txt"]);
}

#[test]
fn a_pattern_without_matches_is_told() {
    let folder = with_files(r#"files = ["static/*.css", "static/**"]"#, &["static/a.js"]);
    let application = folder.load().unwrap();
    assert_eq!(paths(&application), [""; 0]);
    assert_eq!(
        application.warnings(),
        [
            "the pattern `static/*.css` of component `hello` matches no file",
            "the pattern `static/**` of component `hello` matches no file; did you mean `static/**/*`?"
        ]
    );
}

#[test]
fn secrets_are_told_once_for_each_kind() {
    let folder = with_files(r#"files = ["**/*"]"#, &[".env", ".git/HEAD", ".git/config"]);
    folder.write("key.txt", b"-----BEGIN EC PRIVATE KEY-----\nabc\n");
    let application = folder.load().unwrap();
    let warnings = application.warnings().join("\n");
    assert_eq!(application.warnings().len(), 3, "{warnings}");
    assert!(warnings.contains("`.git/HEAD` and 1 more"), "{warnings}");
    assert!(warnings.contains("`.env`"), "{warnings}");
    assert!(
        warnings.contains("`key.txt`, which holds a private key"),
        "{warnings}"
    );
}

#[test]
fn the_same_bytes_at_one_path_are_one_file_and_other_bytes_are_a_clash() {
    let folder = with_files(
        r#"files = [{ source = "a", destination = "/x" }, { source = "b", destination = "/x" }]"#,
        &[],
    );
    folder.write("a/f", b"same");
    folder.write("b/f", b"same");
    assert_eq!(paths(&folder.load().unwrap()), ["x/f"]);
    folder.write("b/f", b"other");
    let error = folder.load().unwrap_err();
    assert!(
        matches!(error.fault(), Fault::Clash { path, .. } if path == "x/f"),
        "{error}"
    );
    assert!(error.location().is_some());
}

#[test]
fn empty_files_and_shared_contents_are_fine() {
    let folder = with_files(r#"files = ["s/*"]"#, &[]);
    for name in ["s/empty", "s/empty2"] {
        folder.write(name, b"");
    }
    let application = folder.load().unwrap();
    assert_eq!(paths(&application), ["s/empty", "s/empty2"]);
    assert_eq!(
        application.contents().len(),
        2,
        "the binary and one empty content"
    );
    let empty = &application.components()[0].files[0].content;
    assert_eq!(application.content(&empty.digest()).unwrap().size(), 0);
}

#[test]
fn contents_know_their_media_type() {
    let folder = with_files(r#"files = ["s/*"]"#, &["s/a.html", "s/b.zzz", "s/c.js"]);
    let application = folder.load().unwrap();
    let types: Vec<_> = application.components()[0]
        .files
        .iter()
        .map(|file| file.content.media_type().to_owned())
        .collect();
    assert_eq!(
        types,
        ["text/html", "application/octet-stream", "text/javascript"]
    );
    assert_eq!(
        application.components()[0].source.media_type(),
        "application/wasm"
    );
}

#[test]
fn a_path_that_is_a_file_and_a_folder_is_a_clash() {
    let folder = with_files(
        r#"files = [{ source = "a", destination = "/x" }, { source = "b", destination = "/x/y" }]"#,
        &["a", "b"],
    );
    let error = folder.load().unwrap_err();
    assert!(
        matches!(error.fault(), Fault::Clash { path, .. } if path == "x"),
        "{error}"
    );
}

#[test]
fn folders_that_lie_too_deep_are_refused_and_not_left_out() {
    let deep = |depth: usize| format!("s/{}f", "d/".repeat(depth));
    // What a component sees may have 64 parts, and what is looked at 100.
    let folder = with_files(r#"files = ["s/**/*.txt"]"#, &["s/a.txt", &deep(98)]);
    assert_eq!(paths(&folder.load().unwrap()), ["s/a.txt"]);
    folder.write(&deep(101), b"");
    let error = folder.load().unwrap_err();
    assert!(
        error.to_string().contains("too deep inside each other")
            && error.to_string().contains("the limit is 100 folders"),
        "{error}"
    );
    assert!(error.location().is_some());

    let folder = with_files(r#"files = ["s/**/*"]"#, &[&deep(70)]);
    let error = folder.load().unwrap_err();
    assert!(error.to_string().contains("more than 64 parts"), "{error}");
}

#[test]
fn names_with_nul_are_refused() {
    for files in [
        r#"files = ["s/a\u0000b"]"#,
        r#"files = [{ source = "s", destination = "/a\u0000b" }]"#,
    ] {
        let error = with_files(files, &["s/a"]).load().unwrap_err();
        assert!(error.to_string().contains("control character"), "{error}");
        assert!(!error.to_string().contains('\0'), "{error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn paths_that_differ_in_case_only_are_told() {
    let folder = with_files(
        r#"files = ["s/**/*"]"#,
        &["s/Readme.md", "s/README.md", "s/sub/a", "s/Sub/A", "s/b"],
    );
    let application = folder.load().unwrap();
    assert_eq!(paths(&application).len(), 5);
    assert_eq!(
        application.warnings(),
        [
            "component `hello` gets `s/README.md` and `s/Readme.md`, which differ in the case of letters only, and so do 1 more: where case \
             does not matter, as on Windows and macOS, one would take the place of the other"
        ]
    );
}

/// An e with an accent, as one code point and as two.
#[cfg(target_os = "linux")]
#[test]
fn paths_of_the_same_letters_are_told() {
    let folder = with_files(r#"files = ["s/*"]"#, &["s/caf\u{e9}", "s/Cafe\u{301}"]);
    let application = folder.load().unwrap();
    assert_eq!(paths(&application).len(), 2);
    let [warning] = application.warnings() else {
        panic!("{:?}", application.warnings())
    };
    assert!(
        warning.ends_with(
            "which differ in how Unicode writes the same letters only: where that does not matter, as on macOS, one would take the \
             place of the other"
        ),
        "{warning}"
    );
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_inside_are_followed_and_loops_are_cut() {
        let folder = with_files(r#"files = ["static/**/*"]"#, &["static/a", "shared/b"]);
        symlink("../shared", folder.path().join("static/linked")).unwrap();
        symlink(".", folder.path().join("static/loop")).unwrap();
        symlink("a", folder.path().join("static/c")).unwrap();
        assert_eq!(
            paths(&folder.load().unwrap()),
            ["static/a", "static/c", "static/linked/b"]
        );
    }

    #[test]
    fn links_that_lead_to_each_other_come_to_an_end() {
        let folder = with_files(r#"files = ["static/**/*"]"#, &["static/a/x", "static/b/y"]);
        symlink("../b", folder.path().join("static/a/to-b")).unwrap();
        symlink("../a", folder.path().join("static/b/to-a")).unwrap();
        assert_eq!(
            paths(&folder.load().unwrap()),
            [
                "static/a/to-b/y",
                "static/a/x",
                "static/b/to-a/x",
                "static/b/y"
            ]
        );
    }

    #[test]
    fn links_that_multiply_files_reach_a_limit() {
        // Each of these folders has each other one in it: 12 factorial ways to walk.
        let folder = with_files(r#"files = ["static/**/*"]"#, &[]);
        for n in 0..12 {
            std::fs::create_dir_all(folder.path().join(format!("static/{n}"))).unwrap();
            for other in (0..12).filter(|other| *other != n) {
                let link = folder.path().join(format!("static/{n}/{other}"));
                symlink(format!("../{other}"), link).unwrap();
            }
        }
        let mut limits = bowline_app::Limits::default();
        limits.entries = 5_000;
        let error = bowline_app::Application::load_within(folder.path(), &limits).unwrap_err();
        assert!(matches!(error.fault(), Fault::TooLarge { .. }), "{error}");
    }

    #[test]
    fn links_that_leave_are_refused() {
        let outside = Folder::new();
        outside.write("secret", b"s");
        for (files, link, target) in [
            (
                r#"files = ["static/**/*"]"#,
                "static/out",
                outside.path().to_owned(),
            ),
            (
                r#"files = ["static/*"]"#,
                "static/out",
                outside.path().join("secret"),
            ),
            (
                r#"files = ["static/out/secret"]"#,
                "static/out",
                outside.path().to_owned(),
            ),
            (
                r#"files = ["static/out/*"]"#,
                "static/out",
                outside.path().to_owned(),
            ),
            (
                r#"files = [{ source = "static/out", destination = "/" }]"#,
                "static/out",
                outside.path().to_owned(),
            ),
        ] {
            let folder = with_files(files, &["static/a"]);
            symlink(&target, folder.path().join(link)).unwrap();
            let error = folder.load().expect_err(files);
            assert!(
                matches!(
                    error.fault(),
                    Fault::Outside {
                        target: Some(_),
                        ..
                    }
                ),
                "{files}: {error}"
            );
            assert_eq!(error.location().unwrap().line, 13, "{files}");
        }
    }

    #[test]
    fn a_link_that_leaves_can_be_excluded() {
        let outside = Folder::new();
        outside.write("secret", b"s");
        let folder = with_files(
            "files = [\"static/**/*\"]\nexclude_files = [\"static/out*\"]",
            &["static/a"],
        );
        symlink(outside.path(), folder.path().join("static/out")).unwrap();
        symlink(
            outside.path().join("secret"),
            folder.path().join("static/out2"),
        )
        .unwrap();
        assert_eq!(paths(&folder.load().unwrap()), ["static/a"]);
    }

    #[test]
    fn a_source_behind_a_link_that_leaves_is_refused() {
        let outside = Folder::new();
        outside.write("hello.wasm", WASM);
        let folder = Folder::with(&one_component(""));
        std::fs::remove_file(folder.path().join("hello.wasm")).unwrap();
        symlink(
            outside.path().join("hello.wasm"),
            folder.path().join("hello.wasm"),
        )
        .unwrap();
        assert!(matches!(
            folder.load().unwrap_err().fault(),
            Fault::Outside { .. }
        ));
    }

    #[test]
    fn a_dangling_link_is_told() {
        let folder = with_files(r#"files = ["static/*"]"#, &["static/a"]);
        symlink("nothing", folder.path().join("static/gone")).unwrap();
        let application = folder.load().unwrap();
        assert_eq!(paths(&application), ["static/a"]);
        assert_eq!(
            application.warnings(),
            ["`static/gone` is a link to nothing, so component `hello` does not get it"]
        );
    }

    #[test]
    fn a_folder_reached_through_a_link_is_an_application_like_others() {
        let folder = with_files(r#"files = ["static/*"]"#, &["static/a"]);
        let links = Folder::new();
        let link = links.path().join("app");
        symlink(folder.path(), &link).unwrap();
        let application = bowline_app::Application::load(&link).unwrap();
        assert_eq!(application.digest(), folder.load().unwrap().digest());
    }

    #[test]
    fn names_that_components_cannot_see_are_refused() {
        use std::os::unix::ffi::OsStrExt as _;
        for name in [&b"bad\xff"[..], b"back\\slash", b"line\nend"] {
            let folder = with_files(r#"files = ["static/*"]"#, &["static/a"]);
            std::fs::write(
                folder
                    .path()
                    .join("static")
                    .join(std::ffi::OsStr::from_bytes(name)),
                b"",
            )
            .unwrap();
            let error = folder.load().unwrap_err();
            assert!(matches!(error.fault(), Fault::FileName { .. }), "{error}");
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }

    #[test]
    fn sockets_are_left_out_and_told() {
        let folder = with_files(r#"files = ["static/*"]"#, &["static/a"]);
        let _listener =
            std::os::unix::net::UnixListener::bind(folder.path().join("static/s")).unwrap();
        let application = folder.load().unwrap();
        assert_eq!(paths(&application), ["static/a"]);
        assert_eq!(
            application.warnings(),
            ["`static/s` is no ordinary file, so component `hello` does not get it"]
        );
    }
}
