//! `bowline man`: manual pages.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::error::Error;
use crate::exit::Exit;
use crate::output::made::Pages;

/// Writes a page for `command`, bowline's own, and for each verb below it.
///
/// # Errors
/// When the folder or a page can't be written.
pub(crate) fn run(matches: &ArgMatches, command: &Command) -> Result<Pages, Error> {
    let folder = matches
        .get_one::<OsString>("to")
        .map(PathBuf::from)
        .unwrap_or_default();
    let mut pages = Vec::new();
    let mut command = command.clone();
    command.build();
    std::fs::create_dir_all(&folder)
        .and_then(|()| write(&command, &folder, &mut pages))
        .map_err(|error| {
            Error::new(
                Exit::Internal,
                format!("can't write the manual pages into {}", folder.display()),
            )
            .cause(&error)
            .hint("give `--to` a folder that you may write to")
        })?;
    Ok(Pages {
        folder: folder.display().to_string(),
        pages,
    })
}

/// The section of examples, with which `--help` begins and which clap knows nothing of.
fn examples(command: &Command) -> Roff {
    let help = command.clone().render_help().to_string();
    let mut section = Roff::new();
    let after = help.split_once("\nExamples:\n").map(|(_, after)| after);
    let Some((examples, _)) = after.and_then(|after| after.split_once("\n\n")) else {
        return section;
    };
    section.control("SH", ["EXAMPLES"]);
    section.control("nf", []);
    for line in examples.lines() {
        section.text([roman(line)]);
    }
    section.control("fi", []);
    section
}

fn write(command: &Command, folder: &Path, pages: &mut Vec<String>) -> io::Result<()> {
    let man = Man::new(command.clone())
        .manual("Bowline Manual")
        .source(concat!("bowline ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    man.render(&mut page)?;
    examples(command).to_writer(&mut page)?;
    let name = man.get_filename();
    std::fs::write(folder.join(&name), page)?;
    pages.push(name);
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        write(verb, folder, pages)?;
    }
    Ok(())
}
