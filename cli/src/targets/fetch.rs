//! Gets the bytes of a target from where it is, checked against what is known of them.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use bowline_app::Digest;
use bowline_host::client::without_secrets;
use bowline_host::{HttpClient, Limits};

use super::download::{Download, Expected, other_content};
use super::registry;
use super::source::Source;
use crate::error::Error;
use crate::exit::Exit;
use crate::fault;
use crate::network;
use crate::output;
use crate::variables::Variables;

/// How to reach servers.
#[derive(Clone, Debug)]
pub struct Network {
    pub(super) http: HttpClient,
    pub(super) variables: Variables,
}

impl Network {
    /// As the flags and the variables say.
    ///
    /// # Errors
    /// As for [`network::Flags::client`].
    pub fn new(flags: &network::Flags, variables: &Variables) -> Result<Self, Error> {
        Ok(Self {
            http: flags.client(variables, output::warning)?,
            variables: variables.clone(),
        })
    }
}

/// What is known of a target before it is fetched.
#[derive(Clone, Debug, Default)]
pub struct Pin {
    /// What its component has to be, and who says so.
    pub digest: Option<(Digest, String)>,
    /// What its registry's manifest has to be.
    pub manifest: Option<Digest>,
}

impl Pin {
    /// Nothing is known: whatever is there is taken.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The component has this digest, as `by` says.
    #[must_use]
    pub fn digest(digest: Digest, by: impl Into<String>) -> Self {
        Self {
            digest: Some((digest, by.into())),
            manifest: None,
        }
    }
}

/// The bytes of a target.
#[derive(Debug)]
pub struct Fetched {
    /// The component.
    pub bytes: Vec<u8>,
    /// Its SHA-256.
    pub digest: Digest,
    /// SHA-256 of the manifest that stood behind a reference to a registry.
    pub manifest: Option<Digest>,
}

/// Gets a target. Nothing of it is run, or looked at but its size and digest.
///
/// # Errors
/// When it can't be had, or is larger than the limits say: [`Exit::Limit`]; or has another digest than `pin` says: [`Exit::Conflict`],
/// since somebody has changed what was relied on. A registry that contradicts itself is [`Exit::UnexpectedAnswer`].
pub async fn fetch(
    source: &Source,
    pin: &Pin,
    limits: &Limits,
    network: &Network,
) -> Result<Fetched, Error> {
    let expected = pin.digest.as_ref().map(|(digest, by)| Expected {
        digest: *digest,
        by: by.clone(),
        otherwise: Exit::Conflict,
    });
    match source {
        Source::File(path) => {
            let bytes = read(path, limits)?;
            checked(bytes, None, source, expected)
        }
        Source::Url(url) => {
            let got = Download {
                what: "the target",
                url: url.clone(),
                accept: None,
                authorization: None,
                limit: limits.component_size,
                too_large: fault::too_large(&without_secrets(url), limits),
                expected,
            }
            .get(&network.http)
            .await
            .map_err(|error| network::explain(error, &network.variables))?;
            Ok(Fetched {
                bytes: got.bytes,
                digest: got.digest,
                manifest: None,
            })
        }
        Source::Registry(reference) => {
            let got = registry::pull(reference, pin.manifest.as_ref(), limits, network)
                .await
                .map_err(|error| network::explain(error, &network.variables))?;
            checked(got.bytes, Some(got.manifest), source, expected)
        }
    }
}

fn checked(
    bytes: Vec<u8>,
    manifest: Option<Digest>,
    source: &Source,
    expected: Option<Expected>,
) -> Result<Fetched, Error> {
    let digest = Digest::of(&bytes);
    match expected {
        Some(expected) if expected.digest != digest => Err(other_content(
            "the target",
            &source.to_string(),
            &expected,
            &digest,
        )),
        _ => Ok(Fetched {
            bytes,
            digest,
            manifest,
        }),
    }
}

fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>, Error> {
    let cannot = |error: &io::Error| {
        Error::new(
            Exit::Target,
            format!("can't read the target {}", path.display()),
        )
        .cause(error)
        .hint("give the file of a deploy target, a WebAssembly component")
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| cannot(&error))?;
    file.take(limits.component_size + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| cannot(&error))?;
    if bytes.len() as u64 > limits.component_size {
        return Err(fault::too_large(&path.display().to_string(), limits));
    }
    Ok(bytes)
}
