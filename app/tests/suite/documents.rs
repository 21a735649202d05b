//! `docs/manifest-errors.md` is what this crate says of wrong applications.

use std::fmt::Write as _;
use std::path::Path;

use bowline_app::{Application, Bundle, Fault, Limits, LoadError, Location, Manifest};

use crate::support::{Folder, WASM, corpus, one_component};

/// One thing that is said.
struct Row {
    section: &'static str,
    /// The line of the manifest, or what was done to the folder.
    cause: String,
    message: String,
    hint: String,
}

/// The sections in their order, and what they are about.
const SECTIONS: &[(&str, &str)] = &[
    ("Finding and reading", "The file itself."),
    (
        "TOML",
        "What is no TOML has no meaning at all, so this is told alone.",
    ),
    ("Unknown keys", "All of a manifest are told at once."),
    ("Missing keys", ""),
    ("Wrong types", ""),
    ("Values", "The type is right, the value is not."),
    (
        "Components",
        "Names that name none, and applications without any.",
    ),
    ("Profiles", "`--profile` asks for one."),
    (
        "Binaries",
        "The `source` of a component, and the `path` of a dependency.",
    ),
    ("Files", "The `files` of a component."),
    (
        "Limits",
        "They keep a wrong pattern from filling memory or time.",
    ),
    (
        "Hippo",
        "Manifests of Spin 1.x, which Hippo reads, have no words for some things. The application is right, but not for Hippo.",
    ),
    ("Warnings", "These keep nothing from being deployed."),
];

#[test]
fn errors_are_documented() {
    let mut rows = Vec::new();
    manifests(&mut rows);
    folders(&mut rows);
    spin_1(&mut rows);
    warnings(&mut rows);
    for (section, _) in SECTIONS {
        assert!(rows.iter().any(|row| row.section == *section), "{section}");
    }
    let text = markdown(&rows);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/manifest-errors.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "docs/manifest-errors.md is out of date; `UPDATE=1 cargo test -p bowline-app` rewrites it"
    );
}

fn markdown(rows: &[Row]) -> String {
    let mut text = "# What can be wrong with an application\n\n\
        What wrong manifests and wrong content are answered with. Where the manifest is at fault, a message starts with file, line and\n\
        column, which are left out here, and the line is shown with a mark below the place. All errors end with the\n\
        [exit code](exit-codes.md) of applications. Tests make each row; `UPDATE=1 cargo test -p bowline-app` writes this page.\n"
        .to_owned();
    for (section, about) in SECTIONS {
        write!(text, "\n## {section}\n\n").unwrap();
        if !about.is_empty() {
            write!(text, "{about}\n\n").unwrap();
        }
        if *section == "Warnings" {
            text += "| where | message |\n| --- | --- |\n";
        } else {
            text += "| where | message | hint |\n| --- | --- | --- |\n";
        }
        let mut lines = Vec::new();
        for row in rows.iter().filter(|row| row.section == *section) {
            let mut line = format!("| {} | {} |", row.cause, code(&row.message));
            if *section != "Warnings" {
                write!(line, " {} |", code(&row.hint)).unwrap();
            }
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        text += &lines.join("\n");
        text += "\n";
    }
    text
}

/// As code in a cell of a table.
fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let text = text.replace('|', "\\|").replace('\n', " ");
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

fn section(fault: &Fault) -> &'static str {
    match fault {
        Fault::NoManifest { .. } | Fault::Unreadable { .. } => "Finding and reading",
        Fault::Syntax(_) => "TOML",
        Fault::UnknownKey { .. } => "Unknown keys",
        Fault::MissingKey { .. } => "Missing keys",
        Fault::WrongType { .. } => "Wrong types",
        Fault::Invalid { .. } => "Values",
        Fault::Empty | Fault::UnknownComponent { .. } => "Components",
        Fault::UnknownProfile { .. } => "Profiles",
        Fault::NotBuilt { .. } | Fault::NotWasm { .. } | Fault::Unresolved { .. } => "Binaries",
        Fault::Outside { .. }
        | Fault::NoFile { .. }
        | Fault::FileName { .. }
        | Fault::Clash { .. } => "Files",
        Fault::TooLarge { .. } => "Limits",
        other => panic!("no section is for {other:?}"),
    }
}

/// Long names in a row would say no more than short ones.
fn shown(text: &str) -> String {
    text.replace(&"a".repeat(129), "aaa...")
}

fn add(rows: &mut Vec<Row>, folder: &Folder, cause: Option<&str>, error: &LoadError) {
    for error in std::iter::once(error).chain(error.others()) {
        let said = folder.render(error);
        let lines = said.lines().collect::<Vec<_>>();
        let value = |prefix: &str| lines.iter().find_map(|line| line.strip_prefix(prefix));
        let mut message = value("error: ").unwrap().to_owned();
        if let Some(location) = error.location() {
            let place = format!("spin.toml:{}:{}: ", location.line, location.column);
            message = message.strip_prefix(&place).unwrap().to_owned();
        }
        let line = error
            .location()
            .map(|location: &Location| code(&shown(location.text.trim())));
        rows.push(Row {
            section: section(error.fault()),
            cause: cause.map(str::to_owned).or(line).unwrap_or_default(),
            message: shown(&message),
            hint: value("hint: ").unwrap_or_default().to_owned(),
        });
    }
}

fn manifests(rows: &mut Vec<Row>) {
    for (name, text) in corpus("invalid") {
        let folder = Folder::with(&text);
        folder.write("static/index.html", b"x");
        let error = folder.load().map(drop).expect_err(&name);
        add(rows, &folder, None, &error);
    }
}

/// What is wrong beside the manifest.
fn folders(rows: &mut Vec<Row>) {
    let mut case = |cause: &str, folder: &Folder| {
        let error = folder.load().map(drop).expect_err(cause);
        add(rows, folder, Some(cause), &error);
    };
    case("no `spin.toml` in the folder", &Folder::new());
    let folder = Folder::new();
    folder.write("spin.toml/x", b"");
    case("a folder named `spin.toml`", &folder);
    let folder = Folder::new();
    folder.write("spin.toml", b"name = \"\xff\"");
    case("a byte that is not UTF-8", &folder);
    let folder = Folder::new();
    folder.write("spin.toml", &vec![b'#'; 256 * 1024 + 1]);
    case("a manifest of more than 256 KiB", &folder);

    let built = Folder::with(&one_component("build.command = \"make\""));
    std::fs::remove_file(built.path().join("hello.wasm")).unwrap();
    case("no file, and a build command", &built);
    built.write("hello.wasm", b"(component)");
    case("a file that is text", &built);
    std::fs::remove_file(built.path().join("hello.wasm")).unwrap();
    built.write("hello.wasm/x", b"");
    case("a folder", &built);

    let files = |pattern: &str| {
        let folder = Folder::with(&one_component(&format!("files = [{pattern}]")));
        folder.write("static/index.html", b"x");
        folder
    };
    let folder = files("\"static/*\"");
    folder.write("static/a\\b", b"");
    case("a file name with a backslash", &folder);
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        let link = |folder: &Folder, to: &str, name: &str| {
            std::os::unix::fs::symlink(to, folder.path().join(name)).unwrap();
        };
        let folder = files("\"static/*\"");
        link(&folder, "/etc/hostname", "static/link");
        case("a link that leads out", &folder);
        let folder = Folder::with(&one_component(""));
        std::fs::remove_file(folder.path().join("hello.wasm")).unwrap();
        let outside = Folder::with("");
        link(
            &folder,
            outside.path().join("hello.wasm").to_str().unwrap(),
            "hello.wasm",
        );
        let error = folder.load().unwrap_err();
        add(
            rows,
            &folder,
            Some("a binary that is a link that leads out"),
            &error,
        );
        let folder = files("\"static/*\"");
        let name = std::ffi::OsStr::from_bytes(b"static/\xff");
        std::fs::write(folder.path().join(name), b"").unwrap();
        let error = folder.load().unwrap_err();
        add(rows, &folder, Some("a file name that is not UTF-8"), &error);
    }

    let folder = files("\"static/*\"");
    folder.write("static/b.html", b"xx");
    for (cause, change) in [
        (
            "more files than the limit (here 1)",
            (|limits: &mut Limits| limits.files = 1) as fn(&mut Limits),
        ),
        ("a file above the limit (here 1 byte)", |limits| {
            limits.file_bytes = 1
        }),
        ("all files above the limit (here 9 bytes)", |limits| {
            limits.total_bytes = 9
        }),
        ("too much to look at (here 1 entry)", |limits| {
            limits.entries = 1
        }),
    ] {
        let mut limits = Limits::default();
        change(&mut limits);
        let error = Application::load_within(folder.path(), &limits).unwrap_err();
        add(rows, &folder, Some(cause), &error);
    }
    let folder = Folder::with(&one_component("files = [\"d/**/*.txt\"]"));
    folder.write(&format!("{}a.txt", "d/".repeat(105)), b"");
    let error = folder.load().unwrap_err();
    add(
        rows,
        &folder,
        Some("folders more than 100 deep in each other"),
        &error,
    );

    let folder = Folder::with(&one_component("profile.debug = {}\nprofile.bench = {}"));
    for profile in ["debgu", "x"] {
        let error = Manifest::open(folder.path(), Some(profile)).unwrap_err();
        add(
            rows,
            &folder,
            Some(&format!("`--profile {profile}`")),
            &error,
        );
    }
    let folder = Folder::with(&one_component(""));
    let error = Manifest::open(folder.path(), Some("debug")).unwrap_err();
    add(
        rows,
        &folder,
        Some("`--profile debug`, and there are none"),
        &error,
    );

    for (cause, text) in [
        (
            "a source that was not fetched",
            one_component("").replace(
                "\"hello.wasm\"",
                "{ package = \"example:hello\", version = \"1.0.0\" }",
            ),
        ),
        (
            "dependencies that were not composed",
            one_component("dependencies.\"a:b\" = \"1\""),
        ),
    ] {
        let folder = Folder::with(&text);
        let error = folder.load().unwrap_err();
        add(rows, &folder, Some(cause), &error);
    }
}

/// What an older manifest can't say.
fn spin_1(rows: &mut Vec<Row>) {
    let trigger =
        |line: &str| one_component("").replace("component = \"hello\"\n", &format!("{line}\n"));
    let second = |kind: &str| {
        let table = format!("[[trigger.{kind}\ncomponent = \"hello\"\n\n[component.hello]");
        one_component("").replace("[component.hello]", &table)
    };
    for manifest in [
        second("http]]\nroute = \"/b\""),
        second("redis]]\nchannel = \"c\""),
        one_component("").replace("\"/...\"", "{ private = true }"),
        one_component("allowed_outbound_hosts = [\"https://*.example.com\"]"),
        trigger("static_response = { body = \"closed\" }"),
        trigger(
            "component = \"hello\"\ndependencies = { middleware = [{ package = \"a:auth\", version = \"1\" }] }",
        ),
        trigger("component = \"hello\"\ncomponents = { after = \"hello\" }"),
        one_component("").replace(
            "[[trigger.http]]\nroute = \"/...\"\ncomponent = \"hello\"\n",
            "",
        ),
        one_component("files = [\"a..b\"]"),
    ] {
        let folder = Folder::with(&manifest);
        folder.write("a..b", WASM);
        let application = folder.load().unwrap();
        let obstacles = Bundle::obstacles(&application);
        assert!(!obstacles.is_empty(), "{manifest}");
        for error in obstacles {
            let location = error.location();
            rows.push(Row {
                section: "Hippo",
                cause: location
                    .map(|location| code(location.text.trim()))
                    .unwrap_or_default(),
                message: error.what(),
                hint: error.hint().unwrap_or_default().to_owned(),
            });
        }
    }
}

fn warnings(rows: &mut Vec<Row>) {
    let mut case = |cause: &str, manifest: &str, files: &[(&str, &[u8])]| {
        let folder = Folder::with(manifest);
        for (path, bytes) in files {
            folder.write(path, bytes);
        }
        #[cfg(unix)]
        if cause.contains("link") {
            std::os::unix::fs::symlink("nowhere", folder.path().join("a.txt")).unwrap();
        }
        let application = folder.load().unwrap();
        assert!(!application.warnings().is_empty(), "{cause}");
        for warning in application.warnings() {
            rows.push(Row {
                section: "Warnings",
                cause: cause.to_owned(),
                message: warning.clone(),
                hint: String::new(),
            });
        }
    };
    let version_one = "spin_manifest_version = \"1\"\nname = \"hello\"\nversion = \"1.0.0\"\ntrigger = { type = \"http\" }\n\
        [[component]]\nid = \"hello\"\nsource = \"hello.wasm\"\ntrigger = { route = \"/\" }\n";
    case(
        "version 1 without `allowed_outbound_hosts`",
        version_one,
        &[],
    );
    case(
        "`namespace` in version 1",
        &version_one
            .replace("name =", "namespace = \"x\"\nname =")
            .replace(
                "[[component]]",
                "[[component]]\nallowed_outbound_hosts = []",
            ),
        &[],
    );
    case(
        "`allowed_http_hosts` in version 2",
        &one_component("allowed_http_hosts = [\"example.com\"]"),
        &[],
    );
    case(
        "a component that nothing uses",
        &one_component("[component.idle]\nsource = \"hello.wasm\""),
        &[],
    );
    case(
        "a pattern without a match",
        &one_component("files = [\"*.txt\"]"),
        &[],
    );
    case(
        "`**` alone",
        &one_component("files = [\"static/**\"]"),
        &[("static/a", b"")],
    );
    #[cfg(unix)]
    case(
        "a link to nothing",
        &one_component("files = [\"*.txt\"]"),
        &[("b.txt", b"")],
    );
    case(
        "a file that is likely not meant",
        &one_component("files = [\"*\"]"),
        &[(".env", b""), ("spin.toml.bak", b"")],
    );
    case(
        "a file with a private key",
        &one_component("files = [\"x.txt\"]"),
        &[("x.txt", b"-----BEGIN PRIVATE KEY-----\n")],
    );
}
