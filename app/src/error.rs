//! What can be wrong with an application on disk.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// An application can't be loaded: what is wrong, and where the manifest says it.
///
/// Its text is one line, `file:line:column: what is wrong`; [`LoadError::hint`] says what to do and
/// [`Location::snippet`] shows the line itself. A manifest may be wrong in several ways: [`LoadError::others`].
#[derive(Debug)]
#[non_exhaustive]
pub struct LoadError {
    // All are large, and every function here returns them.
    fault: Box<Fault>,
    location: Option<Box<Location>>,
    others: Vec<LoadError>,
}

/// A place in a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Location {
    /// The manifest.
    pub file: PathBuf,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// The line, without its end and without control characters; of a long line the part around the place.
    pub text: String,
    /// How many characters of the line are meant, at least 1.
    pub length: usize,
}

/// Longer lines would wrap and put the mark anywhere.
const WIDEST: usize = 120;

/// Fewer characters of a line would say nothing.
const NARROWEST: usize = 16;

impl Location {
    /// The place of the bytes `start..end` of a line, which is line `number` of `file`.
    pub(crate) fn new(file: &Path, number: usize, line: &str, start: usize, end: usize) -> Self {
        let line = line.trim_end_matches(['\n', '\r']);
        let start = floor(line, start);
        let end = floor(line, end).max(start);
        let before = line[..start].chars().count();
        let column = before + 1;
        Self {
            file: file.to_owned(),
            line: number,
            column,
            text: line
                .chars()
                .skip(skipped(column))
                .take(WIDEST)
                .map(|character| {
                    if character.is_control() {
                        ' '
                    } else {
                        character
                    }
                })
                .collect(),
            length: line[start..end].chars().count().max(1),
        }
    }

    /// The line with a mark under the place, as two lines of text that end without a line end:
    ///
    /// ```text
    /// 7 | route = 5
    ///   |         ^
    /// ```
    pub fn snippet(&self) -> String {
        self.snippet_within(usize::MAX)
    }

    /// [`Location::snippet`] in no more than `columns` columns, as far as there is room for a part of the line at all: what
    /// wraps has its mark below anything.
    pub fn snippet_within(&self, columns: usize) -> String {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let room = columns
            .saturating_sub(number.len() + 3)
            .clamp(NARROWEST, WIDEST);
        let before = self.column - 1 - skipped(self.column);
        let cut = if before < room { 0 } else { before - room / 2 };
        let text: String = self.text.chars().skip(cut).take(room).collect();
        let marks = "^".repeat(self.length.min(room - (before - cut)).max(1));
        format!(
            "{number} | {text}\n{margin} | {}{marks}",
            " ".repeat(before - cut)
        )
    }
}

/// How many characters of a line come before [`Location::text`].
fn skipped(column: usize) -> usize {
    if column > WIDEST {
        column - WIDEST / 2
    } else {
        0
    }
}

fn floor(source: &str, mut at: usize) -> usize {
    at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

impl LoadError {
    pub(crate) fn new(fault: Fault, location: Option<Location>) -> Self {
        Self {
            fault: Box::new(fault),
            location: location.map(Box::new),
            others: Vec::new(),
        }
    }

    /// The first of this error and the `others` in the manifest's order, with the rest in it.
    pub(crate) fn together(mut self, mut others: Vec<Self>) -> Self {
        let place = |error: &Self| {
            let location = error.location.as_ref()?;
            Some((location.line, location.column))
        };
        others.sort_by_key(place);
        if let Some(first) = others.first_mut()
            && place(first) < place(&self)
        {
            std::mem::swap(first, &mut self);
            others.sort_by_key(place);
        }
        self.others = others;
        self
    }

    /// What is wrong.
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// Where in the manifest, when it can be told.
    pub fn location(&self) -> Option<&Location> {
        self.location.as_deref()
    }

    /// What to do about it, as a sentence without a final period.
    pub fn hint(&self) -> Option<String> {
        self.fault.hint()
    }

    /// What else is wrong, in the manifest's order. There may be more still: some faults hide others.
    pub fn others(&self) -> &[LoadError] {
        &self.others
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Some(location) => write!(f, "{location}: {}", self.fault),
            None => self.fault.fmt(f),
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.fault.source()
    }
}

impl From<Fault> for LoadError {
    fn from(fault: Fault) -> Self {
        Self::new(fault, None)
    }
}

/// What is wrong with an application.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file or folder does not exist, or the folder has no `spin.toml`.
    #[error("there is no Spin manifest at `{}`", path.display())]
    NoManifest {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A file or folder exists but can't be read, or changed while it was read.
    #[error("can't read `{}`", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The manifest is not TOML.
    #[error("not valid TOML: {0}")]
    Syntax(String),
    /// The manifest has a key that means nothing here.
    #[error("unknown key `{key}` in {place}")]
    UnknownKey {
        /// The key.
        key: String,
        /// The table it stands in.
        place: String,
        /// The known key that is most like it.
        similar: Option<String>,
        /// All known keys, joined by commas.
        known: String,
    },
    /// A key that has to be there is not.
    #[error("{place} lacks the key `{key}`: expected {expected}")]
    MissingKey {
        /// The key.
        key: String,
        /// The table it belongs to.
        place: String,
        /// What its value should be.
        expected: String,
    },
    /// A value has the wrong TOML type.
    #[error("{key} is {found}: expected {expected}")]
    WrongType {
        /// The key, in backquotes.
        key: String,
        /// The type that it has.
        found: &'static str,
        /// What it should be.
        expected: String,
    },
    /// A value has the right type but can't be used.
    #[error("{what}: {reason}")]
    Invalid {
        /// The key or the thing that is meant, with its value.
        what: String,
        /// What is wrong with it, and what is expected.
        reason: String,
    },
    /// The binary of a component is not at hand: it has to be fetched or put together first, see
    /// [`crate::Manifest::unresolved`].
    #[error("the binary of component `{component}` is not at hand: {reason}")]
    Unresolved {
        /// The component.
        component: String,
        /// Why it is no file of the application folder.
        reason: String,
    },
    /// No component has the build profile that was asked for.
    #[error("no component has a profile `{profile}`")]
    UnknownProfile {
        /// What was asked for.
        profile: String,
        /// The profiles that there are, joined by commas.
        known: String,
        /// The one that is most like it.
        similar: Option<String>,
    },
    /// There is no component at all.
    #[error("the application has no components")]
    Empty,
    /// A name that refers to a component names none.
    #[error("there is no component `{component}`")]
    UnknownComponent {
        /// The name.
        component: String,
        /// The component whose name is most like it.
        similar: Option<String>,
    },
    /// The WebAssembly file of a component does not exist.
    #[error("component `{component}` is not built: there is no file `{}`", path.display())]
    NotBuilt {
        /// The component.
        component: String,
        /// Where its file should be.
        path: PathBuf,
        /// The build command of the component, if it has one.
        command: Option<String>,
    },
    /// The source of a component is not WebAssembly.
    #[error("the source of component `{component}`, `{}`, is not a WebAssembly binary", path.display())]
    NotWasm {
        /// The component.
        component: String,
        /// The file.
        path: PathBuf,
    },
    /// A path of the manifest, or a link on its way, leaves the folder of the application.
    #[error("`{path}` leaves the application folder")]
    Outside {
        /// The path, relative to the application folder.
        path: String,
        /// Where it leads.
        target: Option<PathBuf>,
    },
    /// A path names nothing.
    #[error("there is no `{path}` in the application folder")]
    NoFile {
        /// The path.
        path: String,
    },
    /// A file name can't be given to a component.
    #[error("the file `{path}` can't be deployed: {reason}")]
    FileName {
        /// The path, with a mark in place of what can't be shown.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Two files of a component would be seen at the same path, or one inside the other.
    #[error("component `{component}` would see two different files at `{path}`: `{}` and `{}`", first.display(), second.display())]
    Clash {
        /// The component.
        component: String,
        /// The path that the component sees.
        path: String,
        /// One file.
        first: PathBuf,
        /// The other file.
        second: PathBuf,
    },
    /// The application is larger than Bowline reads.
    #[error("{what}, and the limit is {limit}")]
    TooLarge {
        /// What is too much.
        what: String,
        /// The limit with its unit.
        limit: String,
    },
}

impl Fault {
    fn hint(&self) -> Option<String> {
        use std::error::Error as _;
        match self {
            Self::NoManifest { .. } => {
                Some("give the folder of the application, or its spin.toml, with `--from`".to_owned())
            }
            Self::UnknownKey { similar: Some(similar), .. } => Some(format!("did you mean `{similar}`?")),
            Self::UnknownKey { known, .. } => Some(format!("known keys here: {known}")),
            Self::Unresolved { .. } => Some("deploy it with `bowline`, or give `Application::assemble` its finished file".to_owned()),
            Self::UnknownProfile { similar: Some(similar), .. } => Some(format!("did you mean `{similar}`?")),
            Self::UnknownProfile { known, .. } if known.is_empty() => {
                Some("leave out `--profile`, or add a `[component.<id>.profile.<name>]` table".to_owned())
            }
            Self::UnknownProfile { known, .. } => Some(format!("profiles here: {known}")),
            Self::Empty => Some("add a `[component.<id>]` table, or start from `spin new`".to_owned()),
            Self::UnknownComponent { similar: Some(similar), .. } => Some(format!("did you mean `{similar}`?")),
            Self::NotBuilt { command: Some(command), .. } => Some(format!("run `spin build`, which runs `{command}`")),
            Self::NotBuilt { command: None, .. } => {
                Some("run `spin build`, or check the component's `source`".to_owned())
            }
            Self::NotWasm { .. } => Some("build it again with `spin build`, or check the component's `source`".to_owned()),
            Self::Outside { .. } => {
                Some("only what lies inside the folder of spin.toml is deployed: copy it there, or leave it out".to_owned())
            }
            Self::NoFile { .. } => Some("check the path, or run `spin build` if the build makes it".to_owned()),
            Self::FileName { .. } => Some("rename the file, or leave it out with `exclude_files`".to_owned()),
            Self::Clash { .. } => Some("change a `destination`, or leave one out with `exclude_files`".to_owned()),
            Self::TooLarge { .. } => Some("leave files out with `exclude_files`".to_owned()),
            Self::Unreadable { .. } if self.source().is_some() => None,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn location(line: &str, start: usize, end: usize) -> Location {
        Location::new(Path::new("spin.toml"), 7, line, start, end)
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let line = format!("{}wrong{}", "a".repeat(300), "b".repeat(300));
        let place = location(&line, 300, 305);
        assert_eq!(place.column, 301);
        assert_eq!(
            place.snippet_within(40),
            "7 | aaaaaaaaaaaaaaaaaawrongbbbbbbbbbbbbb\n  |                   ^^^^^"
        );
        let short = location("route = 5", 8, 9);
        assert_eq!(short.snippet_within(40), "7 | route = 5\n  |         ^");
        assert_eq!(short.snippet(), short.snippet_within(40));
    }

    proptest! {
        #[test]
        fn the_mark_is_below_the_place(line in "[a-zé\u{1b} ]{0,400}", start in 0..900_usize, length in 0..900_usize, columns in 0..200_usize) {
            let place = location(&line, start, start.saturating_add(length));
            let snippet = place.snippet_within(columns);
            let lines: Vec<_> = snippet.lines().collect();
            prop_assert_eq!(lines.len(), 2);
            for line in &lines {
                prop_assert!(line.chars().count() <= columns.clamp(NARROWEST + 4, WIDEST + 4));
                prop_assert!(!line.contains(char::is_control));
            }
            let mark = lines[1].chars().position(|character| character == '^').unwrap();
            let expected = line.chars().nth(place.column - 1).map(|c| if c.is_control() { ' ' } else { c });
            prop_assert_eq!(lines[0].chars().nth(mark), expected);
        }
    }
}
