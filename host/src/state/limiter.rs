//! Bounds what a guest makes wasmtime allocate.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wasmtime::ResourceLimiter;

use super::Run;
use crate::limits::LimitExceeded;

/// Counts memory and tables of all instances of a store together.
pub(super) struct Limiter {
    run: Arc<Run>,
}

impl Limiter {
    pub(super) fn new(run: Arc<Run>) -> Self {
        Self { run }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        most: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let limit = self.run.limits.memory;
        Ok(
            grow(&self.run.tally.memory, current, desired, most, limit).unwrap_or_else(|| {
                self.run.exceed(LimitExceeded::Memory(limit));
                false
            }),
        )
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        most: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let limit = self.run.limits.table_elements;
        Ok(grow(
            &self.run.tally.table_elements,
            current,
            desired,
            most,
            limit,
        )
        .unwrap_or_else(|| {
            self.run.exceed(LimitExceeded::TableElements(limit));
            false
        }))
    }

    fn instances(&self) -> usize {
        self.run.limits.instances
    }

    fn tables(&self) -> usize {
        self.run.limits.tables
    }

    fn memories(&self) -> usize {
        self.run.limits.memories
    }
}

/// Adds a growth to the total, unless that would go over the limit. What the module's own maximum forbids takes nothing.
fn grow(
    total: &AtomicU64,
    current: usize,
    desired: usize,
    most: Option<usize>,
    limit: usize,
) -> Option<bool> {
    if most.is_some_and(|most| desired > most) {
        return Some(false);
    }
    let more = desired.saturating_sub(current) as u64;
    let grown = total.load(Ordering::Relaxed).saturating_add(more);
    (grown <= limit as u64).then(|| {
        total.store(grown, Ordering::Relaxed);
        true
    })
}
