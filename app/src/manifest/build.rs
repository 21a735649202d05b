//! `[component.<id>.build]`: how a component is made. Read here, run elsewhere.

use toml::Spanned;
use toml::de::DeValue;

use super::table::{Table, wrong_type};
use crate::error::{LoadError, Location};

/// How a component is built.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Build {
    /// The component's id.
    pub component: String,
    /// Command lines for a shell, to be run one after the other; at least one.
    pub commands: Vec<String>,
    /// The folder to run them in, relative to the manifest's folder, if it is another one.
    pub workdir: Option<String>,
    /// Paths and glob patterns of what the commands read, relative to the folder that they run in.
    pub watch: Vec<String>,
    /// Where the manifest says so.
    pub location: Location,
}

/// The table, before it is known whose it is.
#[derive(Clone, Debug)]
pub(crate) struct BuildTable {
    pub(crate) commands: Spanned<Vec<String>>,
    pub(crate) workdir: Option<String>,
    pub(crate) watch: Vec<String>,
}

impl BuildTable {
    /// The commands in one line, for people.
    pub(crate) fn shown(&self) -> String {
        self.commands.get_ref().join(" && ")
    }
}

/// Reads the key `build` of a component.
pub(super) fn read(component: &Table<'_>) -> Result<Option<BuildTable>, LoadError> {
    let Some(table) = component.table("build")? else {
        return Ok(None);
    };
    table.only(&["command", "workdir", "watch"])?;
    let texts = |texts: Vec<Spanned<String>>| texts.into_iter().map(Spanned::into_inner).collect();
    let workdir = table.string("workdir")?.map(Spanned::into_inner);
    let watch = texts(table.strings("watch")?);
    let commands = commands(&table)?;
    Ok((!commands.get_ref().is_empty()).then_some(BuildTable {
        commands,
        workdir,
        watch,
    }))
}

/// Reads the key `build` of a profile, which has a command only.
pub(super) fn read_override(
    profile: &Table<'_>,
) -> Result<Option<Spanned<Vec<String>>>, LoadError> {
    let Some(table) = profile.table("build")? else {
        return Ok(None);
    };
    table.only(&["command"])?;
    commands(&table).map(Some)
}

fn commands(table: &Table<'_>) -> Result<Spanned<Vec<String>>, LoadError> {
    let expected = "a command, or a list of commands";
    let value = table
        .get("command")
        .ok_or_else(|| table.missing("command", expected))?;
    let commands = match value.get_ref() {
        DeValue::String(command) => vec![command.to_string()],
        DeValue::Array(_) => table
            .strings("command")?
            .into_iter()
            .map(Spanned::into_inner)
            .collect(),
        other => return Err(table.error(value.span(), wrong_type("command", other, expected))),
    };
    Ok(Spanned::new(value.span(), commands))
}
