//! What one instance of a component owns: its view of WASI, and its limits.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, oneshot};
use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, StoreContextMut, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::engine::SLICE;
use super::plan::Variables;
use super::sender::Sender;
use super::service::Turn;

/// Most elements of all tables of one instance together: the functions of a very big program.
const TABLE_ELEMENTS: usize = 1_000_000;

/// Most handles (streams, requests, files, ...) that one instance holds at once.
const HANDLES: usize = 10_000;

/// What one instance may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most bytes of all its memories together.
    pub memory: usize,
    /// Most computing time, waiting not counted.
    pub computing: Duration,
}

impl Default for Limits {
    /// 256 MiB, far above what a request needs; 30 seconds, after which whoever asked has gone.
    fn default() -> Self {
        Self {
            memory: 256 * 1024 * 1024,
            computing: Duration::from_secs(30),
        }
    }
}

/// The data of one store.
pub struct Guest {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    sender: Sender,
    variables: Arc<Variables>,
    usage: Usage,
    permit: Option<OwnedSemaphorePermit>,
    failure: Option<oneshot::Sender<String>>,
}

impl Guest {
    /// The data for a fresh instance.
    pub fn new(wasi: WasiCtx, sender: Sender, variables: Arc<Variables>, limits: Limits) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        Self {
            wasi,
            http: WasiHttpCtx::new(),
            table,
            sender,
            variables,
            usage: Usage::within(limits),
            permit: None,
            failure: None,
        }
    }

    /// The component's variables.
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// Takes over what comes with the request that the instance is to answer. The permit is held
    /// for as long as the instance lives.
    pub fn begin(&mut self, turn: Turn) {
        self.permit = Some(turn.permit);
        self.failure = Some(turn.failure);
        self.sender.answer(turn.origin);
    }

    /// Where the reason goes if the instance failed; once, and nothing before it was given a
    /// request.
    pub fn end(&mut self) -> Option<oneshot::Sender<String>> {
        self.failure.take()
    }

    /// What keeps the memories and tables within their limits.
    pub fn usage(&mut self) -> &mut dyn ResourceLimiter {
        &mut self.usage
    }

    /// Called after each slice that the guest computed: lets others run, or ends it.
    pub fn end_of_slice(mut store: StoreContextMut<'_, Self>) -> wasmtime::Result<UpdateDeadline> {
        let usage = &mut store.data_mut().usage;
        usage.computing += SLICE;
        if usage.computing > usage.limits.computing {
            wasmtime::bail!(
                "it computed for more than {} ms",
                usage.limits.computing.as_millis()
            );
        }
        Ok(UpdateDeadline::Yield(1))
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.sender,
        }
    }
}

/// Counts over all memories and tables of an instance, because a component may have many.
#[derive(Debug)]
struct Usage {
    limits: Limits,
    memory: usize,
    elements: usize,
    computing: Duration,
}

impl Usage {
    fn within(limits: Limits) -> Self {
        Self {
            limits,
            memory: 0,
            elements: 0,
            computing: Duration::ZERO,
        }
    }
}

impl ResourceLimiter for Usage {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(grow(&mut self.memory, current, desired, self.limits.memory))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(grow(&mut self.elements, current, desired, TABLE_ELEMENTS))
    }
}

/// Adds the growth to `total` if that stays within `limit`.
fn grow(total: &mut usize, current: usize, desired: usize, limit: usize) -> bool {
    let wanted = total.saturating_add(desired.saturating_sub(current));
    let allowed = wanted <= limit;
    if allowed {
        *total = wanted;
    }
    allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_count_together() {
        let limits = Limits::default();
        let mut usage = Usage::within(limits);
        let half = limits.memory / 2;
        assert!(usage.memory_growing(0, half, None).unwrap());
        assert!(usage.memory_growing(0, half, None).unwrap());
        assert!(!usage.memory_growing(half, half + 1, None).unwrap());
        assert!(!usage.memory_growing(0, usize::MAX, None).unwrap());
        assert_eq!(usage.memory, limits.memory);
    }
}
