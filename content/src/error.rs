//! What can keep content from being fetched or composed.

use bowline_app::Digest;
use bowline_host::client::DownloadError;

use crate::cache::CacheError;
use crate::compose::ComposeError;

/// Content can't be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// A file of this machine can't be read.
    #[error("can't read {}", .path.display())]
    Read {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A server can't be reached, broke off, or redirects to where nobody follows.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// A server answered with another status than 200.
    #[error("{url} does not give it out (status {status}{said})")]
    Refused {
        /// What was asked for, without its query.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The start of its explanation, clean, after `: `; may be empty.
        said: String,
    },
    /// It is larger than it may be.
    #[error("{place} has more than {} MiB", .limit >> 20)]
    TooLarge {
        /// Where it is.
        place: String,
        /// Bytes that it may have.
        limit: u64,
    },
    /// It is not what the manifest says.
    #[error(
        "{place} is not what the manifest says: its digest is sha256:{found}, not sha256:{expected}"
    )]
    OtherContent {
        /// Where it is.
        place: String,
        /// What the manifest says.
        expected: Digest,
        /// What it is.
        found: Digest,
    },
    /// The name of a package, its version, or that of a registry, is none.
    #[error("`{text}` is not {expected}")]
    Name {
        /// What the manifest says; clean.
        text: String,
        /// What it should be.
        expected: &'static str,
    },
    /// `wkg`'s configuration can't be read or used.
    #[error("the configuration of registries can't be used: {0}")]
    Configuration(String),
    /// Nothing says which registry has the package.
    #[error("nothing says which registry has the package {package}")]
    NoRegistry {
        /// `namespace:name`
        package: String,
    },
    /// The registry doesn't have it.
    #[error("the registry {registry} has no {package} {version}")]
    NoPackage {
        /// The registry.
        registry: String,
        /// `namespace:name`
        package: String,
        /// The version, or what it has to satisfy.
        version: String,
    },
    /// The registry wants a login, or refuses the one it was given.
    #[error("the registry {registry} refuses the login, or wants one")]
    Login {
        /// The registry.
        registry: String,
    },
    /// The registry did not answer in time.
    #[error("the registry {registry} did not answer within {seconds} seconds")]
    Slow {
        /// The registry.
        registry: String,
        /// How long that is.
        seconds: u64,
    },
    /// The registry can't be reached, or broke off. What it said may hold tokens and is not repeated.
    #[error("the registry {registry} can't be reached: {reason}")]
    Unreachable {
        /// The registry.
        registry: String,
        /// Why.
        reason: String,
    },
    /// The registry gives something that is no package of a component.
    #[error(
        "the registry {registry} gives something else than a WebAssembly component for {package}"
    )]
    Strange {
        /// The registry.
        registry: String,
        /// `namespace:name`
        package: String,
    },
    /// The cache can't be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The component and its dependencies don't fit together.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// A thread broke down while it read foreign bytes.
    #[error("it can't be composed: the composer broke down on it")]
    BrokeDown,
}

impl ContentError {
    /// What to do about it, as a sentence without a final period.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::OtherContent { found, .. } => format!(
                "find out why it changed; if the new content is meant, write digest = \"sha256:{found}\""
            ),
            Self::NoRegistry { package } => {
                let namespace = package.split(':').next().unwrap_or_default();
                format!(
                    "name the registry in the manifest (`registry = \"...\"`), or in wkg's configuration: [namespace_registries] {namespace} = \"...\""
                )
            }
            Self::Login { .. } => {
                "log in with `docker login`, whose configuration bowline reads, or give the login in wkg's configuration".to_owned()
            }
            Self::TooLarge { .. } => "build it smaller, or strip it".to_owned(),
            Self::NoPackage { .. } => {
                "check its name and version; some registries say so, too, of what a login is needed for".to_owned()
            }
            Self::Compose(error) => return error.hint(),
            _ => return None,
        })
    }
}
