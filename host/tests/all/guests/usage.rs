//! What operations used, as it is told when they end.

use std::time::Duration;

use bowline_host::{ArtifactError, Usage};

use super::*;

/// Remembers what was used.
#[derive(Default)]
struct Meter(Mutex<Vec<Usage>>);

impl Observer for Meter {
    fn used(&self, usage: &Usage) {
        self.0.lock().unwrap().push(usage.clone());
    }
}

/// How a deploy within these limits ends, and what it used.
async fn measured(
    bytes: &'static [u8],
    settings: &[(&str, &str)],
    limits: Limits,
) -> (Result<String, HostError>, Usage) {
    let target = target(bytes);
    let (session, _) = session(&target, environment(settings)).await;
    let meter = Arc::new(Meter::default());
    let session = session.with_observer(meter.clone()).with_limits(limits);
    let (_folder, application) = application::load();
    let outcome = target.deploy(application, &session).await;
    let mut all = std::mem::take(&mut *meter.0.lock().unwrap());
    assert_eq!(
        all.len(),
        1,
        "each operation tells once, describe not at all"
    );
    (outcome.map(|deployment| deployment.id), all.remove(0))
}

fn used(usage: &Usage, limit: &str) -> u64 {
    usage
        .of(limit)
        .unwrap_or_else(|| panic!("{limit}"))
        .used
        .number()
}

#[tokio::test]
async fn an_operation_tells_what_it_used() {
    let server = Server::start(|_| answer(200, vec![b'x'; 100_000])).await;
    let settings = [
        ("server-url", server.url.as_str()),
        ("method", "GET"),
        ("url", server.url.as_str()),
        // There it has handles to what it sends and gets.
        ("by", "wasi:http"),
    ];
    let (outcome, usage) = measured(artifacts::asks(), &settings, Limits::default()).await;
    outcome.unwrap();
    assert_eq!(
        (usage.target.as_str(), usage.operation),
        ("guest", Operation::Deploy)
    );
    assert_eq!(used(&usage, "requests"), 1);
    assert_eq!(used(&usage, "concurrent-requests"), 1);
    assert_eq!(used(&usage, "response-body"), 100_000);
    assert_eq!(used(&usage, "response-bytes"), 100_000);
    assert_eq!(used(&usage, "request-bytes"), 0);
    assert!((1 << 20..64 << 20).contains(&used(&usage, "memory")));
    assert!(used(&usage, "table-elements") > 10);
    assert!((1..10).contains(&used(&usage, "instances")));
    assert!((3..100).contains(&used(&usage, "handles")), "{usage:?}");
    assert!(
        (50..10_000).contains(&used(&usage, "live-headers")),
        "{usage:?}"
    );
    assert_eq!(used(&usage, "console-lines"), 0);
    for figure in &usage.figures {
        let limit = Limits::all()
            .iter()
            .find(|limit| limit.name == figure.limit);
        assert_eq!(figure.most, limit.unwrap().default);
        assert!(figure.used.number() <= figure.most.number(), "{figure}");
    }
}

#[tokio::test]
async fn one_that_fails_tells_as_well() {
    let (outcome, usage) = measured(artifacts::traps(), &[], Limits::default()).await;
    assert!(matches!(outcome, Err(HostError::Trap { .. })));
    assert!(used(&usage, "memory") > 0);
    assert!(used(&usage, "output") > 0);
}

#[tokio::test]
async fn one_that_is_dropped_tells_as_well() {
    let server = Server::start(|_| answer(200, "")).await;
    let target = target(artifacts::asks());
    let settings = [
        ("server-url", server.url.as_str()),
        ("method", "GET"),
        ("url", server.url.as_str()),
    ];
    let (session, _) = session(&target, environment(&settings)).await;
    let meter = Arc::new(Meter::default());
    let session = session.with_observer(meter.clone());
    let (_folder, application) = application::load();
    // It is polled once and never again.
    let polled = futures::poll!(Box::pin(target.deploy(application, &session)));
    assert!(polled.is_pending());
    assert_eq!(meter.0.lock().unwrap().len(), 1);
}

/// The guest may compute for less time than the server takes.
#[tokio::test]
async fn waiting_for_an_answer_is_no_computing() {
    let server = Server::start(|_| {
        let late = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            Ok::<_, std::io::Error>(bytes::Bytes::from_static(b"late"))
        };
        answer(
            200,
            axum::body::Body::from_stream(futures::stream::once(late)),
        )
    })
    .await;
    let settings = [
        ("server-url", server.url.as_str()),
        ("method", "GET"),
        ("url", server.url.as_str()),
    ];
    let limit = Duration::from_millis(1_500);
    let (outcome, usage) = measured(
        artifacts::asks(),
        &settings,
        limits(|limits| limits.compute = limit),
    )
    .await;
    outcome.unwrap();
    assert!(usage.of("wall-clock").unwrap().used.number() >= 3_000);
    assert!(usage.of("compute").unwrap().used.number() < 1_500);
}

#[tokio::test]
async fn all_answers_together_are_bounded() {
    let server = Server::start(|_| answer(200, vec![b'x'; 100_000])).await;
    let settings = [
        ("server-url", server.url.as_str()),
        ("method", "GET"),
        ("url", server.url.as_str()),
    ];
    let limits = limits(|limits| limits.response_bytes = 99_999);
    let (outcome, usage) = measured(artifacts::asks(), &settings, limits).await;
    assert_limit(outcome, LimitExceeded::ResponseBytes(99_999));
    assert!(used(&usage, "response-bytes") > 99_999);
}

/// What has as many functions and bytes as others, and is costly to compile all the same.
#[test]
fn loops_are_not_compiled_when_they_are_nested_too_deep() {
    use wasm_encoder::{
        BlockType, CodeSection, ComponentSection, Function, FunctionSection, Instruction, Module,
        ModuleSection, TypeSection,
    };
    let target = |depth: usize| {
        let mut function = Function::new([]);
        for _ in 0..depth {
            function.instruction(&Instruction::Block(BlockType::Empty));
            function.instruction(&Instruction::Loop(BlockType::Empty));
        }
        for _ in 0..2 * depth + 1 {
            function.instruction(&Instruction::End);
        }
        let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
        types.ty().function([], []);
        functions.function(0);
        let mut code = CodeSection::new();
        code.function(&function);
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&code);
        let mut bytes = artifacts::asks().to_vec();
        ModuleSection(&module).append_to_component(&mut bytes);
        Artifact::from_bytes(bytes).unwrap()
    };
    let error = Target::load(engine(), target(21)).unwrap_err();
    assert!(
        matches!(&error, HostError::Artifact(ArtifactError::Limit(limit)) if *limit == LimitExceeded::LoopNesting(20)),
        "{error:?}"
    );
    Target::load(engine(), target(20)).unwrap();
}

#[test]
fn compiling_takes_no_longer_than_it_may() {
    let artifact = Artifact::from_bytes(artifacts::asks()).unwrap();
    let mut limits = Limits::default();
    limits.compile_time = Duration::from_nanos(1);
    // Without a cache, so that it has to be compiled.
    let engine = Engine::new(&EngineOptions::default()).unwrap();
    let error = Target::load_within(&engine, artifact, &limits).unwrap_err();
    let HostError::Artifact(ArtifactError::Limit(limit)) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(*limit, LimitExceeded::CompileTime(Duration::from_nanos(1)));
    assert!(error.to_string().contains("'compile-time'"), "{error}");
}
