//! Guests that use what they are lent in ways that it is not meant for.

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
    // The guest goes on as if nothing were, and the run fails all the same.
    let error = target.deploy(application, &session).await.unwrap_err();
    assert!(
        matches!(
            error,
            HostError::Limit {
                limit: LimitExceeded::Requests(5),
                ..
            }
        ),
        "{error:?}"
    );
    // One more looks for the beginning of the interface.
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
pub async fn reads_settings() {
    let good = [
        ("page", "https://a.test/"),
        ("fast", "true"),
        ("count", "-3"),
        ("size", "large"),
        ("secret", "s"),
    ];
    let target = target(artifacts::reads_settings());
    // It has no login of its own, and gets nobody else's.
    let (session, _) = session(
        &target,
        environment(&good).with_credential(Some(Credential {
            secret: Secret::new("t"),
            expires_at: None,
            belongs_to: None,
        })),
    )
    .await;
    let (_folder, application) = application::load();
    let deployment = target.deploy(application, &session).await.unwrap();
    assert_eq!(
        deployment.id,
        r#"Some("https://a.test/") Some("true") Some("-3") Some("large")"#
    );

    for (name, value) in [
        ("page", "ftp://a.test"),
        ("fast", "yes"),
        ("count", "1.5"),
        ("size", "huge"),
    ] {
        let error = deploy(artifacts::reads_settings(), &[(name, value)])
            .await
            .unwrap_err();
        assert!(
            matches!(&error, HostError::Failed { failure: TargetFailure::InvalidSetting { name: told, .. }, .. } if told == name),
            "{name}: {error:?}"
        );
    }
}

/// The first operation asks, the second finds the answer; both may use what it opens.
#[tokio::test]
async fn an_answer_opens_the_network_for_later_operations_too() {
    let server = Server::obliging().await;
    let target = target(artifacts::questions());
    let answers = Arc::new(Answers(server.url.clone(), Mutex::default()));
    let (asked, _) = session(&target, environment(&[]).with_questions(answers.clone())).await;
    let (_folder, application) = application::load();
    for _ in 0..2 {
        let deployment = target.deploy(Arc::clone(&application), &asked).await;
        assert_eq!(deployment.unwrap().id, "200");
    }
    assert_eq!(answers.1.lock().unwrap().len(), 2, "each is asked once");
}

#[tokio::test]
async fn a_final_dot_does_not_make_another_name_of_it() {
    let server = Server::obliging().await;
    let granted = server.url.replace("127.0.0.1", "localhost");
    let dotted = server.url.replace("127.0.0.1", "localhost.");
    let settings = [
        ("server-url", granted.as_str()),
        ("method", "GET"),
        ("url", dotted.as_str()),
    ];
    deploy(artifacts::asks(), &settings).await.unwrap();
    assert_eq!(
        server.seen()[0].header("host"),
        granted.strip_prefix("http://").unwrap()
    );
}

#[tokio::test]
async fn no_wall_clock_is_no_overflow() {
    let limits = limits(|limits| limits.wall_clock = Duration::MAX);
    let outcome = deploy_within(artifacts::probes_files(), &[], limits).await;
    assert_eq!(outcome.unwrap(), "found []");
}

/// Embedders spawn operations on runtimes of several threads.
#[tokio::test]
async fn operations_can_be_spawned() {
    let target = target(artifacts::probes_files());
    let (session, _) = session(&target, environment(&[])).await;
    let (_folder, application) = application::load();
    let deployed = tokio::spawn(async move {
        target
            .deploy_authenticated(application, &session)
            .await
            .map(|deployed| deployed.deployment.id)
    });
    assert_eq!(deployed.await.unwrap().unwrap(), "found []");
}
