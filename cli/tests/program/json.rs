//! Every verb's JSON, as `docs/json.md` has it.

use bowline_tests::documented::{differences, documented_verbs};
use serde_json::Value;

use crate::documents::verbs;
use crate::support::{World, closed_port};

fn agree(heading: &str, document: &str) -> Value {
    let value: Value = serde_json::from_str(document)
        .map_err(|error| format!("{heading}: {error}: {document}"))
        .unwrap();
    assert_eq!(
        differences(heading, &value),
        [""; 0],
        "{heading}: {value:#}"
    );
    value
}

/// A document of a section.
fn snapshot(name: &str) -> String {
    let path = format!(
        "{}/src/output/snapshots/bowline_cli__output__{name}__tests__as_json_it_has_stable_names.snap",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).unwrap();
    text.splitn(3, "---\n").nth(2).unwrap().to_owned()
}

#[test]
fn every_verb_has_a_documented_form() {
    let all = verbs();
    let leaves = all.iter().filter(|verb| {
        let below = format!("{verb} ");
        !verb.is_empty() && !all.iter().any(|other| other.starts_with(&below))
    });
    let documented = documented_verbs();
    let missing: Vec<&String> = leaves.filter(|verb| !documented.contains(verb)).collect();
    assert!(
        missing.is_empty(),
        "docs/json.md says nothing of {missing:?}"
    );
    let gone: Vec<&String> = documented
        .iter()
        .filter(|verb| !all.contains(verb))
        .collect();
    assert!(gone.is_empty(), "docs/json.md speaks of {gone:?}");
}

#[test]
fn what_is_not_documented_is_found() {
    let wrong = |document: &str| {
        differences(
            "`bowline target default`",
            &serde_json::from_str(document).unwrap(),
        )
    };
    assert_eq!(wrong(r#"{"name": "hippo"}"#), [""; 0]);
    assert_eq!(
        wrong(r#"{"name": "hippo", "more": 1}"#),
        ["more is not documented"]
    );
    assert_eq!(
        wrong(r#"{"name": 1}"#),
        ["name is 1, and documented as string"]
    );
    assert_eq!(wrong("{}"), ["name is documented, and not there"]);
}

#[test]
fn results_that_need_no_server_are_as_documented() {
    let world = World::with_application();
    let home = world.path().join("home");
    let home = [("BOWLINE_HOME", home.to_str().unwrap())];
    let run = |line: &str| {
        let arguments: Vec<&str> = line.split(' ').chain(["-o", "json"]).collect();
        let ended = world.run(&arguments, &home);
        assert_eq!(
            ended.code,
            Some(0),
            "{line}: {} {}",
            ended.stdout,
            ended.stderr
        );
        ended.stdout
    };
    agree("`bowline target list`", &run("target list"));
    agree("`bowline target show`", &run("target show hippo"));
    agree("`bowline target inspect`", &run("target inspect hippo"));
    agree("`bowline target vet`", &run("target vet hippo"));
    agree("`bowline target vet`", &run("target vet hippo hippo"));
    agree("`bowline target default`", &run("target default"));
    agree("`bowline journal list`", &run("journal list"));
    let set = "env set staging hippo-url=https://hippo.example.com";
    agree("`bowline env set`", &run(set));
    agree("`bowline env use`", &run("env use staging"));
    agree("`bowline env list`", &run("env list"));
    agree("`bowline env show`", &run("env show staging"));
    agree("`bowline settings`", &run("settings"));
    agree("`bowline logout`", &run("logout"));
    agree("`bowline env remove`", &run("env remove staging"));
    agree("`bowline completions`", &run("completions bash"));
    agree("`bowline man`", &run("man --to pages"));
}

#[test]
fn results_of_deploys_and_journals_are_as_documented() {
    agree("`bowline deploy`", &snapshot("deployed"));
    agree("`bowline plan`", &snapshot("planned"));
    agree("`bowline journal show`", &snapshot("journal"));
    agree("Errors", &snapshot("error"));
}

#[test]
fn errors_and_runs_that_failed_are_as_documented() {
    let world = World::with_application();
    let home = world.path().join("home");
    let url = closed_port();
    let variables = [
        ("BOWLINE_HOME", home.to_str().unwrap()),
        ("BINDLE_SERVER_URL", url.as_str()),
        ("HIPPO_URL", url.as_str()),
        ("HIPPO_TOKEN", "canary-token"),
    ];
    let events = world.path().join("events");
    let ended = world.run(
        &["deploy", "-o", "json", "--events", events.to_str().unwrap()],
        &variables,
    );
    assert_eq!(ended.code, Some(8), "{} {}", ended.stdout, ended.stderr);
    agree("Errors", &ended.stdout);
    let listed = world.run(&["journal", "list", "-o", "json"], &variables);
    agree("`bowline journal list`", &listed.stdout);
    let shown = world.run(&["journal", "show", "--last", "-o", "json"], &variables);
    let run = agree("`bowline journal show`", &shown.stdout);

    // A line that is no command line ends with an error, too.
    let misread = world.path().join("misread");
    let ended = world.run(
        &[
            "deploy",
            "--nonsense",
            "--events",
            misread.to_str().unwrap(),
        ],
        &variables,
    );
    assert_eq!(ended.code, Some(2));
    let text = std::fs::read_to_string(&misread).unwrap();
    let last: Vec<&str> = text.lines().rev().take(2).collect();
    assert!(
        last[0].contains("\"ended\"") && last[1].contains("--nonsense"),
        "{text}"
    );

    let text = std::fs::read_to_string(&events).unwrap();
    assert!(!text.contains("canary"), "{text}");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let names: Vec<&str> = lines
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect();
    assert_eq!(names[..3], ["started", "run", "phase"], "{text}");
    assert_eq!(names[names.len() - 2..], ["error", "ended"], "{text}");
    assert_eq!(lines[0]["verb"], "deploy");
    assert_eq!(lines[1]["run"], run["run"]);
    assert_eq!(lines[names.len() - 2]["error"]["code"], "unavailable");
    assert_eq!(lines[names.len() - 1]["exit"], 8);

    // What goes wrong before a verb is known is an error as well.
    for line in [
        &["-o", "json", "nonsense"][..],
        &["-o", "json"],
        &["target", "-o", "json"],
    ] {
        let ended = world.run(line, &variables);
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (Some(2), ""),
            "{line:?}"
        );
        agree("Errors", &ended.stdout);
    }
}

#[test]
fn errors_name_the_code_that_the_process_ends_with() {
    let world = World::with_application();
    // Where 2 says that there is something to do, a wrong command line ends with 1.
    for (line, code) in [
        ("plan --detailed-exitcode --limit foo=1 -o json", 1),
        ("plan --detailed-exitcode --nonsense -o json", 1),
        ("deploy --dry-run --detailed-exitcode --nonsense -o json", 1),
        ("plan --nonsense -o json", 2),
        ("deploy --detailed-exitcode -o json", 2),
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        let ended = world.run(&arguments, &[]);
        assert_eq!(ended.code, Some(code), "{line}: {}", ended.stdout);
        let error = agree("Errors", &ended.stdout);
        assert_eq!(error["error"]["exit"], code, "{line}");
        assert_eq!(error["error"]["code"], "usage", "{line}");
    }
}
