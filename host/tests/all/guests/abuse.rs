//! Guests that use what they are lent in ways that it is not meant for.

use super::*;

#[tokio::test]
pub async fn hoards_bodies() {
    let settings = [("requests", "100")];
    let error = deploy(artifacts::hoards_bodies(), &settings)
        .await
        .unwrap_err();
    let HostError::Failed {
        failure: TargetFailure::Unexpected(written),
        ..
    } = &error
    else {
        panic!("{error:?}")
    };
    let written: usize = written.parse().unwrap();
    assert!(
        (100..=100 * (128 << 10)).contains(&written),
        "the host holds {written} bytes of bodies that are never sent"
    );
}

#[tokio::test]
pub async fn nags() {
    let target = target(artifacts::nags());
    let (session, ear) = session(&target, environment(&[])).await;
    let (_folder, application) = application::load();
    target.deploy(application, &session).await.unwrap();
    let heard = ear.heard();
    assert!((1..=100).contains(&heard.len()), "{}", heard.len());
}

#[tokio::test]
async fn questions_to_bindle_are_counted() {
    let server = Server::start(|_| answer(404, "")).await;
    let target = target(artifacts::nags());
    let (session, _) = session(&target, environment(&[])).await;
    let options = bowline_host::bindle::ClientOptions::new(server.url.parse().unwrap());
    let client = bowline_host::bindle::Client::new(&session.http, options);
    let session = session
        .with_bindle(client)
        .with_limits(limits(|limits| limits.requests = 5));
    let (_folder, application) = application::load();
    target.deploy(application, &session).await.unwrap();
    // One more looks for the beginning of the interface.
    assert_eq!(server.seen().len(), 6);
}
