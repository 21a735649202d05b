//! Writes results, warnings and errors: the only part that knows how they look.
//!
//! Commands return data, and this makes text or JSON of it. Results go to stdout; everything else goes to stderr. Colours appear
//! on terminals only, as `NO_COLOR`, `CLICOLOR` and `CLICOLOR_FORCE` say. With `--output json` an error is a result, too:
//! whoever reads stdout reads it there.

use std::io::{self, Write as _};

use anstyle::{AnsiColor, Style};
use indicatif::BinaryBytes;
use serde::Serialize;

use crate::error::Error;
use crate::text;

mod deployed;
pub mod environment;
mod error;
pub mod inspected;
pub mod journal;
pub mod login;
pub mod made;
mod packaged;
mod planned;
pub mod settings;
pub mod target;
pub mod usage;

pub use self::deployed::{Deployed, Pushed, Readiness, Route};
pub use self::packaged::{Against, Packaged, Parcel, Signature};
pub use self::planned::{Planned, Step};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const STRONG: Style = Style::new().bold();

/// How results and errors are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs: one JSON document, and nothing else on stdout.
    Json,
}

impl Format {
    /// The names of all, as `--output` takes them.
    pub const NAMES: [&str; 2] = ["text", "json"];

    /// The one of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        match name {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// What a command has to say when it has done what it was asked for. As JSON it is what [`Serialize`] makes of it: fields in
/// snake case, sizes in bytes, times in RFC 3339, and `null` for what isn't known.
pub trait Report: Serialize {
    /// The same for people, with styles, ending with a line end.
    fn text(&self) -> String;

    /// How the process ends.
    fn code(&self) -> u8 {
        0
    }
}

/// Writes `report` to stdout, and returns how the process ends.
///
/// # Errors
/// When stdout can't be written to. That whoever reads it has closed it is no error.
pub fn report(report: &impl Report, format: Format) -> io::Result<u8> {
    let text = match format {
        Format::Text => report.text(),
        Format::Json => json(report)?,
    };
    write_out(&text)?;
    Ok(report.code())
}

fn json(value: &impl Serialize) -> io::Result<String> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(text)
}

fn write_out(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a line to stderr. When stderr is gone, there is nobody left to tell, so failures are passed over.
pub fn line(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Writes `message` to stderr as a warning.
pub fn warning(message: &str) {
    line(&render_warning(message));
}

/// Writes `error` to stderr, with `verbose` all that is known about it; or as JSON to stdout.
pub fn error(error: &Error, format: Format, verbose: bool) {
    match format {
        Format::Text => line(&error::text(error, verbose)),
        // When stdout is gone, there is stderr still.
        Format::Json => {
            if json(&error::Document::of(error, verbose))
                .and_then(|text| write_out(&text))
                .is_err()
            {
                line(&error::text(error, verbose));
            }
        }
    }
}

/// `error` as the value that JSON has for it.
#[must_use]
pub fn error_value(error: &Error) -> serde_json::Value {
    // Serialising our own structure to a value can't fail.
    serde_json::to_value(error::Document::of(error, false)).unwrap_or_default()
}

/// A finished step, for stderr.
#[must_use]
pub fn render_done(step: &str) -> String {
    format!("{GOOD}✓{GOOD:#} {}", text::one_line(step))
}

/// A warning, without line end.
#[must_use]
pub fn render_warning(message: &str) -> String {
    format!("{WARNING}warning:{WARNING:#} {}", indented(message, 9))
}

/// A size as people read it: `1.50 MiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    if bytes < 1024 {
        format!("{bytes} B")
    } else {
        BinaryBytes(bytes).to_string()
    }
}

/// A time in seconds since the Unix epoch as RFC 3339 has it, in UTC. `None` when it is beyond the year 9999.
#[must_use]
pub fn time(seconds: u64) -> Option<String> {
    let seconds = i64::try_from(seconds).ok()?;
    let time = time::OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    time.format(&time::format_description::well_known::Rfc3339)
        .ok()
}

/// Columns of the terminal that stdout is; `None` when it is something else.
fn width() -> Option<usize> {
    let terminal = dialoguer::console::Term::stdout();
    let (_, columns) = terminal.size_checked()?;
    terminal.is_term().then_some(columns.into())
}

/// A number of parcels: `1 parcel`, `2 parcels`.
#[must_use]
pub fn parcels(count: u64) -> String {
    if count == 1 {
        "1 parcel".to_owned()
    } else {
        format!("{count} parcels")
    }
}

/// Rows as text, each column as wide as its widest cell. The first row is the heading.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> = rows
        .iter()
        .map(|row| std::array::from_fn(|at| text::one_line(&row[at])))
        .collect();
    let widths: [usize; N] = std::array::from_fn(|at| {
        let cells = rows.iter().map(|row| row[at].chars().count());
        cells.max().unwrap_or_default()
    });
    let mut shown = String::new();
    for (at, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        let line = cells.join("  ");
        let line = line.trim_end();
        if at == 0 {
            shown.push_str(&format!("{STRONG}{line}{STRONG:#}\n"));
        } else {
            shown.push_str(line);
            shown.push('\n');
        }
    }
    shown
}

/// Harmless text whose further lines are indented: text from elsewhere can't pass for a hint or an error of ours.
fn indented(text: &str, by: usize) -> String {
    text::plain(text)
        .trim_end()
        .replace('\n', &format!("\n{}", " ".repeat(by)))
}

#[cfg(test)]
fn uncoloured(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
