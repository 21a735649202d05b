//! Runs the deployed applications: what Nomad and Spin do behind a real Hippo.
//!
//! A channel is given a bindle. Its application is pulled from the Bindle server with every digest
//! checked, compiled once, and answers the requests of that channel: each by a fresh instance, with
//! the files, the environment and the outbound hosts that its manifest says and nothing else of
//! this machine.
//!
//! What Spin has and this doesn't: service chaining (`*.spin.internal`, private routes), WAGI,
//! triggers other than HTTP, and the host interfaces of Spin itself (key-value, SQLite, ...) but
//! the one of variables. A component that needs one of those answers 501 and says which.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bowline_app::{BindleId, Digest, archive, record};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use tokio::sync::Semaphore;
use url::Url;
use uuid::Uuid;
use wasmtime_wasi_http::{Error, WasiBody};

use self::application::{Application, Shared};
use self::content::Content;
use self::engine::Engine;
use self::guest::Limits;
use self::logs::Logs;
use self::plan::Description;
use self::pull::{Checked, Puller};

mod application;
mod compiled;
mod content;
mod engine;
mod guest;
mod headers;
mod interfaces;
mod logs;
mod outbound;
mod pages;
mod plan;
mod pull;
mod routes;
mod sender;
mod service;
#[cfg(test)]
mod tests;
mod unpack;
mod variables;

/// The body of an answer. Its error is one of `wasi:http`; where it occurs the connection must be
/// cut.
pub type Body = WasiBody;

/// Most instances that run at once, over all applications: each may take 256 MiB.
const INSTANCES: usize = 64;

/// How long a component's request to another host may take to connect.
const CONNECT: Duration = Duration::from_secs(10);

/// Where [`Apps`] works.
#[derive(Clone, Debug)]
pub struct AppsOptions {
    /// The platform's data folder, of which only the folder `apps` is used. No two platforms may
    /// share it.
    pub data: PathBuf,
    /// The Bindle server's URL, with `/v1/` at its end.
    pub bindle_url: Url,
}

/// What is to run in a channel. Two that are the same are one: starting it again disturbs nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Job {
    /// The bindle, `name/version`.
    pub bindle_id: String,
    /// Values for the application's variables, by name. They may be secret.
    pub variables: BTreeMap<String, String>,
}

impl From<String> for Job {
    /// The bindle of this name, with nothing but defaults.
    fn from(bindle_id: String) -> Self {
        Self {
            bindle_id,
            variables: BTreeMap::new(),
        }
    }
}

/// How a channel is doing, in Hippo's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobStatus {
    /// It was never started.
    Unknown,
    /// Its application is being fetched or compiled, and no earlier one runs.
    Pending,
    /// Its application answers.
    Running,
    /// It was stopped, or its application couldn't be started.
    Dead,
}

/// All channels and their applications.
pub struct Apps {
    shared: Shared,
    puller: Puller,
    channels: RwLock<HashMap<Uuid, Channel>>,
}

/// One channel. It stays when it is stopped, for its log.
#[derive(Default)]
struct Channel {
    logs: Arc<Logs>,
    /// Counts the starts and stops, so that a slow start doesn't undo what was asked after it.
    turn: u64,
    /// What runs or is being started, unless the last start failed.
    wanted: Option<Job>,
    state: State,
}

#[derive(Clone, Default)]
enum State {
    #[default]
    Stopped,
    Starting,
    Running(Arc<Application>),
    Failed(String),
}

impl Channel {
    /// Takes the result of a start, unless something else was asked for since.
    fn settle(&mut self, turn: u64, state: State) {
        if self.turn == turn {
            if matches!(state, State::Failed(_)) {
                self.wanted = None;
            }
            self.state = state;
        }
    }
}

impl Apps {
    /// Nothing runs yet. What an earlier run fetched and compiled is used again.
    ///
    /// # Errors
    /// The folder can't be used, or this isn't a machine that wasmtime compiles for.
    pub fn new(options: AppsOptions) -> Result<Arc<Self>> {
        Self::within(options, Limits::default())
    }

    fn within(options: AppsOptions, limits: Limits) -> Result<Arc<Self>> {
        // The clients below take the process's provider. One that is there already is as good.
        let _other_provider_installed = rustls::crypto::ring::default_provider().install_default();
        let folder = options.data.join("apps");
        let content = Content::open(&folder)?;
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .build()
            .context("setting up the HTTP client of the applications")?;
        Ok(Arc::new(Self {
            shared: Shared {
                engine: Engine::new(&folder.join("compiled"))?,
                content,
                client,
                limits,
                gate: Arc::new(Semaphore::new(INSTANCES)),
            },
            puller: Puller::new(options.bindle_url)?,
            channels: RwLock::default(),
        }))
    }

    /// Starts a job in a channel, in place of what ran there before, and returns once it answers or has failed. Until then an application that already
    /// runs there goes on. The start goes on when the caller doesn't wait for it.
    ///
    /// A channel that runs this very job, or is starting it, is left alone: as Nomad does with a job
    /// that is the same as before, so that deploying what runs already disturbs nobody. Other values
    /// of variables make it another job.
    ///
    /// A failure isn't returned, because nobody waits for it on a real platform either: it is
    /// logged, and the channel answers every request with a page that says why. Of several starts
    /// and stops of one channel the one that was asked for last counts.
    pub async fn start(self: &Arc<Self>, channel: Uuid, job: impl Into<Job>) {
        let job = job.into();
        let bindle_id = job.bindle_id.clone();
        let begun = self.with(channel, |channel| {
            if channel.wanted.as_ref() == Some(&job) {
                return None;
            }
            channel.turn += 1;
            channel.wanted = Some(job.clone());
            if !matches!(channel.state, State::Running(_)) {
                channel.state = State::Starting;
            }
            Some((channel.turn, Arc::clone(&channel.logs)))
        });
        let Some((turn, logs)) = begun else {
            tracing::debug!(%channel, bindle_id, "it runs or starts already");
            return;
        };
        let apps = Arc::clone(self);
        let task = tokio::spawn(async move {
            let started = Instant::now();
            logs.note(format!("starting {bindle_id}"));
            let state = match apps.load(&job, &logs).await {
                Ok(application) => {
                    let seconds = started.elapsed().as_secs_f64();
                    logs.note(format!("{bindle_id} runs after {seconds:.2} s"));
                    tracing::info!(%channel, bindle_id, seconds, "application started");
                    State::Running(application)
                }
                Err(error) => {
                    let reason = format!("{bindle_id} couldn't be started: {error:#}");
                    logs.note(&reason);
                    tracing::error!(%channel, "{reason}");
                    State::Failed(reason)
                }
            };
            apps.with(channel, |channel| channel.settle(turn, state));
        });
        if let Err(error) = task.await {
            tracing::error!(%channel, %error, "starting an application failed");
            let state = State::Failed("the platform failed; see its log".to_owned());
            self.with(channel, |channel| channel.settle(turn, state));
        }
    }

    /// Stops a channel. Requests that are being answered still get their answers. Does nothing to a
    /// channel that isn't known.
    pub async fn stop(&self, channel: Uuid) {
        let mut channels = self
            .channels
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = channels.get_mut(&channel) {
            channel.turn += 1;
            channel.wanted = None;
            channel.state = State::Stopped;
            channel.logs.note("stopped");
        }
    }

    /// How a channel is doing.
    pub fn status(&self, channel: Uuid) -> JobStatus {
        match self.state(channel) {
            None => JobStatus::Unknown,
            Some(State::Starting) => JobStatus::Pending,
            Some(State::Running(_)) => JobStatus::Running,
            Some(State::Stopped | State::Failed(_)) => JobStatus::Dead,
        }
    }

    /// What a channel's components and the platform wrote about it, oldest first, at most the last
    /// 1000 lines. Free of control characters.
    pub fn logs(&self, channel: Uuid) -> Vec<String> {
        let channels = self.channels.read().unwrap_or_else(PoisonError::into_inner);
        channels
            .get(&channel)
            .map(|channel| channel.logs.lines())
            .unwrap_or_default()
    }

    /// Answers a request to a channel: by its application, or by a plain text page with status 404
    /// (no such route), 501 (a component needs an interface that isn't here), 503 (not running, or
    /// busy), 504 or 500 (the component gave no answer).
    ///
    /// The client's address, for the header `spin-client-addr`, is taken from a [`SocketAddr`] in
    /// the request's extensions; without one the header is left out.
    pub async fn serve<B>(&self, channel: Uuid, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Error>,
    {
        let reason = match self.state(channel) {
            Some(State::Running(application)) => {
                let client = request.extensions().get::<SocketAddr>().copied();
                return application.serve(request, client, 0).await;
            }
            Some(State::Starting) => "the application is starting".to_owned(),
            Some(State::Failed(reason)) => reason,
            Some(State::Stopped) | None => "no application runs here".to_owned(),
        };
        pages::text(StatusCode::SERVICE_UNAVAILABLE, &reason)
    }

    /// Fetches an application and makes it ready.
    async fn load(self: &Arc<Self>, job: &Job, logs: &Arc<Logs>) -> Result<Arc<Application>> {
        let id: BindleId = job.bindle_id.parse()?;
        let content = &self.shared.content;
        let checked = self.puller.invoice(&id).await?;
        let description = Description::of(&checked.invoice)?;
        let text = self
            .read(&id, &checked, description.digest, record::LARGEST)
            .await?;
        let index = match description.index {
            Some(index) => Some(
                self.read(&id, &checked, index, archive::LARGEST_INDEX)
                    .await?,
            ),
            None => None,
        };
        let plan = description.read(&text, index.as_deref(), &checked.invoice, &job.variables)?;
        self.puller
            .fetch_all(&id, &checked, plan.contents(), content)
            .await?;
        self.puller
            .unpack_all(&id, &checked, &plan.archives, content)
            .await?;
        let (apps, logs) = (Arc::clone(self), Arc::clone(logs));
        tokio::task::spawn_blocking(move || Application::load(&apps.shared, &id, plan, &logs))
            .await?
    }

    /// Fetches a parcel that is to be read here, of at most so many bytes.
    async fn read(
        &self,
        id: &BindleId,
        checked: &Checked,
        digest: Digest,
        largest: usize,
    ) -> Result<Vec<u8>> {
        checked.is_at_most(id, digest, largest)?;
        let content = &self.shared.content;
        self.puller.fetch(id, checked, digest, content).await?;
        Ok(tokio::fs::read(content.path(digest)).await?)
    }

    fn state(&self, channel: Uuid) -> Option<State> {
        let channels = self.channels.read().unwrap_or_else(PoisonError::into_inner);
        channels.get(&channel).map(|channel| channel.state.clone())
    }

    /// Changes a channel, which is made if there is none.
    fn with<R>(&self, channel: Uuid, change: impl FnOnce(&mut Channel) -> R) -> R {
        let mut channels = self
            .channels
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        change(channels.entry(channel).or_default())
    }
}
