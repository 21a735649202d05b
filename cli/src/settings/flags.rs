//! The values that flags give: as they are, or, for secrets, from a file or from standard input.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};

use clap::ArgMatches;
use zeroize::Zeroizing;

use super::{Source, Value};
use crate::description::Setting;
use crate::error::Error;
use crate::exit::Exit;
use crate::settings::kind::Kind;

/// What the flag that reads a secret from standard input ends with.
pub const STDIN: &str = "-stdin";

/// Bytes of a secret; the largest tokens have a few thousand.
const MAX_SECRET: u64 = 64 << 10;

/// The values of the flags of these settings, by the setting's name.
///
/// # Errors
/// [`Exit::Usage`]: an empty value, a secret that can't be read, two that are to be read from standard input, or one that is given
/// twice.
pub fn read(
    settings: &[Setting],
    matches: &ArgMatches,
    stdin: &mut dyn FnMut() -> io::Result<Zeroizing<Vec<u8>>>,
) -> Result<BTreeMap<String, Value>, Error> {
    let mut values = BTreeMap::new();
    let mut read_by: Option<String> = None;
    for setting in settings {
        let flag = setting.flag();
        let from_stdin = format!("{}{STDIN}", setting.name);
        let asks_stdin = setting.kind == Kind::Secret
            && matches.try_get_one::<bool>(&from_stdin).ok().flatten() == Some(&true);
        let given = matches.try_get_one::<String>(&setting.name).ok().flatten();
        let (text, source) = match (given, asks_stdin) {
            (None, false) => continue,
            (Some(_), true) => {
                return Err(Error::new(
                    Exit::Usage,
                    format!("{flag} and {flag}{STDIN} can't be given together"),
                )
                .hint("keep one of them"));
            }
            (Some(text), false) if text.is_empty() => {
                // An empty flag is most often a shell variable that was meant to be set.
                return Err(
                    Error::new(Exit::Usage, format!("{flag} has an empty value"))
                        .hint("give it a value, or leave it out"),
                );
            }
            (Some(text), false) if setting.kind == Kind::Secret => {
                let text = secret(text, &flag, &mut read_by, stdin)?;
                (text, flag)
            }
            (Some(text), false) => (Zeroizing::new(text.clone()), flag),
            (None, true) => {
                let flag = format!("{flag}{STDIN}");
                (secret("@-", &flag, &mut read_by, stdin)?, flag)
            }
        };
        values.insert(setting.name.clone(), Value::new(text, Source::Flag(source)));
    }
    Ok(values)
}

/// The secret that `text`, the value of `flag`, stands for: `@file` is what is in the file, `@-` what is on standard input, `@@`
/// begins one that begins with `@`, everything else is the secret itself. `read_by` is the flag that has read standard input.
///
/// # Errors
/// As for [`read`]. A path may be a secret that begins with `@`, so none is repeated.
pub fn secret(
    text: &str,
    flag: &str,
    read_by: &mut Option<String>,
    stdin: &mut dyn FnMut() -> io::Result<Zeroizing<Vec<u8>>>,
) -> Result<Zeroizing<String>, Error> {
    let Some(path) = text.strip_prefix('@') else {
        return Ok(Zeroizing::new(text.to_owned()));
    };
    if path.starts_with('@') {
        return Ok(Zeroizing::new(path.to_owned()));
    }
    let is_stdin = path == "-";
    let what = if is_stdin {
        format!("standard input, from which {flag} reads,")
    } else {
        format!("the file that {flag} names")
    };
    let bytes = if is_stdin {
        if let Some(other) = read_by.replace(flag.to_owned()) {
            return Err(Error::new(
                Exit::Usage,
                format!("{other} and {flag} would both read standard input"),
            )
            .hint("read one of them from a file: `@<path>` in the place of the value"));
        }
        stdin()
    } else {
        File::open(path).and_then(|mut file| bounded(&mut file))
    };
    let bytes = bytes.map_err(|error| {
        let made = Error::new(Exit::Usage, format!("{what} can't be read")).cause(&error);
        if is_stdin {
            made
        } else {
            made.hint("a secret that begins with '@' itself is written with '@@'")
        }
    })?;
    let unusable = |why: &str| Error::new(Exit::Usage, format!("{what} {why}"));
    let text = std::str::from_utf8(&bytes).map_err(|_| unusable("is not UTF-8 text"))?;
    // Editors and `echo` end a file with a line end that is no part of the secret.
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(unusable("holds nothing"));
    }
    Ok(Zeroizing::new(text.to_owned()))
}

/// What is on standard input, to its end.
///
/// # Errors
/// When it can't be read, or there is more than a secret can have.
pub fn stdin() -> io::Result<Zeroizing<Vec<u8>>> {
    bounded(&mut io::stdin().lock())
}

fn bounded(from: &mut dyn Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    from.take(MAX_SECRET + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_SECRET {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("a secret has at most {} KiB", MAX_SECRET >> 10),
        ));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_secret(text: &str, input: &[u8]) -> Result<String, Error> {
        let mut input = || Ok(Zeroizing::new(input.to_vec()));
        secret(text, "--hippo-password", &mut None, &mut input).map(|text| text.to_string())
    }

    #[test]
    fn a_secret_is_itself_or_in_a_file_or_on_standard_input() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let odd = "quote\" 'line\nümlaut 密\u{a0}";
        std::fs::write(&file, format!("{odd}\n")).unwrap();
        let at = format!("@{}", file.display());
        for (text, input, expected) in [
            ("plain", "", "plain"),
            ("a@b", "", "a@b"),
            ("@@b", "", "@b"),
            (at.as_str(), "", odd),
            ("@-", "typed\r\n", "typed"),
            ("@-", "two\n\n", "two\n"),
        ] {
            assert_eq!(read_secret(text, input.as_bytes()).unwrap(), expected);
        }
    }

    #[test]
    fn what_can_not_be_read_is_said_without_the_value() {
        let folder = tempfile::tempdir().unwrap();
        let large = folder.path().join("large");
        std::fs::write(&large, vec![b'x'; MAX_SECRET as usize + 1]).unwrap();
        let large = format!("@{}", large.display());
        for (text, input, message) in [
            (
                "@canary",
                &b""[..],
                "the file that --hippo-password names can't be read",
            ),
            (
                &large,
                b"",
                "the file that --hippo-password names can't be read",
            ),
            (
                "@-",
                b"",
                "standard input, from which --hippo-password reads, holds nothing",
            ),
            (
                "@-",
                b"\xff",
                "standard input, from which --hippo-password reads, is not UTF-8 text",
            ),
        ] {
            let error = read_secret(text, input).unwrap_err();
            assert_eq!((error.exit(), error.message()), (Exit::Usage, message));
            assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        }
    }
}
