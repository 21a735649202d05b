//! Starting and stopping the whole.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use url::Url;

use crate::api::{self, Api, auth};
use crate::apps::{Apps, AppsOptions};
use crate::bindle_reader::BindleReader;
use crate::bindle_server::{BindleServer, TrustedKey};
use crate::data::DataFolder;
use crate::env_file::{self, Settings};
use crate::front::Front;
use crate::scheduler::Scheduler;
use crate::store::Store;

/// Who may create accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationMode {
    /// Anybody.
    Open,
    /// Nobody.
    Closed,
    /// Whoever sends an administrator's token.
    AdministratorOnly,
}

/// What a platform is started with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The folder that keeps everything between runs.
    pub data: PathBuf,
    /// Where Hippo and the applications listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where Bindle listens. Port 0 takes a free one.
    pub bindle_listen: SocketAddr,
    /// Creators whose bindles are accepted, besides those of earlier runs.
    pub trusted_keys: Vec<TrustedKey>,
    /// Where the environment file is written; `env` in the data folder unless said otherwise.
    pub env_file: Option<PathBuf>,
    /// The administrator's name.
    pub admin_user: String,
    /// Who may create accounts.
    pub registration: RegistrationMode,
}

impl Options {
    /// Free loopback ports, no trusted keys, an administrator called `admin` who alone may create
    /// accounts.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            bindle_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            trusted_keys: Vec::new(),
            env_file: None,
            admin_user: "admin".to_owned(),
            registration: RegistrationMode::AdministratorOnly,
        }
    }
}

/// A running platform. Dropping it without [`Platform::stop`] ends it less tidily, together with
/// the runtime.
pub struct Platform {
    data: DataFolder,
    env_file: PathBuf,
    hippo_url: Url,
    bindle: BindleServer,
    front: Front,
}

impl Platform {
    /// Starts everything and returns once everything accepts connections. Only then the environment
    /// file is written, so its presence says the same to others.
    ///
    /// Fails when the data folder is in use or can't be written, or when a port is taken.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        check_user_name(&options.admin_user)?;
        for address in [options.listen, options.bindle_listen] {
            if !address.ip().is_loopback() {
                tracing::warn!(%address, "listening beyond this machine; anybody there can push and deploy");
            }
        }
        let data = DataFolder::open(&options.data)?;
        let env_file = options.env_file.unwrap_or_else(|| data.join("env"));
        let known_password = env_file::password_of(&env_file, &options.admin_user);

        let listener = TcpListener::bind(options.listen).await.with_context(|| {
            format!(
                "can't listen on {}; is something else running there?",
                options.listen
            )
        })?;
        remove_stale(&env_file)?;
        let hippo_url = http_url(listener.local_addr()?)?;
        let store = Store::open(&data.join("hippo.db"))?;
        let bindle =
            BindleServer::start(&data, options.bindle_listen, &options.trusted_keys).await?;
        let apps = Apps::new(AppsOptions {
            data: data.path().to_owned(),
            bindle_url: bindle.url(),
        })?;
        let password =
            auth::seed_administrator(&store, &options.admin_user, known_password).await?;
        let scheduler = Arc::new(Scheduler::new(apps, store.clone()));
        let tokens = auth::Tokens::new(&store).await?;
        let router = api::router(Api {
            store,
            bindle: BindleReader::new(bindle.url()),
            scheduler: Arc::clone(&scheduler),
            tokens,
            registration: options.registration,
        });
        scheduler.resume().await?;
        let front = Front::start(listener, scheduler, router);

        Settings {
            hippo_url: &hippo_url,
            username: &options.admin_user,
            password: &password,
            bindle_url: &bindle.url(),
        }
        .write(&env_file)
        .with_context(|| format!("can't write {}", env_file.display()))?;
        Ok(Self {
            data,
            env_file,
            hippo_url,
            bindle,
            front,
        })
    }

    /// Where Hippo's API answers, and behind their domains the applications.
    pub fn hippo_url(&self) -> &Url {
        &self.hippo_url
    }

    /// Bindle's base URL, ending in `/v1/`.
    pub fn bindle_url(&self) -> Url {
        self.bindle.url()
    }

    /// The file with `export` lines for `HIPPO_URL`, `HIPPO_USERNAME`, `HIPPO_PASSWORD`,
    /// `HIPPO_APP_URL` and `BINDLE_SERVER_URL`.
    pub fn env_file(&self) -> &Path {
        &self.env_file
    }

    /// The folder that keeps everything between runs, as an absolute path.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Stops everything and frees the ports. What was running runs again at the next start.
    pub async fn stop(self) {
        self.stop_after(false).await;
    }

    /// Like [`Platform::stop`]; `interrupted` says that Ctrl-C was pressed, which the Bindle server
    /// sees for itself.
    pub(crate) async fn stop_after(self, interrupted: bool) {
        self.front.stop().await;
        self.bindle.stop(interrupted).await;
    }
}

/// The URL of an address on which something listens; of one that stands for all addresses, the
/// loopback one.
pub(crate) fn http_url(mut address: SocketAddr) -> anyhow::Result<Url> {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    Url::parse(&format!("http://{address}"))
        .with_context(|| format!("{address} can't be written in a URL"))
}

/// The file of an earlier run says "ready" to whoever waits for it.
fn remove_stale(env_file: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(env_file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("can't replace {}", env_file.display()))
        }
        _ => Ok(()),
    }
}

fn check_user_name(name: &str) -> anyhow::Result<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
        bail!("'{name}' can't be a user name: 1 to 64 letters, digits, '-' and '_'");
    }
    Ok(())
}
