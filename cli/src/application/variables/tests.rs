use bowline_app::Application;

use super::*;

/// Values as if the application declared them.
pub(crate) fn values(pairs: &[(&str, &str)]) -> Values {
    let value = |(name, value): &(&str, &str)| Value {
        name: (*name).to_owned(),
        value: Secret::new(*value),
        secret: false,
    };
    Values(pairs.iter().map(value).collect())
}

/// An application that declares these variables, a table of TOML each.
fn declared(variables: &str) -> Vec<Variable> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.wasm"), b"\0asm\x0d\0\x01\0").unwrap();
    std::fs::write(
        folder.path().join("spin.toml"),
        format!(
            "spin_manifest_version = 2\n[application]\nname = \"a\"\nversion = \"1.0.0\"\n[variables]\n{variables}\n\
             [[trigger.http]]\nroute = \"/...\"\ncomponent = \"a\"\n[component.a]\nsource = \"a.wasm\"\n"
        ),
    )
    .unwrap();
    Application::load(folder.path())
        .unwrap()
        .variables()
        .to_vec()
}

const DECLARED: &str = "
    greeting = { default = 'hello' }
    api_key = { required = true, secret = true, description = 'Key of the shop' }
    api_host = { required = true }
";

fn read(flags: &[&str]) -> Result<Assignments, Error> {
    Assignments::read(flags.iter().copied())
}

fn pairs(assignments: &Assignments) -> Vec<(&str, &str)> {
    assignments
        .0
        .iter()
        .map(|(name, it)| (name.as_str(), it.value.expose()))
        .collect()
}

/// Everything that an error says.
fn said(error: &Error) -> String {
    let mut text = error.message().to_owned();
    for line in error.causes().iter().chain(error.hints()) {
        text.push('\n');
        text.push_str(line);
    }
    assert_eq!(error.exit(), Exit::Usage);
    text
}

#[test]
fn a_value_is_what_stands_behind_the_first_equals_sign() {
    let read = read(&["a=b=c", "b=", "c= x ", "d=@@home", "e='\"\n"]).unwrap();
    assert_eq!(
        pairs(&read),
        [
            ("a", "b=c"),
            ("b", ""),
            ("c", " x "),
            ("d", "@home"),
            ("e", "'\"\n")
        ]
    );
}

#[test]
fn a_file_gives_its_text_without_one_line_break() {
    let folder = tempfile::tempdir().unwrap();
    for (text, value) in [
        ("k", "k"),
        ("k\n", "k"),
        ("k\r\n", "k"),
        ("k\n\n", "k\n"),
        ("\n", ""),
        ("", ""),
        ("k\r", "k\r"),
        ("ü\"\\", "ü\"\\"),
    ] {
        let path = folder.path().join("a=b");
        std::fs::write(&path, text).unwrap();
        let flag = format!("key=@{}", path.display());
        assert_eq!(
            pairs(&read(&[&flag]).unwrap()),
            [("key", value)],
            "{text:?}"
        );
    }
}

#[test]
fn tables_give_every_flat_value() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        format!("@{}", path.display())
    };
    let toml = write("a.toml", "a = 'x'\nb = 1\nc = true\nd = 1.0\n");
    let json = write(
        "b.json",
        r#"{"e": "é\n", "f": 1.50, "g": false, "h": 12345678901234567890}"#,
    );
    let read = Assignments::read([toml.as_str(), &json].into_iter()).unwrap();
    assert_eq!(
        pairs(&read),
        [
            ("a", "x"),
            ("b", "1"),
            ("c", "true"),
            ("d", "1.0"),
            ("e", "é\n"),
            ("f", "1.5"),
            ("g", "false"),
            ("h", "12345678901234567890")
        ]
    );
}

#[test]
fn what_is_no_value_is_refused_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    for (name, content) in [
        ("list.toml", "a = ['c4nary']"),
        ("table.toml", "[a]\nb = 'c4nary'"),
        ("date.toml", "a = 1979-05-27"),
        ("cut.toml", "a = 1\nb = 'c4nary"),
        ("twice.toml", "a = 'c4nary'\na = 'c4nary'"),
        ("twice.json", r#"{"a": "c4nary", "a": "c4nary"}"#),
        ("null.json", r#"{"a": null}"#),
        ("list.json", r#"["c4nary"]"#),
        ("cut.json", "{\"a\":\n \"c4nary"),
        ("vars.yaml", "a: c4nary"),
        ("nul.json", r#"{"a": "c4nary\u0000"}"#),
    ] {
        std::fs::write(at(name), content).unwrap();
    }
    std::fs::write(at("latin.txt"), b"c4nary\xe9").unwrap();
    let large = std::fs::File::create(at("large.txt")).unwrap();
    large.set_len((1 << 20) + 1).unwrap();
    let mut all = String::new();
    for flag in [
        "c4nary".to_owned(),
        "=c4nary".to_owned(),
        format!("@{}", at("list.toml")),
        format!("@{}", at("table.toml")),
        format!("@{}", at("date.toml")),
        format!("@{}", at("cut.toml")),
        format!("@{}", at("twice.toml")),
        format!("@{}", at("twice.json")),
        format!("@{}", at("null.json")),
        format!("@{}", at("list.json")),
        format!("@{}", at("cut.json")),
        format!("@{}", at("vars.yaml")),
        format!("@{}", at("nul.json")),
        format!("a=@{}", at("latin.txt")),
        format!("a=@{}", at("large.txt")),
        format!("a=@{}", at("none.txt")),
        format!("a=@{}", folder.path().display()),
    ] {
        let said = said(&read(&[&flag]).unwrap_err());
        assert!(!said.contains("c4nary"), "{said}");
        let said = said.replace(&folder.path().display().to_string(), "DIR");
        all.push_str(&said);
        all.push_str("\n\n");
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_name_that_is_given_twice_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.json");
    std::fs::write(&path, r#"{"a": "c4nary"}"#).unwrap();
    let file = format!("@{}", path.display());
    for (flags, hint) in [
        (
            ["a=c4nary", "a=c4nary"],
            "leave one of the two out of --variable a=...".to_owned(),
        ),
        (
            ["a=c4nary", &file],
            format!("leave it out of --variable a=... or of --variable {file}"),
        ),
    ] {
        let error = read(&flags).unwrap_err();
        assert_eq!(
            said(&error),
            format!("the variable 'a' is given twice\n{hint}")
        );
    }
}

#[test]
fn values_go_to_what_is_declared() {
    let declared = declared(DECLARED);
    let read = read(&["api_key=k", "api_host=h"]).unwrap();
    let settled: Vec<_> = read
        .settle(&declared)
        .unwrap()
        .iter()
        .map(|it| (it.name.clone(), it.value.expose().to_owned(), it.secret))
        .collect();
    let expected = [("api_host", "h", false), ("api_key", "k", true)];
    assert_eq!(
        settled,
        expected.map(|(name, value, secret)| (name.to_owned(), value.to_owned(), secret))
    );
}

#[test]
fn what_is_missing_or_unknown_is_said_at_once() {
    let (some, none) = (declared(DECLARED), declared(""));
    let mut all = String::new();
    for (flags, declared) in [
        (&[][..], &some),
        (&["api_host=c4nary"], &some),
        (&["api-key=c4nary", "api_host=c4nary"], &some),
        (&["GREETING=c4nary", "zzz=c4nary"], &some),
        (&["greeting=c4nary"], &none),
        (&["\u{1b}[31mred\n=c4nary"], &some),
    ] {
        let error = read(flags).unwrap().settle(declared).unwrap_err();
        all.push_str(&format!("{flags:?}\n{}\n\n", said(&error)));
    }
    let said: Vec<&str> = all.lines().filter(|line| !line.starts_with('[')).collect();
    assert!(!said.join("\n").contains("c4nary"));
    assert!(!said.join("").contains(char::is_control));
    insta::assert_snapshot!(all);
}

#[test]
fn no_value_is_in_debug_output() {
    let read = read(&["greeting=c4nary"]).unwrap();
    assert!(!format!("{read:?}").contains("c4nary"));
}
