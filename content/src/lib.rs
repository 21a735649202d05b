//! Turns what a Spin manifest names, but its folder does not hold, into finished WebAssembly files.
//!
//! ```text
//! component ── source: file | URL and digest | package of a registry ──▶ cache ─┐
//!      └ dependencies: the same, or another component of the manifest ──▶ cache ┴▶ compose ──▶ cache ──▶ one file
//! ```
//!
//! What comes of it depends on nothing but the bytes that went in, so an application gets the same digest wherever it is made, and what is
//! deployed never fetches anything. Servers, registries and their content are taken as hostile: sizes are bounded, digests are checked, and
//! what is read recursively is looked at first.
//!
//! The crate prints nothing. What is fetched is told to a [`Watch`].

pub mod cache;
pub mod compose;
mod error;
mod fetch;
mod interfaces;
mod registry;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use bowline_app::Digest;
use bowline_host::HttpClient;
use url::Url;

use cache::Cache;
pub use compose::Inherit;
use compose::{Composed, Dependency, Part, Refused, compose};
pub use error::ContentError;
pub use interfaces::Interfaces;
pub use registry::{Registries, Wanted};

/// Bytes that one binary may have, whether fetched, read to be composed, or composed. The largest known, of Python, have some 40 MiB.
pub const MAX_SIZE: u64 = 256 << 20;

/// Of which form the cached compositions are: another number where the same parts would give other bytes.
const COMPOSITION: &str = "composition 1";

/// Hears what is fetched. Called between pieces of content, so it must not block.
pub trait Watch: Send + Sync {
    /// Content is being fetched from there; it has that many bytes, if the server says so.
    fn fetching(&self, place: &str, bytes: Option<u64>) {
        let _ = (place, bytes);
    }

    /// So many more bytes of it are here.
    fn fetched(&self, bytes: u64) {
        let _ = bytes;
    }
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deaf;

impl Watch for Deaf {}

/// Where a binary is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// A file of this machine.
    File(PathBuf),
    /// At this URL, `http` or `https`, with this content.
    Url {
        /// Where.
        url: Url,
        /// SHA-256 of the content.
        digest: Digest,
    },
    /// A package of a registry.
    Package {
        /// The registry, if the manifest names one.
        registry: Option<String>,
        /// `namespace:name`
        package: String,
        /// Which version.
        version: Wanted,
    },
}

/// A component to finish.
#[derive(Debug, Clone)]
pub struct Unfinished {
    /// Its own binary.
    pub source: Source,
    /// What satisfies its imports.
    pub dependencies: Vec<Needed>,
}

/// A dependency to fetch and compose.
#[derive(Debug, Clone)]
pub struct Needed {
    /// The key in the manifest.
    pub name: String,
    /// Its binary.
    pub source: Source,
    /// The export that satisfies the import, where it isn't the one of the same name.
    pub export: Option<String>,
    /// What of the component's configuration it inherits.
    pub inherit: Inherit,
}

/// A finished binary.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finished {
    /// The file: one of the cache, or the source itself.
    pub path: PathBuf,
    /// What is refused to its dependencies, because they do not inherit it.
    pub refused: Vec<Refused>,
}

/// Content can't be finished: which part of it, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}{error}", part(.dependency.as_ref()))]
pub struct Fault {
    /// The key of the dependency that is at fault, or none if it is the component itself.
    pub dependency: Option<String>,
    /// What is wrong.
    #[source]
    pub error: ContentError,
}

fn part(dependency: Option<&String>) -> String {
    match dependency {
        Some(name) => format!("the dependency `{name}`: "),
        None => String::new(),
    }
}

/// Fetches and composes.
#[derive(Clone)]
pub struct Finisher<'w> {
    cache: Cache,
    http: HttpClient,
    registries: Registries,
    watch: &'w dyn Watch,
}

impl<'w> Finisher<'w> {
    /// One that keeps content in this cache, and asks servers by this client.
    pub fn new(
        cache: Cache,
        http: HttpClient,
        registries: Registries,
        watch: &'w dyn Watch,
    ) -> Self {
        Self {
            cache,
            http,
            registries,
            watch,
        }
    }

    /// Finishes a component. What the cache has is not fetched or composed again.
    ///
    /// # Errors
    /// [`Fault`]: content can't be had, is not what the manifest says, or does not fit together.
    pub async fn finish(&self, component: &Unfinished) -> Result<Finished, Fault> {
        let at = |dependency: Option<&str>| {
            let dependency = dependency.map(ToOwned::to_owned);
            move |error| Fault { dependency, error }
        };
        let own = self.get(&component.source).await.map_err(at(None))?;
        if component.dependencies.is_empty() {
            return Ok(Finished {
                path: own,
                refused: Vec::new(),
            });
        }
        let mut part = Part {
            bytes: read(&own).await.map_err(at(None))?,
            dependencies: Vec::new(),
        };
        // One file may be there for several names.
        let mut files = BTreeMap::new();
        for needed in &component.dependencies {
            let fault = |error| at(Some(&needed.name))(error);
            let path = self.get(&needed.source).await.map_err(fault)?;
            let bytes = match files.get(&path) {
                Some(bytes) => Vec::clone(bytes),
                None => {
                    let bytes = read(&path).await.map_err(fault)?;
                    files.insert(path, bytes.clone());
                    bytes
                }
            };
            part.dependencies.push(Dependency {
                name: needed.name.clone(),
                bytes,
                export: needed.export.clone(),
                inherit: needed.inherit.clone(),
            });
        }
        drop(files);
        part.dependencies
            .sort_by(|one, other| one.name.cmp(&other.name));
        self.composed(part).await.map_err(at(None))
    }

    async fn get(&self, source: &Source) -> Result<PathBuf, ContentError> {
        match source {
            Source::File(path) => Ok(path.clone()),
            Source::Url { url, digest } => {
                fetch::fetch(&self.http, &self.cache, url, digest, self.watch).await
            }
            Source::Package {
                registry,
                package,
                version,
            } => {
                self.registries
                    .get(
                        registry.as_deref(),
                        package,
                        version,
                        &self.cache,
                        self.watch,
                    )
                    .await
            }
        }
    }

    /// Composes, unless the same parts were composed before.
    async fn composed(&self, part: Part) -> Result<Finished, ContentError> {
        let cache = self.cache.clone();
        let composing = tokio::task::spawn_blocking(move || {
            let key = key(&part);
            // What is refused is told each time, so it has to be known without composing.
            let refused_key = Digest::of(format!("refused\0{key}").as_bytes());
            if let (Some((_, path)), Some((_, told))) =
                (cache.find_by_key(&key)?, cache.find_by_key(&refused_key)?)
                && let Ok(told) = std::fs::read(told)
                && let Ok(refused) = serde_json::from_slice(&told)
            {
                return Ok(Finished { path, refused });
            }
            let Composed { bytes, refused } = compose(part)?;
            let told = serde_json::to_vec(&refused).unwrap_or_default();
            let (told, _) = cache.put(&told)?;
            cache.remember(&refused_key, &told)?;
            let (digest, path) = cache.put(&bytes)?;
            cache.remember(&key, &digest)?;
            Ok(Finished { path, refused })
        });
        composing.await.unwrap_or(Err(ContentError::BrokeDown))
    }
}

/// What stands for a composition: all that it depends on.
fn key(part: &Part) -> Digest {
    let mut text = format!(
        "{COMPOSITION}\0{}\0{}",
        env!("CARGO_PKG_VERSION"),
        Digest::of(&part.bytes)
    );
    for dependency in &part.dependencies {
        let inherit = match &dependency.inherit {
            Inherit::All => "all".to_owned(),
            Inherit::Only(keys) => format!(
                "only {}",
                keys.iter().cloned().collect::<Vec<_>>().join(",")
            ),
        };
        let parts = [
            dependency.name.as_str(),
            &Digest::of(&dependency.bytes).to_string(),
            dependency.export.as_deref().unwrap_or_default(),
            &inherit,
        ];
        text.push('\0');
        text.push_str(&parts.join("\0"));
    }
    Digest::of(text.as_bytes())
}

async fn read(path: &Path) -> Result<Vec<u8>, ContentError> {
    let owned = path.to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(&owned)?;
        file.take(MAX_SIZE + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    let failed = |source| ContentError::Read {
        path: path.to_owned(),
        source,
    };
    let bytes = match reading.await {
        Ok(read) => read.map_err(failed)?,
        Err(_) => return Err(ContentError::BrokeDown),
    };
    if bytes.len() as u64 > MAX_SIZE {
        return Err(ContentError::TooLarge {
            place: path.display().to_string(),
            limit: MAX_SIZE,
        });
    }
    Ok(bytes)
}
