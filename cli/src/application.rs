//! Loading an application: the one way for every verb that needs one. The manifest is read, what its folder does not hold is fetched and
//! composed, and everything is hashed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bowline_app::standalone::{self, StandaloneError};
use bowline_app::{
    Application, Dependency, DependencySource, HashCache, Hashing, Location, Manifest, Reading,
    Source, Unresolved,
};
use bowline_content::cache::Cache;
use bowline_content::{
    ContentError, Fault, Finisher, Inherit, Needed, Registries, Source as Place, Unfinished,
    Wanted, Watch,
};
use bowline_host::client::DownloadError;
use bowline_host::{HttpClient, HttpOptions};
use tokio::task::JoinError;

use crate::error::Error;
use crate::exit::Exit;
use crate::fault;
use crate::output;
use crate::paths::{self, Paths};
use crate::progress::Progress;
use crate::variables::Variables;

/// Variable that names the configuration of registries, as `wkg` has it.
pub(crate) const WKG_VARIABLE: &str = "WKG_CONFIG_FILE";

pub(crate) mod variables;

/// What to load, and what with.
#[derive(Clone)]
pub(crate) struct Loading {
    /// The manifest or its folder, or the folder of a bindle.
    pub(crate) from: PathBuf,
    /// The build profile.
    pub(crate) profile: Option<String>,
    /// What was fetched and composed before.
    pub(crate) cache: Cache,
    /// How to reach registries, and servers.
    pub(crate) registries: Registries,
    /// The folder with digests of files that were hashed before; without it every file is read.
    pub(crate) hashes: Option<PathBuf>,
    /// Where what goes on is shown.
    pub(crate) progress: Arc<Progress>,
}

impl Loading {
    /// One that fetches by this client, which was made from these options.
    pub(crate) fn new(
        from: &Path,
        profile: Option<&str>,
        paths: &Paths,
        (http, options): (&HttpClient, &HttpOptions),
        variables: &Variables,
        progress: &Arc<Progress>,
    ) -> Self {
        let configuration = match variables.os(WKG_VARIABLE) {
            Some(file) => Some(PathBuf::from(file)),
            None => Registries::usual_configuration(),
        };
        Self {
            from: from.to_owned(),
            profile: profile.map(ToOwned::to_owned),
            cache: Cache::new(paths.content()),
            registries: Registries {
                configuration,
                options: options.clone(),
                http: http.clone(),
            },
            hashes: Some(paths.hashes()),
            progress: Arc::clone(progress),
        }
    }

    /// Reads the application and all that belongs to it, on threads that may block.
    ///
    /// # Errors
    /// [`Exit::Application`] when anything keeps it from being deployed; by what a server says when content can't be fetched.
    pub(crate) async fn load(self) -> Result<Application, Error> {
        let opening = self.clone();
        if let Some(application) = blocking(move || opening.bindle()).await?? {
            return Ok(application);
        }
        let (from, profile) = (self.from.clone(), self.profile.clone());
        let manifest = blocking(move || Manifest::open(&from, profile.as_deref()))
            .await?
            .map_err(|error| fault::application(&error))?;
        let mut binaries = BTreeMap::new();
        for component in manifest.unresolved() {
            let path = self.finish(&manifest, &component).await?;
            binaries.insert(component.id, path);
        }
        blocking(move || self.assemble(&manifest, &binaries)).await?
    }

    /// The application in the folder of a bindle, if it is one.
    fn bindle(&self) -> Result<Option<Application>, Error> {
        let refuse = |error: StandaloneError| fault::standalone(&error, Exit::Application);
        let Some(folder) = standalone::find(&self.from).map_err(refuse)? else {
            return Ok(None);
        };
        let observer = |hashing: Hashing| self.progress.hashing(hashing);
        let reading = Reading::default().watched(&observer);
        standalone::open(&folder, &reading)
            .map(Some)
            .map_err(refuse)
    }

    /// Reads all files.
    fn assemble(
        &self,
        manifest: &Manifest,
        binaries: &BTreeMap<String, PathBuf>,
    ) -> Result<Application, Error> {
        let observer = |hashing: Hashing| self.progress.hashing(hashing);
        let mut reading = Reading::default().watched(&observer);
        let cache = self
            .hashes
            .as_deref()
            .map(|folder| HashCache::open(folder, manifest.path()));
        if let Some(cache) = &cache {
            reading = reading.knowing(cache);
        }
        let application = Application::assemble_by(manifest, binaries, &reading)
            .map_err(|error| fault::application(&error))?;
        if let (Some(cache), Some(folder)) = (&cache, &self.hashes) {
            keep(cache, folder);
        }
        Ok(application)
    }

    /// The finished binary of a component.
    async fn finish(&self, manifest: &Manifest, component: &Unresolved) -> Result<PathBuf, Error> {
        let file = |id: &str, path: &str, location: &Location| {
            manifest
                .find(id, path, location)
                .map_err(|error| fault::application(&error))
        };
        let place = |id: &str, source: &Source, location: &Location| match source {
            Source::File { path } => file(id, path, location).map(Place::File),
            Source::Url { url, digest } => Ok(Place::Url {
                url: address(url, location)?,
                digest: *digest,
            }),
            Source::Package {
                registry,
                package,
                version,
            } => Ok(Place::Package {
                registry: registry.clone(),
                package: package.clone(),
                version: Wanted::Exactly(version.clone()),
            }),
            _ => Err(unknown(location)),
        };
        let own = place(&component.id, &component.source, &component.location)?;
        let mut dependencies = Vec::new();
        for dependency in &component.dependencies {
            let location = &dependency.location;
            let source = match &dependency.source {
                DependencySource::Component { id, source, .. } => place(id, source, location)?,
                DependencySource::File { path } => {
                    Place::File(file(&component.id, path, location)?)
                }
                DependencySource::Url { url, digest } => Place::Url {
                    url: address(url, location)?,
                    digest: *digest,
                },
                DependencySource::Package {
                    registry,
                    package,
                    version,
                } => Place::Package {
                    registry: registry.clone(),
                    package: package.clone(),
                    version: Wanted::Newest(version.clone()),
                },
                _ => return Err(unknown(location)),
            };
            dependencies.push(Needed {
                name: dependency.name.to_string(),
                source,
                export: dependency.export.clone(),
                inherit: inherit(dependency),
            });
        }
        let unfinished = Unfinished {
            source: own,
            dependencies,
        };
        let http = self.registries.http.clone();
        let finisher = Finisher::new(
            self.cache.clone(),
            http,
            self.registries.clone(),
            &*self.progress,
        );
        let finished = finisher
            .finish(&unfinished)
            .await
            .map_err(|error| content(component, &error))?;
        for refused in &finished.refused {
            tracing::info!(
                component = component.id,
                dependency = refused.dependency,
                interfaces = refused.interfaces.join(", "),
                "refused to a dependency, which does not inherit it"
            );
        }
        Ok(finished.path)
    }
}

fn inherit(dependency: &Dependency) -> Inherit {
    match &dependency.inherit {
        bowline_app::Inherit::Everything => Inherit::All,
        bowline_app::Inherit::Keys(keys) => Inherit::Only(keys.iter().cloned().collect()),
        _ => Inherit::nothing(),
    }
}

fn address(url: &str, location: &Location) -> Result<url::Url, Error> {
    url::Url::parse(url).map_err(|error| {
        Error::new(Exit::Application, format!("{location}: that is not a URL"))
            .cause(&error)
            .excerpt(location.snippet())
    })
}

fn unknown(location: &Location) -> Error {
    Error::new(
        Exit::Internal,
        format!("{location}: this bowline does not know where to get that"),
    )
}

/// Content that can't be had, or does not fit together, with the line of the manifest that names it.
fn content(component: &Unresolved, fault: &Fault) -> Error {
    let named =
        |dependency: &&Dependency| fault.dependency.as_ref() == Some(&dependency.name.to_string());
    let dependency = component.dependencies.iter().find(named);
    let location = dependency.map_or(&component.location, |found| &found.location);
    let exit = match &fault.error {
        ContentError::Download(DownloadError::Transport(_))
        | ContentError::Slow { .. }
        | ContentError::Unreachable { .. } => Exit::Unavailable,
        ContentError::Refused { status, .. } => Exit::of_status(*status),
        ContentError::Login { .. } => Exit::NotAuthenticated,
        ContentError::NoPackage { .. } => Exit::NotFound,
        ContentError::Download(_) | ContentError::Strange { .. } => Exit::UnexpectedAnswer,
        ContentError::Configuration(_) => Exit::Usage,
        ContentError::Cache(_) | ContentError::BrokeDown => Exit::Internal,
        _ => Exit::Application,
    };
    let mut made = Error::new(
        exit,
        format!("{location}: component `{}`: {fault}", component.id),
    )
    .excerpt(location.snippet());
    // What its causes say in words of HTTP libraries, a transport error says in plain ones.
    if let Some(source) = std::error::Error::source(&fault.error)
        && !matches!(fault.error, ContentError::Download(_))
    {
        made = made.cause(source);
    }
    match fault.error.hint() {
        Some(hint) => made.hint(hint),
        None => made,
    }
}

/// Keeps what is known of files for the next run. Without it that run is slower, and nothing else.
fn keep(cache: &HashCache, folder: &Path) {
    let kept = paths::create_private(folder)
        .map_err(|error| error.message().to_owned())
        .and_then(|()| cache.save().map_err(|error| error.to_string()));
    if let Err(reason) = kept {
        tracing::debug!(reason, "the digests of files could not be kept");
    }
}

/// Forgets what is known of the files of an application.
pub(crate) fn forget(from: &Path, folder: &Path) {
    if let Err(error) = HashCache::open(folder, from).forget() {
        output::warning(&format!(
            "can't forget the digests of files in {} ({error}): deploy with `--no-cache`",
            folder.display()
        ));
    }
}

/// Does what takes its time where that holds nobody up.
///
/// # Errors
/// When its thread broke down.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| broke_down(&error))
}

/// The error of work whose task has panicked, or was ended with its runtime.
pub(crate) fn broke_down(error: &JoinError) -> Error {
    Error::new(Exit::Internal, "a thread of bowline broke down").cause(error)
}

impl Watch for Progress {
    fn fetching(&self, place: &str, bytes: Option<u64>) {
        match bytes {
            Some(bytes) => {
                let step = format!("Fetching {place} ({})", output::size(bytes));
                self.start_getting(&step, bytes);
            }
            None => self.start(&format!("Fetching {place}")),
        }
    }

    fn fetched(&self, bytes: u64) {
        self.got(bytes);
    }
}
