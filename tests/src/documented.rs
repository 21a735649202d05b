//! Holds what verbs write against `docs/json.md`.

use std::path::Path;

use serde_json::Value;

/// One line of a table.
struct Member {
    path: Vec<String>,
    types: String,
}

/// The verbs that have a section.
///
/// # Panics
/// When there is no such document.
pub fn documented_verbs() -> Vec<String> {
    let text = text();
    let headings = text
        .lines()
        .filter_map(|line| line.strip_prefix("## `bowline "));
    headings
        .map(|verb| verb.trim_end_matches('`').to_owned())
        .collect()
}

/// Everything that is wrong between this document and the section with this heading: empty if all is well.
///
/// # Panics
/// When there is no such section, or it has no table.
pub fn differences(heading: &str, document: &Value) -> Vec<String> {
    let members = members(heading);
    assert!(
        !members.is_empty(),
        "docs/json.md has no table for {heading}"
    );
    let mut wrong = Vec::new();
    let mut found = Vec::new();
    leaves(document, &mut Vec::new(), &mut found);
    for (path, value) in &found {
        let fitting = members.iter().find(|member| fits(&member.path, path));
        match fitting {
            None => wrong.push(format!("{} is not documented", path.join("."))),
            Some(member) if !is_of(value, &member.types) => wrong.push(format!(
                "{} is {value}, and documented as {}",
                path.join("."),
                member.types
            )),
            Some(_) => {}
        }
    }
    for member in &members {
        if member.types.contains("missing") || member.types == "any" {
            continue;
        }
        // Below a list that is empty, or an object that is null, nothing can be.
        let Some((_, parent)) = member.path.split_last() else {
            continue;
        };
        let is_there = found.iter().any(|(path, _)| fits(&member.path, path))
            || lookup(document, &member.path, true);
        if !is_there && lookup(document, parent, false) {
            wrong.push(format!(
                "{} is documented, and not there",
                member.path.join(".")
            ));
        }
    }
    wrong
}

fn text() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/json.md");
    std::fs::read_to_string(path).expect("docs/json.md can be read")
}

fn members(heading: &str) -> Vec<Member> {
    let text = text();
    let start = text.find(&format!("\n## {heading}\n")).map(|at| at + 4);
    let section = &text[start.unwrap_or(text.len())..];
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        Member {
            path: parts(cells[0].trim_start_matches("| ").trim_matches('`')),
            types: cells[1].trim().to_owned(),
        }
    })
    .collect()
}

/// `a[].b` is `a`, `[]`, `b`.
fn parts(path: &str) -> Vec<String> {
    let spread = path.replace("[]", ".[]");
    spread.split('.').map(str::to_owned).collect()
}

/// Whether a documented path stands for a real one. A last `*` stands for all that is below, too.
fn fits(documented: &[String], real: &[String]) -> bool {
    match (documented.split_first(), real.split_first()) {
        (None, None) => true,
        (Some((star, [])), Some(_)) if star == "*" => true,
        (Some((one, documented)), Some((other, real))) => {
            (one == other || one == "*") && fits(documented, real)
        }
        _ => false,
    }
}

/// Whether something is at this path, for `[]` and `*` in any of them. `empty`: lists with nothing in them count as well.
fn lookup(value: &Value, path: &[String], empty: bool) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return !value.is_null();
    };
    match (first.as_str(), value) {
        ("[]", Value::Array(all)) if all.is_empty() => empty && rest.is_empty(),
        ("[]", Value::Array(all)) => all.iter().any(|one| lookup(one, rest, empty)),
        ("*", Value::Object(all)) if all.is_empty() => empty && rest.is_empty(),
        ("*", Value::Object(all)) => all.values().any(|one| lookup(one, rest, empty)),
        (name, Value::Object(all)) => all
            .get(name)
            .is_some_and(|one| (empty && rest.is_empty()) || lookup(one, rest, empty)),
        _ => false,
    }
}

fn leaves<'a>(value: &'a Value, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, &'a Value)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                path.push(name.clone());
                leaves(value, path, found);
                path.pop();
            }
        }
        Value::Array(all) => {
            path.push("[]".to_owned());
            for value in all {
                leaves(value, path, found);
            }
            path.pop();
        }
        leaf => found.push((path.clone(), leaf)),
    }
}

fn is_of(value: &Value, types: &str) -> bool {
    if types == "any" {
        return true;
    }
    types.split([',', ' ']).any(|word| match word {
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    })
}
