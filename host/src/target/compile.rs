//! Compiles a component, in bounded time.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use wasmtime::component::Component;

use crate::artifact::{Artifact, ArtifactError, loops};
use crate::engine::Engine;
use crate::limits::{LimitExceeded, Limits};

/// Stack of the thread that compiles. Types nest no deeper than a limit, and wasmtime needs less than the 2 MiB that threads have by
/// default; the rest is for what it doesn't foresee.
const STACK: usize = 16 << 20;

/// The component's compiled code, from the engine's cache if it is there, and how long compiling it took, if it isn't.
pub(super) fn compile(
    engine: &Engine,
    artifact: &Artifact,
    limits: &Limits,
) -> Result<(Component, Duration), ArtifactError> {
    let cached = engine
        .cache()
        .and_then(|cache| cache.load(engine.wasmtime(), artifact.digest()));
    if let Some(component) = cached {
        return Ok((component, Duration::ZERO));
    }
    loops::check(artifact.bytes(), limits)?;
    let started = Instant::now();
    let component = within(limits.compile_time, {
        let (engine, bytes) = (engine.wasmtime().clone(), artifact.bytes().clone());
        move || Component::from_binary(&engine, &bytes)
    })?;
    let took = started.elapsed();
    if let Some(cache) = engine.cache() {
        cache.store(artifact.digest(), &component);
    }
    Ok((component, took))
}

/// Does it on a thread of its own. wasmtime can't be interrupted while it compiles, so a thread that takes too long is left behind: what
/// it still makes is thrown away, and it ends with the process at the latest. How much memory it can take is bounded by the
/// component's shape, see [`Inspection`](crate::Inspection).
fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> wasmtime::Result<T> + Send + 'static,
) -> Result<T, ArtifactError> {
    let (sender, receiver) = mpsc::channel();
    let fail = |text: &str| ArtifactError::Compile(wasmtime::Error::msg(text.to_owned()));
    thread::Builder::new()
        .name("bowline-compile".to_owned())
        .stack_size(STACK)
        .spawn(move || {
            // Nobody listens any more when it took too long.
            let _ = sender.send(work());
        })
        .map_err(|error| fail(&format!("no thread can be started to compile it: {error}")))?;
    match receiver.recv_timeout(limit) {
        Ok(compiled) => compiled.map_err(ArtifactError::Compile),
        Err(RecvTimeoutError::Timeout) => {
            Err(ArtifactError::Limit(LimitExceeded::CompileTime(limit)))
        }
        Err(RecvTimeoutError::Disconnected) => Err(fail("the compiler broke down")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_left_behind() {
        let (finish, wait) = mpsc::channel::<()>();
        let limit = Duration::from_millis(10);
        let late = within(limit, move || {
            let _ = wait.recv();
            Ok(())
        });
        drop(finish);
        assert!(
            matches!(late, Err(ArtifactError::Limit(LimitExceeded::CompileTime(at))) if at == limit)
        );
        assert_eq!(within(Duration::from_secs(600), || Ok(5)).unwrap(), 5);
        let failed = within::<()>(Duration::from_secs(600), || Err(wasmtime::Error::msg("no")));
        assert!(matches!(failed, Err(ArtifactError::Compile(_))));
    }
}
