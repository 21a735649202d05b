//! The WebAssembly engine that all targets of a process share.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use wasmtime::Config;

use crate::cache::Cache;

/// How often a guest that computes is interrupted, so that the runtime's other tasks go on and its time is counted. Each tick costs
/// some microseconds; 10 ms bounds what a limit can be overstepped by.
const TICK: Duration = Duration::from_millis(10);

/// What an [`Engine`] is made with.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct EngineOptions {
    /// Folder for compiled code, made if it is missing, readable by its owner only. Whoever can write into it can make this process
    /// run any machine code, which is why a folder that others can write to is not used. Without one, every target
    /// is compiled each time: 0.2 s for a small one, 5 s for one with a JavaScript interpreter in it.
    pub cache: Option<PathBuf>,
}

impl EngineOptions {
    /// Keeps compiled code in this folder.
    pub fn with_cache(cache: impl Into<PathBuf>) -> Self {
        Self {
            cache: Some(cache.into()),
        }
    }
}

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// This machine can't run compiled WebAssembly as it is configured here.
    #[error("the WebAssembly runtime can't be set up on this machine")]
    Setup(#[source] wasmtime::Error),
    /// The thread that interrupts guests could not be started.
    #[error("the thread that keeps time for guests could not be started")]
    Ticker(#[source] std::io::Error),
}

/// Compiles and runs targets. Cheap to clone; one for each process is enough.
#[derive(Clone)]
pub struct Engine {
    inner: wasmtime::Engine,
    cache: Option<Cache>,
}

impl Engine {
    /// Sets the engine up and starts the thread that interrupts guests; it ends with the last clone of the engine.
    ///
    /// # Errors
    /// [`EngineError`]. A cache folder that can't be used is no error: it is logged, and nothing is cached.
    pub fn new(options: &EngineOptions) -> Result<Self, EngineError> {
        let mut config = Config::new();
        config
            .epoch_interruption(true)
            // Targets speak WASI 0.2, in which calls are synchronous for the guest.
            .wasm_component_model_async(false)
            .concurrency_support(false)
            // A call stack costs memory of the host, not of the guest's limit.
            .max_wasm_stack(512 << 10)
            .async_stack_size(2 << 20);
        let inner = wasmtime::Engine::new(&config).map_err(EngineError::Setup)?;
        let weak = inner.weak();
        thread::Builder::new()
            .name("bowline-epochs".to_owned())
            .spawn(move || {
                loop {
                    thread::sleep(TICK);
                    match weak.upgrade() {
                        Some(engine) => engine.increment_epoch(),
                        None => break,
                    }
                }
            })
            .map_err(EngineError::Ticker)?;
        let cache = options.cache.as_ref().and_then(|folder| {
            Cache::open(folder, &inner)
                .inspect_err(|error| {
                    let folder = folder.display();
                    tracing::warn!(%folder, %error, "compiled code is not cached");
                })
                .ok()
        });
        Ok(Self { inner, cache })
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.inner
    }

    pub(crate) fn cache(&self) -> Option<&Cache> {
        self.cache.as_ref()
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_gone_with_its_last_handle() {
        let engine = Engine::new(&EngineOptions::default()).unwrap();
        let weak = engine.wasmtime().weak();
        let other = engine.clone();
        drop(engine);
        assert!(weak.upgrade().is_some());
        drop(other);
        // The ticker holds the engine for the length of one increment at most.
        while weak.upgrade().is_some() {
            thread::yield_now();
        }
    }
}
