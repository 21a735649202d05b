//! Says why an operation did not succeed, by what the guest answered and what the host had noted.

use std::sync::Arc;

use wasmtime::component::ResourceTableError;
use wasmtime_wasi::I32Exit;

use crate::contract::TargetFailure;
use crate::error::{Denial, HostError, Trap};
use crate::limits::LimitExceeded;
use crate::state::{Report, Run};
use crate::text;

/// What becomes of an operation that only looks, and tried to change something: it fails by that, whatever came of it.
pub(super) fn overstepped(run: &Run, failure: Option<TargetFailure>) -> Option<HostError> {
    let denial = run
        .report()
        .denial
        .take_if(|denial| matches!(denial, Denial::Write { .. }))?;
    run.output.finish();
    Some(HostError::Denied {
        target: run.target.clone(),
        denial,
        failure: failure.map(Box::new),
    })
}

/// The guest reports a failure. What the host refused it, or the limit that it ran into, is the better explanation.
pub(super) fn failed(run: &Arc<Run>, failure: TargetFailure) -> HostError {
    run.output.finish();
    let target = run.target.clone();
    let Report {
        denial,
        limit,
        transport,
        bindle_login,
    } = std::mem::take(&mut *run.report());
    if let Some(denial) = denial {
        return HostError::Denied {
            target,
            denial,
            failure: Some(Box::new(failure)),
        };
    }
    if let Some(limit) = limit {
        return HostError::Limit {
            target,
            operation: run.operation,
            limit,
        };
    }
    if let (TargetFailure::Unauthenticated(_), Some(refusal)) = (&failure, bindle_login) {
        return HostError::BindleLogin(Box::new(refusal));
    }
    HostError::Failed {
        target,
        failure,
        transport: transport.map(Box::new),
    }
}

/// One of the operation's two clocks ran down.
pub(super) fn limited(run: &Arc<Run>, limit: LimitExceeded) -> HostError {
    if let Some(error) = overstepped(run, None) {
        return error;
    }
    run.output.finish();
    HostError::Limit {
        target: run.target.clone(),
        operation: run.operation,
        limit,
    }
}

/// The guest's instance ended without an answer.
pub(super) fn broke_down(run: &Arc<Run>, error: wasmtime::Error) -> HostError {
    if let Some(error) = overstepped(run, None) {
        return error;
    }
    run.output.finish();
    let target = run.target.clone();
    let operation = run.operation;
    let Report { denial, limit, .. } = std::mem::take(&mut *run.report());
    if let Some(limit) = limit.or_else(|| limit_of(&error, run)) {
        return HostError::Limit {
            target,
            operation,
            limit,
        };
    }
    if let Some(denial) = denial {
        return HostError::Denied {
            target,
            denial,
            failure: None,
        };
    }
    let reason = match (
        error.downcast_ref::<wasmtime::Trap>(),
        error.downcast_ref::<I32Exit>(),
    ) {
        (Some(trap), _) => trap.to_string(),
        (None, Some(exit)) => format!("it ended itself with exit code {}", exit.0),
        (None, None) => error.root_cause().to_string(),
    };
    let trap = Trap {
        operation,
        reason: text::line(&reason, 300),
        output: run.output.last_lines(),
        source: error,
    };
    HostError::Trap {
        target,
        trap: Box::new(trap),
    }
}

/// The limit that an error of wasmtime is about, where it is about one.
fn limit_of(error: &wasmtime::Error, run: &Run) -> Option<LimitExceeded> {
    if let Some(ResourceTableError::Full) = error.downcast_ref::<ResourceTableError>() {
        return Some(LimitExceeded::Handles(run.limits.handles));
    }
    if let Some(wasmtime::Trap::StackOverflow) = error.downcast_ref::<wasmtime::Trap>() {
        return Some(LimitExceeded::Stack);
    }
    // wasmtime has no public types for these.
    let cause = error.root_cause().to_string();
    if cause.contains("store handle limit exceeded") {
        return Some(LimitExceeded::Handles(run.limits.handles));
    }
    if cause.starts_with("resource limit exceeded") {
        // It says the count of what was too high.
        return Some(if cause.contains("memory count") {
            LimitExceeded::Memories(run.limits.memories)
        } else if cause.contains("table count") {
            LimitExceeded::Tables(run.limits.tables)
        } else {
            LimitExceeded::Instances(run.limits.instances)
        });
    }
    cause
        .contains("fuel allocated for hostcalls")
        .then_some(LimitExceeded::CallBytes(run.limits.call_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Artifact, Engine, EngineOptions, Limits, Target};

    /// A component that makes so many instances of a module with this, and one more, before it can be asked anything.
    fn making(what: &str, times: usize) -> Artifact {
        let instances = "(core instance (instantiate $many))".repeat(times);
        let text = format!(
            r#"(component
                (core module $many {what})
                {instances}
                (core module $m (func (export "f") (result i32) i32.const 7))
                (core instance $m (instantiate $m))
                (func $f (result u32) (canon lift (core func $m "f")))
                (instance $target (export "describe" (func $f)) (export "deploy" (func $f)))
                (export "bowline:deploy/deploy-target@0.1.0" (instance $target)))"#
        );
        Artifact::from_bytes(wat::parse_str(text).unwrap()).unwrap()
    }

    /// The limit that it reaches.
    async fn reached(artifact: Artifact, limits: &Limits) -> Option<LimitExceeded> {
        let engine = Engine::new(&EngineOptions::default()).unwrap();
        let target = Target::load_within(&engine, artifact, limits).unwrap();
        match target.describe().await {
            Err(HostError::Limit { limit, .. }) => Some(limit),
            _ => None,
        }
    }

    #[tokio::test]
    async fn wasmtimes_own_limits_are_told_apart() {
        for (what, limit) in [
            ("(memory 0)", LimitExceeded::Memories(3)),
            ("(table 0 funcref)", LimitExceeded::Tables(3)),
            ("", LimitExceeded::Instances(3)),
        ] {
            let mut limits = Limits::default();
            limits.set(limit.name(), "3").unwrap();
            assert_eq!(reached(making(what, 2), &limits).await, None, "{limit:?}");
            assert_eq!(reached(making(what, 4), &limits).await, Some(limit));
        }
    }
}
