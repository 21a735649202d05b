//! `[component.<id>.profile.<name>]`: what is different in a build profile.

use toml::Spanned;

use super::build::{self, BuildTable};
use super::component::{self, ComponentTable};
use super::dependency;
use super::source;
use super::table::Table;
use crate::error::LoadError;

/// Reads all profiles of a component, and applies the one that is asked for.
///
/// Gives the names of the profiles. Those that are not asked for are checked too.
pub(super) fn apply(
    table: &Table<'_>,
    component: &mut ComponentTable,
    wanted: Option<&str>,
) -> Result<Vec<String>, LoadError> {
    let Some(profiles) = table.table("profile")? else {
        return Ok(Vec::new());
    };
    let mut names = Vec::new();
    for (name, value) in profiles.entries() {
        let place = format!("profile `{}` of {}", name.get_ref(), table.place());
        let profile = Table::of(table.reading, value, place)?;
        profile.only(&["source", "environment", "dependencies", "build"])?;
        let source = match profile.get("source") {
            Some(_) => Some(source::read(&profile)?),
            None => None,
        };
        let environment = component::environment(&profile)?;
        let dependencies = dependency::read(&profile)?;
        let commands = build::read_override(&profile)?;
        if wanted == Some(name.get_ref().as_str()) {
            if let Some(source) = source {
                component
                    .spans
                    .keys
                    .insert("source".to_owned(), source.span());
                component.source = source;
            }
            component.environment.extend(environment);
            component.dependencies.extend(dependencies);
            if let Some(commands) = commands {
                rebuild(&mut component.build, commands);
            }
        }
        names.push(name.into_inner());
    }
    Ok(names)
}

fn rebuild(build: &mut Option<BuildTable>, commands: Spanned<Vec<String>>) {
    if commands.get_ref().is_empty() {
        *build = None;
    } else if let Some(build) = build {
        build.commands = commands;
    } else {
        *build = Some(BuildTable {
            commands,
            workdir: None,
            watch: Vec::new(),
        });
    }
}
