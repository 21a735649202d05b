//! What `--target` and the verbs of `bowline target` are given.

use std::ffi::OsStr;
use std::path::PathBuf;

use bowline_host::client::without_secrets;
use url::Url;

use super::name::Name;
use super::source::Source;
use crate::error::Error;
use crate::exit::Exit;
use crate::target::BUILT_IN;
use crate::text;

/// A target as somebody names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Choice {
    /// The one that comes with bowline.
    BuiltIn,
    /// One that is installed, or pinned by a lock file.
    Named(Name),
    /// One to be had somewhere.
    At(Source),
}

impl Choice {
    /// Reads it. A text in the form of a name is a name, never a file of that name in this folder: what a name means does not
    /// depend on where one stands. Everything else is as [`Source::parse`] says.
    ///
    /// # Errors
    /// A URL or a reference that is none, as usage.
    pub fn parse(text: &OsStr) -> Result<Self, Error> {
        let Some(plain) = text.to_str() else {
            return Ok(Self::At(Source::File(PathBuf::from(text))));
        };
        if plain == BUILT_IN {
            return Ok(Self::BuiltIn);
        }
        if let Ok(name) = plain.parse() {
            return Ok(Self::Named(name));
        }
        match Source::parse(plain) {
            Ok(source) => Ok(Self::At(source)),
            Err(error) => Err(Error::new(
                Exit::Usage,
                format!("'{}' names no target: {error}", shown(plain)),
            )
            .hint(
                "give the name of an installed target (`bowline target list`), a path that begins with ./ or /, an https:// URL, \
                 or a reference such as oci://registry.example.com/acme/target:1.0",
            )),
        }
    }
}

/// What was given, without the user and password of a URL.
fn shown(given: &str) -> String {
    match Url::parse(given) {
        Ok(url) if url.has_host() => without_secrets(&url),
        _ => text::one_line(given),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_file() {
        let read = |text: &str| Choice::parse(OsStr::new(text)).unwrap();
        assert_eq!(read("hippo"), Choice::BuiltIn);
        assert_eq!(read("acme"), Choice::Named("acme".parse().unwrap()));
        assert_eq!(
            read("./acme"),
            Choice::At(Source::File(PathBuf::from("./acme")))
        );
        assert!(matches!(
            read("ghcr.io/acme/target"),
            Choice::At(Source::Registry(_))
        ));
    }

    #[test]
    fn what_is_none_is_usage() {
        let error = Choice::parse(OsStr::new("http://example.com/a.wasm")).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert_eq!(
            error.message(),
            "'http://example.com/a.wasm' names no target: targets are fetched by https:// only, and by http:// from this machine"
        );
    }
}
