//! Guests that break down, take too much, or look around.

use super::*;

#[tokio::test]
pub async fn traps() {
    let error = deploy(artifacts::traps(), &[]).await.unwrap_err();
    let HostError::Trap { target, trap } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (target.as_str(), trap.operation),
        ("guest", Operation::Deploy)
    );
    assert!(trap.reason.contains("unreachable"), "{}", trap.reason);
    assert!(
        trap.output
            .starts_with("before the fall\n]0;ownedabout to fall\n"),
        "{:?}",
        trap.output
    );
    assert!(
        trap.output.contains("the guest's own words"),
        "{:?}",
        trap.output
    );
    assert_eq!(error.to_string(), "target 'guest' broke down in deploy");
}

#[tokio::test]
pub async fn exits() {
    let error = deploy(artifacts::exits(), &[]).await.unwrap_err();
    let HostError::Trap { trap, .. } = error else {
        panic!("{error:?}")
    };
    assert!(
        trap.reason.starts_with("it ended itself with exit code "),
        "{}",
        trap.reason
    );
}

#[tokio::test]
pub async fn spins() {
    let limit = Duration::from_millis(100);
    let outcome = deploy_within(
        artifacts::spins(),
        &[],
        limits(|limits| limits.compute = limit),
    )
    .await;
    assert_limit(outcome, LimitExceeded::Compute(limit));
}

#[tokio::test]
pub async fn sleeps() {
    let limit = Duration::from_millis(200);
    let outcome = deploy_within(
        artifacts::sleeps(),
        &[],
        limits(|limits| limits.wall_clock = limit),
    )
    .await;
    assert_limit(outcome, LimitExceeded::WallClock(limit));
}

#[tokio::test]
pub async fn eats_memory() {
    let limit = 20 << 20;
    let outcome = deploy_within(
        artifacts::eats_memory(),
        &[],
        limits(|limits| limits.memory = limit),
    )
    .await;
    assert_limit(outcome, LimitExceeded::Memory(limit));
}

#[tokio::test]
pub async fn recurses() {
    let error = deploy(artifacts::recurses(), &[]).await.unwrap_err();
    // Rust's own stack lies in linear memory and may run out before wasmtime's does.
    match error {
        HostError::Limit {
            limit: LimitExceeded::Stack,
            ..
        } => {}
        HostError::Trap { trap, .. } => {
            assert!(trap.reason.contains("out of bounds"), "{}", trap.reason)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
pub async fn hoards_handles() {
    let outcome = deploy_within(
        artifacts::hoards_handles(),
        &[],
        limits(|limits| limits.handles = 50),
    )
    .await;
    assert_limit(outcome, LimitExceeded::Handles(50));
}

#[tokio::test]
pub async fn shouts() {
    let outcome = deploy(artifacts::shouts(), &[]).await;
    assert_limit(
        outcome,
        LimitExceeded::CallBytes(Limits::default().call_bytes),
    );
}

#[tokio::test]
pub async fn floods_console() {
    let target = target(artifacts::floods_console());
    let (session, ear) = session(&target, environment(&[])).await;
    let (_folder, application) = application::load();
    let session = session.with_limits(limits(|limits| limits.console_lines = 10));
    target.deploy(application, &session).await.unwrap();
    let heard = ear.heard();
    let (said, written): (Vec<_>, Vec<_>) = heard.iter().partition(|line| !line.starts_with("Std"));
    assert_eq!(said.len(), 11, "ten messages, and that there are more");
    assert!(
        said.iter()
            .all(|line| line.chars().count() <= 510 && !line.contains('\u{1b}'))
    );
    assert!(said[10].contains("its further messages are not shown"));
    let bytes: usize = written.iter().map(|line| line.len()).sum();
    assert!(
        bytes < 100_000 && written.len() > 100,
        "{bytes} bytes in {} lines",
        written.len()
    );
}

#[tokio::test]
pub async fn probes() {
    assert_eq!(deploy(artifacts::probes(), &[]).await.unwrap(), "found []");
    assert!(!std::path::Path::new("/tmp/bowline-was-here").exists());
}

#[tokio::test]
pub async fn presumes() {
    let error = deploy(artifacts::presumes(), &[]).await.unwrap_err();
    let HostError::Denied {
        denial: Denial::Origin(origin),
        ..
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!(origin.to_string(), "https://collector.invalid");
}

#[tokio::test]
pub async fn poses() {
    // The host lends by settings, whatever the name; that names of programs are reserved is for the program to say.
    let server = Server::start(|_| answer(400, "no")).await;
    let settings = [
        ("hippo-url", server.url.as_str()),
        ("hippo-password", "canary"),
    ];
    let error = deploy(artifacts::poses(), &settings).await.unwrap_err();
    assert!(
        matches!(&error, HostError::Failed { target, .. } if target == "hippo"),
        "{error:?}"
    );
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
pub async fn hostile() {
    let server = Server::start(|_| answer(200, "ok")).await;
    let victim = Server::start(|_| answer(200, "ok")).await;
    let target = target(artifacts::hostile());
    let settings = [
        ("server-url", server.url.as_str()),
        ("victim", victim.url.as_str()),
        ("password", "canary"),
    ];
    let (session, ear) = session(&target, environment(&settings)).await;
    let (_folder, application) = application::load();
    let error = target.deploy(application, &session).await.unwrap_err();
    assert!(matches!(&error, HostError::Denied { .. }), "{error:?}");
    assert_eq!(victim.seen().len() + server.seen().len(), 0);
    let heard = format!("{:?} {error:?}", ear.heard());
    assert!(!heard.contains("canary"), "{heard}");
    assert!(!heard.contains("root:"), "{heard}");
}
