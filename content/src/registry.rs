//! Packages of registries, found and fetched as `wkg` does it.
//!
//! `wasm-pkg-client` reads the configuration, knows which registry has a package and what its repository is called there, logs in as
//! Docker does, and fetches. What a registry says of itself goes through bowline's own client first, and is handed over; certificates
//! and `-k` are handed over, too. What can't be is in docs/adr/0015.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bowline_app::Digest;
use bowline_host::client::is_this_machine;
use bowline_host::{HttpClient, HttpOptions, text};
use futures::StreamExt as _;
use semver::{Version, VersionReq};
use tokio::io::AsyncReadExt as _;
use url::Url;
use wasm_pkg_client::{
    Client, Config, CustomConfig, Error, PackageRef, Registry, RegistryMapping, RegistryMetadata,
};

use crate::cache::Cache;
use crate::error::ContentError;
use crate::fetch;
use crate::{MAX_SIZE, Watch};

/// Bytes of `wkg`'s configuration.
const MAX_CONFIGURATION: u64 = 1 << 20;

/// Bytes of what a registry says of itself.
const MAX_METADATA: usize = 64 << 10;

/// How long a registry may take for a login and a manifest, and stay silent while it gives content.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a registry says of itself (RFC 8615).
const METADATA: &str = "/.well-known/wasm-pkg/registry.json";

const OCI: &str = "oci";
const LOCAL: &str = "local";

/// Which version of a package is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// This one.
    Exactly(Version),
    /// The newest that satisfies this.
    Newest(VersionReq),
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exactly(version) => version.fmt(f),
            Self::Newest(requirement) => requirement.fmt(f),
        }
    }
}

/// How to reach registries.
#[derive(Debug, Clone)]
pub struct Registries {
    /// `wkg`'s configuration; it need not exist.
    pub configuration: Option<PathBuf>,
    /// What the client was made from.
    pub options: HttpOptions,
    /// The one HTTP client.
    pub http: HttpClient,
}

impl Registries {
    /// Where `wkg` keeps its configuration, by this process's environment: `$XDG_CONFIG_HOME/wasm-pkg/config.toml` or the like.
    pub fn usual_configuration() -> Option<PathBuf> {
        Config::global_config_path()
    }

    /// Gets a package, unless the cache has it. Of an exact version that was fetched once, nobody is asked again: published
    /// versions do not change.
    ///
    /// # Errors
    /// When it can't be found or had, or has more than [`MAX_SIZE`] bytes.
    pub(crate) async fn get(
        &self,
        registry: Option<&str>,
        package: &str,
        wanted: &Wanted,
        cache: &Cache,
        watch: &dyn Watch,
    ) -> Result<PathBuf, ContentError> {
        let reference: PackageRef = package.parse().map_err(|_| ContentError::Name {
            text: text::line(package, 100),
            expected: "the name of a package, such as `acme:greeter`",
        })?;
        let mut config = self.configuration().await?;
        let registry = match registry {
            Some(registry) => registry.parse().map_err(|_| ContentError::Name {
                text: text::line(registry, 100),
                expected: "the address of a registry, such as `registry.example.com`",
            })?,
            None => config
                .resolve_registry(&reference)
                .cloned()
                .ok_or_else(|| ContentError::NoRegistry {
                    package: reference.to_string(),
                })?,
        };
        let package = Package {
            registries: self,
            registry,
            reference,
        };
        if let Wanted::Exactly(version) = wanted
            && let Some((_, path)) = cache.find_by_key(&package.key(version))?
        {
            return Ok(path);
        }
        package.prepare(&mut config).await?;
        let client = Client::new(config);
        let version = match wanted {
            Wanted::Exactly(version) => version.clone(),
            Wanted::Newest(requirement) => package.newest(&client, requirement).await?,
        };
        if let Some((_, path)) = cache.find_by_key(&package.key(&version))? {
            return Ok(path);
        }
        package.fetch(&client, &version, cache, watch).await
    }

    async fn configuration(&self) -> Result<Config, ContentError> {
        let mut config = Config::default();
        if let Some(path) = &self.configuration
            && let Some(found) = read(path).await?
        {
            let found = Config::from_toml(&found)
                .map_err(|error| unusable(path, error.to_string().lines().next()))?;
            config.merge(found);
        }
        Ok(config)
    }
}

async fn read(path: &Path) -> Result<Option<String>, ContentError> {
    let mut found = String::new();
    let file = match tokio::fs::File::open(path).await {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(path, Some(&error.to_string()))),
    };
    let mut file = file.take(MAX_CONFIGURATION + 1);
    file.read_to_string(&mut found)
        .await
        .map_err(|error| unusable(path, Some(&error.to_string())))?;
    if found.len() as u64 > MAX_CONFIGURATION {
        return Err(unusable(path, Some("it has more than 1 MiB")));
    }
    Ok(Some(found))
}

fn unusable(path: &Path, why: Option<&str>) -> ContentError {
    let why = text::line(why.unwrap_or("it can't be read"), 200);
    ContentError::Configuration(format!("{}: {why}", path.display()))
}

/// A package in a registry.
struct Package<'a> {
    registries: &'a Registries,
    registry: Registry,
    reference: PackageRef,
}

impl Package<'_> {
    /// What stands for this version in the cache.
    fn key(&self, version: &Version) -> Digest {
        let text = format!("package\0{}\0{}\0{version}", self.registry, self.reference);
        Digest::of(text.as_bytes())
    }

    /// Tells the client where the package is and how to connect, so that it asks nobody about it by itself.
    async fn prepare(&self, config: &mut Config) -> Result<(), ContentError> {
        let metadata = match self.configured(config) {
            Some(metadata) => metadata,
            None => self.metadata(config).await?,
        };
        let mapping = RegistryMapping::Custom(CustomConfig {
            registry: self.registry.clone(),
            metadata,
        });
        config.set_package_registry_override(self.reference.clone(), mapping);
        let backend = config.get_or_insert_registry_config_mut(&self.registry);
        if backend.default_backend() == Some(LOCAL) {
            return Ok(());
        }
        let invalid =
            |_| ContentError::Configuration(format!("[registry.\"{}\".oci]", self.registry));
        let mut table: toml::Table = backend
            .backend_config(OCI)
            .map_err(invalid)?
            .unwrap_or_default();
        let options = &self.registries.options;
        if options.insecure {
            table.insert("accept_invalid_certificates".into(), true.into());
        }
        if let Some(pem) = &options.extra_certificates {
            let mut certificate = toml::Table::new();
            certificate.insert("encoding".into(), "pem".into());
            let pem = String::from_utf8_lossy(pem).into_owned();
            certificate.insert("data".into(), pem.into());
            let all = table
                .entry("extra_root_certificates")
                .or_insert_with(|| toml::Value::Array(Vec::new()));
            if let toml::Value::Array(all) = all {
                all.push(certificate.into());
            }
        }
        // Registries on this machine speak plain HTTP, by Docker's convention.
        if !table.contains_key("protocol") && is_this_machine(&self.url("http", "/")?) {
            table.insert("protocol".into(), "http".into());
        }
        backend.set_backend_config(OCI, table).map_err(invalid)
    }

    /// What the configuration itself says of the registry.
    fn configured(&self, config: &Config) -> Option<RegistryMetadata> {
        let mappings = [
            config.package_registry_override(&self.reference),
            config.namespace_registry(self.reference.namespace()),
        ];
        mappings
            .into_iter()
            .flatten()
            .find_map(|found| match found {
                RegistryMapping::Custom(custom) if custom.registry == self.registry => {
                    Some(custom.metadata.clone())
                }
                _ => None,
            })
    }

    /// What the registry says of itself. One that can't be asked, or says nothing, is taken for one of OCI artifacts.
    async fn metadata(&self, config: &Config) -> Result<RegistryMetadata, ContentError> {
        let backend = config.registry_config(&self.registry);
        if backend.and_then(|backend| backend.default_backend()) == Some(LOCAL) {
            return Ok(RegistryMetadata::default());
        }
        let here = is_this_machine(&self.url("http", "/")?);
        let url = self.url(if here { "http" } else { "https" }, METADATA)?;
        let found = match fetch::small(&self.registries.http, &url, MAX_METADATA).await {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(RegistryMetadata::default()),
            Err(error) => {
                tracing::debug!(registry = %self.registry, %error, "what the registry says of itself can't be had");
                return Ok(RegistryMetadata::default());
            }
        };
        let metadata: RegistryMetadata =
            serde_json::from_slice(&found).map_err(|_| self.strange())?;
        // It would have the client read files of this machine.
        if metadata.preferred_protocol() == Some(LOCAL) {
            return Err(self.strange());
        }
        Ok(metadata)
    }

    async fn newest(
        &self,
        client: &Client,
        requirement: &VersionReq,
    ) -> Result<Version, ContentError> {
        let listed = self
            .patiently(client.list_all_versions(&self.reference))
            .await?;
        let versions = listed.into_iter().filter(|found| !found.yanked);
        versions
            .map(|found| found.version)
            .filter(|version| requirement.matches(version))
            .max()
            .ok_or_else(|| self.missing(requirement))
    }

    async fn fetch(
        &self,
        client: &Client,
        version: &Version,
        cache: &Cache,
        watch: &dyn Watch,
    ) -> Result<PathBuf, ContentError> {
        let release = self
            .patiently(client.get_release(&self.reference, version))
            .await
            .map_err(|error| match error {
                ContentError::NoPackage { .. } => self.missing(version),
                other => other,
            })?;
        let place = format!("{} {version} at {}", self.reference, self.registry);
        watch.fetching(&place, None);
        let stream = client.stream_content(&self.reference, &release);
        let mut stream = self.patiently(stream).await?;
        let mut unfinished = cache.begin()?;
        // The stream ends with an error when its digest is not that of the release.
        while let Some(chunk) = self
            .patiently(async { stream.next().await.transpose() })
            .await?
        {
            if unfinished.size() + chunk.len() as u64 > MAX_SIZE {
                return Err(ContentError::TooLarge {
                    place,
                    limit: MAX_SIZE,
                });
            }
            cache.write(&mut unfinished, &chunk)?;
            watch.fetched(chunk.len() as u64);
        }
        // Its own check is not relied on.
        if format!("sha256:{}", unfinished.digest()) != release.content_digest.to_string() {
            return Err(self.strange());
        }
        let (digest, path) = cache.keep(unfinished)?;
        cache.remember(&self.key(version), &digest)?;
        Ok(path)
    }

    async fn patiently<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, ContentError> {
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(done) => done.map_err(|error| self.failed(&error)),
            Err(_) => Err(ContentError::Slow {
                registry: self.registry.to_string(),
                seconds: PATIENCE.as_secs(),
            }),
        }
    }

    fn failed(&self, error: &Error) -> ContentError {
        let registry = self.registry.to_string();
        tracing::debug!(registry, kind = ?std::mem::discriminant(error), "the registry failed");
        match error {
            Error::PackageNotFound | Error::VersionNotFound(_) => self.missing("in any version"),
            Error::CredentialError(_) => ContentError::Login { registry },
            Error::InvalidConfig(why) => ContentError::Configuration(text::line(
                why.to_string().lines().next().unwrap_or_default(),
                200,
            )),
            Error::RegistryError(cause) | Error::RegistryMetadataError(cause) => {
                self.answered(cause.chain())
            }
            Error::IoError(cause) => {
                let cause: &(dyn std::error::Error + 'static) = cause;
                self.answered(std::iter::successors(Some(cause), |cause| cause.source()))
            }
            _ => self.strange(),
        }
    }

    /// Sorts what the library's client for OCI says. It keeps the type of its errors to itself, so their first words have to do.
    fn answered<'e>(
        &self,
        chain: impl Iterator<Item = &'e (dyn std::error::Error + 'static)>,
    ) -> ContentError {
        let registry = self.registry.to_string();
        for cause in chain {
            if let Some(error) = cause.downcast_ref::<reqwest::Error>() {
                let reason = if error.is_timeout() {
                    "it did not answer in time"
                } else if error.is_connect() {
                    "there is no connection"
                } else {
                    "it broke off"
                };
                return ContentError::Unreachable {
                    registry,
                    reason: reason.to_owned(),
                };
            }
            let said = cause.to_string();
            if ["Authentication failure", "Not authorized"]
                .iter()
                .any(|start| said.starts_with(start))
            {
                return ContentError::Login { registry };
            }
            if ["Image manifest not found", "Package not found"]
                .iter()
                .any(|start| said.starts_with(start))
                || said.contains("manifest unknown")
                || said.contains("MANIFEST_UNKNOWN")
            {
                return self.missing("in this version");
            }
            tracing::debug!(registry, %cause, "a registry's answer is not understood");
        }
        self.strange()
    }

    fn url(&self, scheme: &str, path: &str) -> Result<Url, ContentError> {
        Url::parse(&format!("{scheme}://{}{path}", self.registry)).map_err(|_| ContentError::Name {
            text: text::line(self.registry.as_ref(), 100),
            expected: "the address of a registry, such as `registry.example.com`",
        })
    }

    fn missing(&self, version: impl std::fmt::Display) -> ContentError {
        ContentError::NoPackage {
            registry: self.registry.to_string(),
            package: self.reference.to_string(),
            version: version.to_string(),
        }
    }

    fn strange(&self) -> ContentError {
        ContentError::Strange {
            registry: self.registry.to_string(),
            package: self.reference.to_string(),
        }
    }
}
