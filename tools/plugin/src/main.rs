//! `bowline-plugin`: packs the programs of a build as a plugin of Spin. See `--help` and docs/plugin.md.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use bowline_plugin::{Packing, pack};
use clap::{Arg, ArgAction, Command, value_parser};
use url::Url;

fn main() -> Result<()> {
    let matches = command().get_matches();
    let programs = match matches.get_one::<PathBuf>("programs") {
        Some(folder) => folder.clone(),
        None => {
            let mut program = std::env::current_exe().context("can't find this program")?;
            program.pop();
            program
        }
    };
    let out = matches
        .get_one::<PathBuf>("out")
        .context("the folder to write to is missing")?;
    let others: Vec<PathBuf> = matches
        .get_many("with")
        .unwrap_or_default()
        .cloned()
        .collect();
    let packed = pack(&Packing {
        programs: &programs,
        out,
        base_url: matches.get_one::<Url>("base-url"),
        others: &others,
        level: matches.get_one("level").copied().unwrap_or(9),
    })?;
    writeln!(
        std::io::stdout(),
        "{}\n{}\nInstall it: spin plugins install --file {}",
        packed.archive.display(),
        packed.manifest.display(),
        packed.manifest.display()
    )?;
    Ok(())
}

fn command() -> Command {
    Command::new("bowline-plugin")
        .about("Packs the programs of a build as a plugin of Spin: an archive and its manifest")
        .version(env!("CARGO_PKG_VERSION"))
        .max_term_width(100)
        .arg(
            Arg::new("programs")
                .long("programs")
                .value_name("FOLDER")
                .value_parser(value_parser!(PathBuf))
                .help("Where the built programs are [default: where this program is]"),
        )
        .arg(
            Arg::new("out")
                .long("out")
                .value_name("FOLDER")
                .value_parser(value_parser!(PathBuf))
                .required(true)
                .help("Where to write the archive and the manifest"),
        )
        .arg(
            Arg::new("base-url")
                .long("base-url")
                .env("PLUGIN_BASE_URL")
                .value_name("URL")
                .value_parser(value_parser!(Url))
                .help("Where the archive will be downloaded from, without its name [default: the file itself]"),
        )
        .arg(
            Arg::new("with")
                .long("with")
                .value_name("MANIFEST")
                .value_parser(value_parser!(PathBuf))
                .action(ArgAction::Append)
                .help("List the packages of this manifest, made on another machine, as well; may be given several times"),
        )
        .arg(
            Arg::new("level")
                .long("level")
                .value_name("0-9")
                .value_parser(value_parser!(u32).range(0..=9))
                .default_value("9")
                .help("How hard to compress"),
        )
}

#[cfg(test)]
mod tests {
    #[test]
    fn clap_finds_nothing_wrong_with_the_command() {
        super::command().debug_assert();
    }
}
