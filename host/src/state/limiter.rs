//! Bounds what a guest makes wasmtime allocate.

use std::sync::Arc;

use wasmtime::ResourceLimiter;

use super::Run;
use crate::limits::LimitExceeded;

/// Counts memory and tables of all instances of a store together.
pub(super) struct Limiter {
    run: Arc<Run>,
    memory: usize,
    elements: usize,
}

impl Limiter {
    pub(super) fn new(run: Arc<Run>) -> Self {
        Self {
            run,
            memory: 0,
            elements: 0,
        }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let limit = self.run.limits.memory;
        Ok(
            grow(&mut self.memory, current, desired, limit).unwrap_or_else(|| {
                self.run.exceed(LimitExceeded::Memory(limit));
                false
            }),
        )
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let limit = self.run.limits.table_elements;
        Ok(
            grow(&mut self.elements, current, desired, limit).unwrap_or_else(|| {
                self.run.exceed(LimitExceeded::TableElements(limit));
                false
            }),
        )
    }

    fn instances(&self) -> usize {
        self.run.limits.instances
    }

    fn tables(&self) -> usize {
        self.run.limits.instances
    }

    fn memories(&self) -> usize {
        self.run.limits.instances
    }
}

/// Adds a growth to the total, unless that would go over the limit.
fn grow(total: &mut usize, current: usize, desired: usize, limit: usize) -> Option<bool> {
    let grown = total.saturating_add(desired.saturating_sub(current));
    (grown <= limit).then(|| {
        *total = grown;
        true
    })
}
