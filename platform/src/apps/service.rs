//! Instances of one component: made afresh for each request, ended in time.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::{Sleep, sleep_until};
use wasmtime::component::GuestTaskId;
use wasmtime::{Store, StoreContextMut};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder};
use wasmtime_wasi_http::WasiHttpView as _;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, ProxyPre, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};

use super::application::Origin;
use super::guest::{Guest, Limits};
use super::plan::Variables;
use super::sender::{Network, Sender};

/// How long a component may take until its answer starts.
pub const ANSWER: Duration = Duration::from_secs(60);

/// How long an answer that has started may go on, and what the component does after it.
const REST: Duration = Duration::from_secs(600);

/// How much later than [`ANSWER`] an instance is ended from the outside, when it doesn't give the
/// inner clock a chance.
const GRACE: Duration = Duration::from_secs(5);

/// A component with all that its instances need.
pub struct Service {
    /// The engine that the component was compiled for.
    pub engine: wasmtime::Engine,
    /// The component, linked.
    pub pre: ProxyPre<Guest>,
    /// Its environment variables.
    pub environment: Vec<(String, String)>,
    /// Its variables.
    pub variables: Arc<Variables>,
    /// The folder that it sees as `/`, read-only; nothing when it has no files.
    pub files: Option<PathBuf>,
    /// What each of its instances may use.
    pub limits: Limits,
    /// How it sends requests.
    pub network: Arc<Network>,
}

/// What the platform attaches to a request on its way to an instance.
pub struct Turn {
    /// The right to run, one of a limited number.
    pub permit: OwnedSemaphorePermit,
    /// Where the request comes from.
    pub origin: Origin,
    /// Takes the reason when the instance fails. The handler itself only says that there is no
    /// answer.
    pub failure: oneshot::Sender<String>,
}

impl Service {
    fn wasi(&self) -> wasmtime::Result<WasiCtx> {
        let Network {
            logs, component, ..
        } = &*self.network;
        let mut wasi = WasiCtxBuilder::new();
        wasi.envs(&self.environment)
            .stdout(logs.stream(component))
            .stderr(logs.stream(component))
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        if let Some(files) = &self.files {
            wasi.preopened_dir(files, "/", FsPerms::ReadOnly)?;
        }
        Ok(wasi.build())
    }
}

impl HandlerState for Service {
    type StoreData = Guest;
    type WorkerExpiration = Deadline;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<Guest, Deadline, Worker>> {
        let sender = Sender::new(Arc::clone(&self.network));
        let variables = Arc::clone(&self.variables);
        let guest = Guest::new(self.wasi()?, sender, variables, self.limits);
        let mut store = Store::new(&self.engine, guest);
        store.limiter(Guest::usage);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(Guest::end_of_slice);
        let proxy = tokio::time::timeout(ANSWER, self.pre.instantiate_async(&mut store))
            .await
            .map_err(|_| {
                wasmtime::format_err!("it didn't start within {} s", ANSWER.as_secs())
            })??;
        Ok(Instance {
            store,
            proxy,
            view: Guest::http,
            expiration: Deadline {
                timer: Box::pin(tokio::time::sleep(Duration::ZERO)),
            },
            state: Worker {
                network: Arc::clone(&self.network),
            },
        })
    }
}

/// One instance's state towards the handler.
pub struct Worker {
    network: Arc<Network>,
}

impl WorkerState for Worker {
    type StoreData = Guest;
    type RequestData = Turn;

    fn should_accept_request(&self, _concurrent: usize, total: usize) -> ShouldAccept {
        // What one request leaves in memory is no other request's to see.
        if total == 0 {
            ShouldAccept::Yes
        } else {
            ShouldAccept::Never
        }
    }

    fn on_request_start(
        &self,
        mut store: StoreContextMut<'_, Guest>,
        turn: Turn,
        _task: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        store.data_mut().begin(turn);
        Box::pin(tokio::time::sleep(ANSWER))
    }

    fn drop(&self, mut store: Store<Guest>, result: wasmtime::Result<()>) {
        let failure = store.data_mut().end();
        // First the store, so that the guest's last words come before the reason of its end.
        drop(store);
        if let Err(error) = result {
            if let Some(failure) = failure {
                // Nobody waits for it when an answer had been given already.
                let _waited = failure.send(error.root_cause().to_string());
            }
            for line in format!("{error:?}").lines() {
                self.network
                    .logs
                    .note(format!("{}: {line}", self.network.component));
            }
        }
    }
}

/// Ends an instance that doesn't end by itself.
pub struct Deadline {
    timer: Pin<Box<Sleep>>,
}

impl WorkerExpiration for Deadline {
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        status: WorkerStatus,
        start: Instant,
    ) -> Poll<()> {
        let end = start
            + match status {
                WorkerStatus::Idle => Duration::ZERO,
                WorkerStatus::Requests => ANSWER + GRACE,
                WorkerStatus::PostReturn => REST,
            };
        let end = tokio::time::Instant::from_std(end);
        if self.timer.deadline() != end {
            self.timer.set(sleep_until(end));
        }
        self.timer.as_mut().poll(cx)
    }
}
