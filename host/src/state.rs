//! What belongs to one running operation.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::{BoxFuture, RemoteHandle};
use wasmtime::Store;
use wasmtime::component::{HasData, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::bindings::failure;
use crate::client::{HttpClient, TransportError};
use crate::contract::{Credential, Description};
use crate::error::{Denial, Operation};
use crate::grant::{Grant, Revocation};
use crate::http::Hooks;
use crate::limits::{Amount, Limit, LimitExceeded, Limits};
use crate::meter::Questions;
use crate::observer::{Observer, Silent};
use crate::output::Output;
use crate::secrets::vault::Vault;
use crate::session::{Environment, Session};
use crate::usage::Usage;

mod clocks;
mod held;
mod limiter;
mod tally;

pub(crate) use tally::{Tally, Way};

use limiter::Limiter;

/// The data of a store: one guest instance, for one operation.
pub(crate) struct State {
    pub(crate) table: ResourceTable,
    pub(crate) run: Arc<Run>,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    limiter: Limiter,
    engine: wasmtime::Engine,
    /// How often the guest has called the host.
    calls: u32,
}

impl State {
    /// A fresh store, bounded in everything.
    pub(crate) fn store(engine: &wasmtime::Engine, run: &Arc<Run>) -> Store<Self> {
        let mut table = ResourceTable::new();
        table.set_max_capacity(run.limits.handles);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(run.limits.headers);
        // Neither folders nor arguments, variables, input or network: the builder lends nothing by itself.
        let wasi = WasiCtx::builder()
            .stdout(run.output.stdout())
            .stderr(run.output.stderr())
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .max_random_size(64 << 10)
            .monotonic_clock(clocks::Monotonic::new())
            .wall_clock(clocks::Wall)
            .build();
        let state = Self {
            table,
            run: Arc::clone(run),
            wasi,
            http,
            hooks: Hooks,
            limiter: Limiter::new(Arc::clone(run)),
            engine: engine.clone(),
            calls: 0,
        };
        let mut store = Store::new(engine, state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(run.limits.call_bytes);
        store.set_max_component_handles(run.limits.handles);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        store
    }

    pub(crate) fn capabilities(&mut self) -> Capabilities<'_> {
        self.look();
        Capabilities {
            table: &mut self.table,
            run: &self.run,
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        // These interfaces make no headers.
        self.look_at_handles();
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.look();
        WasiHttpCtxView {
            hooks: &mut self.hooks,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

/// What the interfaces of the contract are implemented on.
pub(crate) struct Capabilities<'a> {
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) run: &'a Arc<Run>,
}

/// Names [`Capabilities`] for the linker.
pub(crate) struct HasCapabilities;

impl HasData for HasCapabilities {
    type Data<'a> = Capabilities<'a>;
}

/// What a host function of the contract answers if not what was asked for. The guest can handle the one; the other ends it.
#[derive(Debug)]
pub enum GuestError {
    Failure(failure::Error),
    Trap(wasmtime::Error),
}

impl From<failure::Error> for GuestError {
    fn from(failure: failure::Error) -> Self {
        Self::Failure(failure)
    }
}

/// A handle that isn't there, or no room for another: the guest has broken the rules of the component model.
impl From<wasmtime::component::ResourceTableError> for GuestError {
    fn from(error: wasmtime::component::ResourceTableError) -> Self {
        Self::Trap(error.into())
    }
}

impl failure::Host for Capabilities<'_> {
    fn convert_error(&mut self, error: GuestError) -> wasmtime::Result<failure::Error> {
        match error {
            GuestError::Failure(failure) => Ok(failure),
            GuestError::Trap(trap) => Err(trap),
        }
    }
}

/// Refusals that are told: a guest can try again as often as its computing time allows, which would fill any log.
const DENIALS: u32 = 100;

/// What a component took before its operations.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Loading {
    /// Core instances that it makes.
    pub(crate) instances: u64,
    /// Bytes of its file.
    pub(crate) size: u64,
    /// How long it was compiled; not at all if its code was in the cache.
    pub(crate) compiling: Duration,
}

/// One operation of one target: what it is lent, what it has used, and what was refused to it.
pub(crate) struct Run {
    pub(crate) target: String,
    pub(crate) operation: Operation,
    pub(crate) limits: Limits,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) output: Output,
    pub(crate) questions: Questions,
    pub(crate) console_lines: AtomicU32,
    pub(crate) requests: AtomicU32,
    pub(crate) requests_now: Arc<AtomicU32>,
    pub(crate) tally: Tally,
    /// The target said that its platform reads archives.
    pub(crate) archives_accepted: AtomicBool,
    loading: Loading,
    started: Instant,
    stopped: AtomicBool,
    denials: AtomicU32,
    over: AtomicBool,
    lent: Option<Lent>,
    report: Mutex<Report>,
    begun: Mutex<Vec<BoxFuture<'static, ()>>>,
}

/// What an operation is lent.
pub(crate) struct Lent {
    pub(crate) environment: Arc<Environment>,
    pub(crate) credential: Option<Credential>,
    pub(crate) description: Arc<Description>,
    pub(crate) http: HttpClient,
    pub(crate) bindle: Option<crate::bindle::Client>,
    revocation: Revocation,
    grant: Mutex<Grant>,
    vault: Mutex<Arc<Vault>>,
}

impl Lent {
    /// Lends no credential yet.
    pub(crate) fn new(session: &Session, description: Arc<Description>) -> Self {
        let lent = Self {
            environment: Arc::clone(&session.environment),
            credential: None,
            description,
            http: session.http.sent_by(crate::journal::By::Target),
            bindle: session.bindle.clone().filter(|_| session.grant.bindle()),
            revocation: session.revocation.clone(),
            grant: Mutex::new(session.grant.clone()),
            vault: Mutex::default(),
        };
        lent.lock_up();
        lent
    }

    /// Lends this credential, too.
    pub(crate) fn with_credential(mut self, credential: Option<Credential>) -> Self {
        self.credential = credential;
        self.credential_placeholder();
        self
    }

    pub(crate) fn grant(&self) -> MutexGuard<'_, Grant> {
        self.grant.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The secrets that are known by now: those of the environment from the start, and those that were asked for since.
    pub(crate) fn vault(&self) -> Arc<Vault> {
        let vault = self.vault.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&vault)
    }

    /// Changes what the next requests, and answers that are still open, find in the vault.
    pub(crate) fn change_vault<T>(&self, change: impl FnOnce(&mut Vault) -> T) -> T {
        let mut vault = self.vault.lock().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut vault))
    }
}

/// What an operation ran into, for the error message if it does not succeed.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The first thing that was refused.
    pub(crate) denial: Option<Denial>,
    /// The first limit that was reached.
    pub(crate) limit: Option<LimitExceeded>,
    /// The last request that got no answer.
    pub(crate) transport: Option<TransportError>,
    /// The Bindle server's refusal of the user that pushes, unless it took a later request.
    pub(crate) bindle_login: Option<crate::bindle::Error>,
}

impl Report {
    /// A write was refused to an operation that only looks.
    pub(crate) fn has_written(&self) -> bool {
        matches!(self.denial, Some(Denial::Write { .. }))
    }
}

impl Run {
    pub(crate) fn new(
        target: &str,
        operation: Operation,
        limits: Limits,
        observer: Arc<dyn Observer>,
        lent: Option<Lent>,
    ) -> Self {
        Self {
            target: target.to_owned(),
            operation,
            output: Output::new(&observer, limits.output),
            limits,
            observer,
            questions: Questions::default(),
            console_lines: AtomicU32::new(0),
            requests: AtomicU32::new(0),
            requests_now: Arc::default(),
            tally: Tally::default(),
            archives_accepted: AtomicBool::new(false),
            loading: Loading::default(),
            started: Instant::now(),
            stopped: AtomicBool::new(false),
            denials: AtomicU32::new(0),
            over: AtomicBool::new(false),
            lent,
            report: Mutex::default(),
            begun: Mutex::default(),
        }
    }

    /// Says what loading the component took, for [`usage`](Self::usage).
    #[must_use]
    pub(crate) fn of(mut self, loading: Loading) -> Self {
        self.loading = loading;
        self
    }

    /// A deploy by a guest that declares nothing, in an empty environment.
    #[cfg(test)]
    pub(crate) fn of_guest() -> Self {
        use crate::client::HttpOptions;
        use crate::session::Environment;
        let http = HttpClient::new(&HttpOptions::default()).unwrap();
        let session = Session::new(Environment::new("default"), http);
        let description = Description {
            name: "guest".to_owned(),
            version: semver::Version::new(0, 1, 0),
            summary: String::new(),
            homepage: None,
            settings: Vec::new(),
            network: Vec::new(),
            triggers: Vec::new(),
        };
        let lent = Lent::new(&session, Arc::new(description));
        let (limits, silent) = (Limits::default(), Arc::new(Silent));
        Self::new("guest", Operation::Deploy, limits, silent, Some(lent))
    }

    /// An operation without capabilities.
    pub(crate) fn unlent(target: &str, operation: Operation, limits: Limits) -> Self {
        Self::new(target, operation, limits, Arc::new(Silent), None)
    }

    /// What is lent; asking for it when nothing is, is refused and noted as the use of `what`.
    pub(crate) fn lent(&self, what: &'static str) -> Result<&Lent, Denial> {
        self.lent
            .as_ref()
            .ok_or_else(|| self.deny(Denial::Capability(what)))
    }

    /// The secrets that are known by now; without an environment there are none.
    pub(crate) fn vault(&self) -> Arc<Vault> {
        self.lent.as_ref().map(Lent::vault).unwrap_or_default()
    }

    /// Refuses what needs a grant, once it was taken back.
    pub(crate) fn granted(&self, lent: &Lent) -> Result<(), Denial> {
        if lent.revocation.is_revoked() {
            return Err(self.deny(Denial::Revoked));
        }
        Ok(())
    }

    /// Ends `work` when what is lent is taken back before it has come to its end.
    pub(crate) async fn while_granted<T>(
        &self,
        lent: &Lent,
        work: impl Future<Output = T>,
    ) -> Result<T, Denial> {
        tokio::select! {
            done = work => Ok(done),
            () = lent.revocation.revoked() => Err(self.deny(Denial::Revoked)),
        }
    }

    /// Refuses the rest, once what is lent, if anything is, was taken back.
    pub(crate) fn still_granted(&self) -> Result<(), Denial> {
        self.lent.as_ref().map_or(Ok(()), |lent| self.granted(lent))
    }

    /// Notes a refusal and tells the observer, unless it has heard of too many.
    pub(crate) fn deny(&self, denial: Denial) -> Denial {
        if Self::count(&self.denials, DENIALS) {
            let target = &self.target;
            tracing::warn!(target, operation = %self.operation, %denial, "refused");
            self.observer.denied(&denial);
            if let Some(recorder) = self.lent.as_ref().and_then(|lent| lent.http.recorder()) {
                recorder.denied(self.operation, &denial);
            }
        }
        let mut report = self.report();
        // A plan fails by any write, and by nothing else that was refused: so the first write counts, if there is one.
        if matches!(denial, Denial::Write { .. }) && !report.has_written() {
            report.denial = Some(denial.clone());
        } else {
            report.denial.get_or_insert_with(|| denial.clone());
        }
        drop(report);
        denial
    }

    /// Notes a limit that was reached.
    pub(crate) fn exceed(&self, limit: LimitExceeded) {
        self.report().limit.get_or_insert(limit);
    }

    /// Notes a limit that was reached, and has the guest stopped as soon as it is its turn.
    pub(crate) fn stop(&self, limit: LimitExceeded) {
        self.exceed(limit);
        self.stopped.store(true, Ordering::Release);
    }

    /// The limit for which the guest is to be stopped.
    pub(crate) fn stopped(&self) -> Option<LimitExceeded> {
        if self.stopped.load(Ordering::Acquire) {
            self.report().limit.clone()
        } else {
            None
        }
    }

    /// Counts `more` bytes of a body that has `body` bytes with them, and notes it if that was too much.
    pub(crate) fn count_body(&self, way: Way, body: u64, more: u64) -> Result<(), LimitExceeded> {
        let counted = self.tally.body(way, body, more, &self.limits);
        counted.inspect_err(|limit| self.exceed(limit.clone()))
    }

    /// What was used until now.
    pub(crate) fn usage(&self) -> Usage {
        let load = |counter: &AtomicU32| u64::from(counter.load(Ordering::Relaxed));
        let waited = self.started.elapsed();
        let mut figures = vec![
            ("component-size", Amount::Bytes(self.loading.size)),
            ("compile-time", Amount::Time(self.loading.compiling)),
            ("instances", Amount::Count(self.loading.instances)),
            ("compute", Amount::Time(self.tally.computed())),
            (
                "wall-clock",
                Amount::Time(waited.saturating_sub(self.questions.elapsed())),
            ),
            ("requests", Amount::Count(load(&self.requests))),
            (
                "console-lines",
                Amount::Count(load(&self.console_lines).min(self.limits.console_lines.into())),
            ),
            ("output", Amount::Bytes(self.output.written())),
        ];
        for (name, number) in self.tally.figures() {
            let limit = Limit::find(name).map(|limit| limit.default);
            figures.extend(limit.map(|kind| (name, kind.alike(number))));
        }
        Usage::new(&self.target, self.operation, &self.limits, &figures)
    }

    /// Begins something that the operation goes on with while it goes on with the guest's call. It ends with what is returned, too.
    pub(crate) fn begin<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> RemoteHandle<T> {
        // First to where it stays, for it is large.
        let (work, handle) = Box::pin(work).remote_handle();
        self.drive(work.boxed());
        handle
    }

    /// Has the operation go on with this until it is done, while it goes on with the guest's call.
    pub(crate) fn drive(&self, work: BoxFuture<'static, ()>) {
        let mut begun = std::mem::take(&mut *self.begun());
        begun.push(work);
        // What a guest begins before it waits is bounded as what is under way is: this begins all of it, and refuses what is too much.
        if begun.len() > self.limits.concurrent_requests as usize {
            let mut context = Context::from_waker(Waker::noop());
            begun.retain_mut(|work| work.poll_unpin(&mut context).is_pending());
        }
        *self.begun() = begun;
    }

    /// What is to be driven since this was called before.
    pub(crate) fn take_begun(&self) -> Vec<BoxFuture<'static, ()>> {
        std::mem::take(&mut self.begun())
    }

    fn begun(&self) -> MutexGuard<'_, Vec<BoxFuture<'static, ()>>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request that got no answer.
    pub(crate) fn unanswered(&self, error: &TransportError) {
        self.report().transport = Some(error.clone());
    }

    pub(crate) fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The operation has ended, whether the guest is done or not.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Release);
        // What nobody drives any more would keep this, and this it.
        drop(self.take_begun());
    }

    /// Whether the operation has ended. A request's body that ends with it was not ended by the guest: it is not whole.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Counts one more of something; `false` when there were `limit` already.
    pub(crate) fn count(counter: &AtomicU32, limit: u32) -> bool {
        counter
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| {
                (n < limit).then_some(n + 1)
            })
            .is_ok()
    }
}
