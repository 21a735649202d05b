//! `--variable`: the values that the user gives the application's variables.
//!
//! No message here says a value: which of them are secret is known only when the application is read, and a mistyped flag may be
//! the secret itself.

use std::collections::BTreeMap;
use std::path::Path;

use bowline_app::Variable;
use bowline_host::Secret;
use clap::{Arg, ArgAction};

use crate::error::Error;
use crate::exit::Exit;
use crate::text;

mod file;

/// Name of the flag.
pub(crate) const FLAG: &str = "variable";

/// The flag.
pub(crate) fn arg() -> Arg {
    Arg::new(FLAG)
        .long(FLAG)
        .value_name("NAME=VALUE")
        .action(ArgAction::Append)
        .help("Give a variable of the application its value; NAME=@FILE takes the text of a file, and @FILE all names and values of a .toml or .json file; may be given several times")
}

/// What the flags say, before it is known which variables there are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assignments(BTreeMap<String, Assignment>);

#[derive(Clone, Debug)]
struct Assignment {
    value: Secret,
    /// Where the value is from, in the words of a message.
    source: String,
}

/// Values for variables that the application declares, in the order of their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values(Vec<Value>);

/// The value of one variable.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) name: String,
    pub(crate) value: Secret,
    /// The application declares that it must not be seen.
    pub(crate) secret: bool,
}

impl Assignments {
    /// Reads the flags, and the files that they name.
    ///
    /// # Errors
    /// [`Exit::Usage`] when a flag has none of the forms, a file can't be used, or a name is given twice.
    pub(crate) fn read<'a>(flags: impl Iterator<Item = &'a str>) -> Result<Self, Error> {
        let mut all = Self::default();
        for flag in flags {
            match flag.split_once('=') {
                // The name of a file may have a `=` in it, that of a variable has no `@`.
                _ if flag.starts_with('@') => all.add_file(Path::new(&flag[1..]))?,
                Some((name, value)) if !name.is_empty() => {
                    let value = match value.strip_prefix('@') {
                        Some(value) if value.starts_with('@') => Secret::new(value),
                        Some(path) => file::text(Path::new(path), name)?,
                        None => Secret::new(value),
                    };
                    all.add(
                        name.to_owned(),
                        value,
                        format!("--{FLAG} {}=...", shown(name)),
                    )?;
                }
                _ => {
                    return Err(Error::new(
                        Exit::Usage,
                        format!("a value of --{FLAG} has no name with a '=' behind it"),
                    )
                    .hint(format!(
                        "write --{FLAG} NAME=VALUE, --{FLAG} NAME=@FILE, or --{FLAG} @FILE for a .toml or .json file"
                    )));
                }
            }
        }
        Ok(all)
    }

    fn add_file(&mut self, path: &Path) -> Result<(), Error> {
        for (name, value) in file::table(path)? {
            let source = format!("--{FLAG} @{}", text::one_line(&path.display().to_string()));
            self.add(name, value, source)?;
        }
        Ok(())
    }

    fn add(&mut self, name: String, value: Secret, source: String) -> Result<(), Error> {
        if value.expose().contains('\0') {
            return Err(Error::new(
                Exit::Usage,
                format!("the value of the variable '{}' has a NUL character in it, which no platform can carry", shown(&name)),
            )
            .hint(format!("it comes from {source}; encode it, as base64 for one")));
        }
        let twice = self.0.get(&name).map(|earlier| {
            Error::new(
                Exit::Usage,
                format!("the variable '{}' is given twice", shown(&name)),
            )
            .hint(if earlier.source == source {
                format!("leave one of the two out of {source}")
            } else {
                format!("leave it out of {} or of {source}", earlier.source)
            })
        });
        self.0.insert(name, Assignment { value, source });
        twice.map_or(Ok(()), Err)
    }

    /// The values, for an application that declares these variables.
    ///
    /// # Errors
    /// [`Exit::Usage`], naming all that it doesn't declare, or all that it requires and nobody has given.
    pub(crate) fn settle(&self, declared: &[Variable]) -> Result<Values, Error> {
        let unknown: Vec<&str> = self
            .0
            .keys()
            .filter(|name| declared.iter().all(|it| it.name != **name))
            .map(String::as_str)
            .collect();
        if !unknown.is_empty() {
            return Err(self.unknown(&unknown, declared));
        }
        let missing: Vec<&Variable> = declared
            .iter()
            .filter(|it| it.required && !self.0.contains_key(&it.name))
            .collect();
        if !missing.is_empty() {
            return Err(without_value(&missing));
        }
        let values = declared.iter().filter_map(|it| {
            Some(Value {
                name: it.name.clone(),
                value: self.0.get(&it.name)?.value.clone(),
                secret: it.secret,
            })
        });
        let mut values: Vec<Value> = values.collect();
        values.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Values(values))
    }

    fn unknown(&self, unknown: &[&str], declared: &[Variable]) -> Error {
        let mut error = Error::new(
            Exit::Usage,
            format!("the application has no {}", listed(unknown.iter().copied())),
        );
        for name in unknown {
            if let Some(near) = nearest(name, declared) {
                error = error.hint(format!("for '{}', did you mean '{near}'?", shown(name)));
            }
        }
        if let [name] = unknown
            && let Some(Assignment { source, .. }) = self.0.get(*name)
            && source.starts_with(&format!("--{FLAG} @"))
        {
            error = error.hint(format!("it comes from {source}"));
        }
        error.hint(if declared.is_empty() {
            "declare what can be given under [variables] in spin.toml; it has no such table"
                .to_owned()
        } else {
            let names: Vec<&str> = declared.iter().map(|it| it.name.as_str()).collect();
            format!("it declares: {}", names.join(", "))
        })
    }
}

impl Values {
    /// Each of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Value> {
        self.0.iter()
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Everything that has to be given and is not, at once.
fn without_value(missing: &[&Variable]) -> Error {
    let names = missing.iter().map(|it| it.name.as_str());
    let has = if missing.len() == 1 { "has" } else { "have" };
    let message = format!(
        "the application's {} {has} no value and no default",
        listed(names)
    );
    missing
        .iter()
        .fold(Error::new(Exit::Usage, message), |error, variable| {
            let name = &variable.name;
            // What is on a command line can be seen by others on the machine.
            let ways = if variable.secret {
                format!("--{FLAG} {name}=@FILE")
            } else {
                format!("--{FLAG} {name}=VALUE")
            };
            error.hint(match &variable.description {
                Some(text) => format!("give {ways}: {}", text::one_line(text)),
                None => format!("give {ways}"),
            })
        })
}

/// `variable 'a'`, or `variables 'a', 'b'`.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("'{}'", shown(name))).collect();
    let noun = if names.len() == 1 {
        "variable"
    } else {
        "variables"
    };
    format!("{noun} {}", names.join(", "))
}

/// A name that may be anything, in a message.
fn shown(name: &str) -> String {
    const MOST: usize = 64;
    let mut line = text::one_line(name);
    if let Some((end, _)) = line.char_indices().nth(MOST) {
        line.truncate(end);
        line.push_str("...");
    }
    line
}

fn nearest<'a>(name: &str, declared: &'a [Variable]) -> Option<&'a str> {
    // Names are `lower_snake_case`: one in another case is the nearest of all.
    let name = name.to_lowercase().replace('-', "_");
    declared
        .iter()
        .map(|it| (strsim::jaro_winkler(&name, &it.name), it.name.as_str()))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, near)| near)
}

#[cfg(test)]
pub(crate) mod tests;
