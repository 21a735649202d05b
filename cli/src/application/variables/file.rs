//! Values from files: the text of one, or the names and values of a table.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use bowline_host::Secret;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use zeroize::Zeroizing;

use super::{FLAG, shown};
use crate::error::Error;
use crate::exit::Exit;
use crate::text;

/// Most bytes of a file. Platforms carry much less in one value.
const MAX: u64 = 1 << 20;

/// The text of a file, without one line break at its end: editors and `echo` put one there that nobody means.
pub(super) fn text(path: &Path, name: &str) -> Result<Secret, Error> {
    let mut text = read(path, &format!("--{FLAG} {}=@FILE", shown(name)))?;
    let end = text.strip_suffix('\n').map_or(text.len(), |line| {
        line.strip_suffix('\r').unwrap_or(line).len()
    });
    text.truncate(end);
    Ok(Secret::new(text.as_str()))
}

/// The names and values of a TOML or JSON file.
pub(super) fn table(path: &Path) -> Result<Vec<(String, Secret)>, Error> {
    let form = path.extension().and_then(|extension| extension.to_str());
    let read = match form {
        Some("toml") => toml as fn(&str) -> Entries,
        Some("json") => json,
        _ => {
            return Err(
                unusable(path, "its name ends with neither .toml nor .json").hint(format!(
                    "write --{FLAG} NAME=@FILE to give the whole text of a file to one variable"
                )),
            );
        }
    };
    let text = self::read(path, &format!("--{FLAG} @FILE"))?;
    let entries = read(&text).map_err(|why| unusable(path, &why))?;
    let value = |(name, entry): (String, Entry)| match entry {
        Ok(text) => Ok((name, Secret::from(text))),
        Err(kind) => Err(unusable(
            path,
            &format!(
                "'{}' is {kind}, and not a string, a number or a boolean",
                shown(&name)
            ),
        )),
    };
    entries.into_iter().map(value).collect()
}

/// A value as text, or what it is instead of one.
type Entry = Result<String, &'static str>;
/// All of a table, or why it is none.
type Entries = Result<Vec<(String, Entry)>, String>;

fn toml(text: &str) -> Entries {
    // The error's own text repeats the lines of the file.
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .and_then(|span| text.get(..span.start))
            .map_or(1, |before| before.matches('\n').count() + 1);
        format!("line {line} is no TOML")
    })?;
    let entry = |value: toml::Value| match value {
        toml::Value::String(text) => Ok(text),
        toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) => {
            Ok(value.to_string())
        }
        toml::Value::Datetime(_) => Err("a date without quotes"),
        toml::Value::Array(_) => Err("a list"),
        toml::Value::Table(_) => Err("a table"),
    };
    Ok(table
        .into_iter()
        .map(|(name, value)| (name, entry(value)))
        .collect())
}

fn json(text: &str) -> Entries {
    let Members(members) = serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => "it holds no JSON object".to_owned(),
        _ => format!("line {} is no JSON", error.line()),
    })?;
    let entry = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => Ok(text),
        serde_json::Value::Number(_) | serde_json::Value::Bool(_) => Ok(value.to_string()),
        serde_json::Value::Null => Err("null"),
        serde_json::Value::Array(_) => Err("a list"),
        serde_json::Value::Object(_) => Err("an object"),
    };
    Ok(members
        .into_iter()
        .map(|(name, value)| (name, entry(value)))
        .collect())
}

/// The members of a JSON object, also those whose name comes twice.
struct Members(Vec<(String, serde_json::Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        input.deserialize_map(Reader)
    }
}

/// The text of a file; also of a pipe, so that a password manager can be its other end.
fn read(path: &Path, flag: &str) -> Result<Zeroizing<String>, Error> {
    let bytes = bytes(path).map_err(|error| {
        Error::new(
            Exit::Usage,
            format!("can't read {}", text::one_line(&path.display().to_string())),
        )
        .cause(&error)
        .hint(format!("it is the file of {flag}"))
    })?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(unusable(path, "it is no UTF-8 text")
            .hint("encode what is no text, as base64 for one, and have the application decode it")),
    }
}

fn bytes(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = File::open(path)?.take(MAX + 1).read_to_end(&mut bytes)?;
    if read as u64 > MAX {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {} MiB", MAX >> 20),
        ));
    }
    Ok(bytes)
}

fn unusable(path: &Path, why: &str) -> Error {
    let name = text::one_line(&path.display().to_string());
    Error::new(
        Exit::Usage,
        format!("{name} can't be used for --{FLAG}: {why}"),
    )
}
