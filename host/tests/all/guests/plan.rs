//! Planning: what passes, and that nothing else does, whatever the guest makes of it.

use bowline_host::{Action, Feature, Need, Offers, Plan};

use super::*;

/// A server that gives the credential `tok` for a login, and tells its state to those who have it.
async fn platform() -> Server {
    Server::start(|request| match request.path.as_str() {
        "/login" => answer(200, "tok"),
        "/state" if request.header("authorization") == "Bearer tok" => answer(200, "state-1"),
        "/state" => answer(401, ""),
        _ => answer(200, ""),
    })
    .await
}

/// What a plan comes to, and what the server was asked for.
async fn plan(settings: &[(&str, &str)]) -> (Result<Plan, HostError>, Vec<String>, Arc<Ear>) {
    let server = platform().await;
    let target = target(artifacts::plans());
    let given = environment(settings)
        .with_setting("server-url", server.url.clone())
        .with_setting("password", "pw".to_owned());
    let (session, ear) = session(&target, given).await;
    let (_folder, application) = application::load();
    let planned = target.plan_authenticated(application, &session).await;
    let seen = server
        .seen()
        .iter()
        .map(|request| format!("{} {}", request.method, request.path))
        .collect();
    (planned.map(|planned| planned.plan), seen, ear)
}

#[tokio::test]
pub async fn plans() {
    let (planned, seen, _) = plan(&[]).await;
    let planned = planned.unwrap();
    assert_eq!(
        seen,
        ["POST /login", "HEAD /state", "GET /state"],
        "a login is an operation of its own"
    );
    assert_eq!(planned.basis(), "state-1");
    let changes: Vec<_> = planned
        .changes()
        .iter()
        .map(|change| {
            (
                change.action,
                change.kind.as_str(),
                change.name.as_str(),
                change.detail.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        changes,
        [
            (Action::Keep, "state", "200", None),
            (Action::Update, "[31mapp", "hello", Some("nothing")),
        ]
    );
    assert!(planned.is_to_change());
}

#[tokio::test]
async fn a_plan_brings_the_credential_of_its_login() {
    let server = platform().await;
    let target = target(artifacts::plans());
    let settings = [("server-url", server.url.as_str()), ("password", "pw")];
    let (first, _) = session(&target, environment(&settings)).await;
    let (_folder, application) = application::load();
    let planned = target
        .plan_authenticated(Arc::clone(&application), &first)
        .await
        .unwrap();
    let known = environment(&settings).with_credential(planned.credential);
    let (second, _) = session(&target, known).await;
    let again = target
        .plan_authenticated(application, &second)
        .await
        .unwrap();
    assert!(again.credential.is_none(), "it needed no other login");
    assert_eq!(again.plan, planned.plan);
    assert_eq!(server.seen().len(), 5);
}

/// What the guest says of its platform, whose version is `Acme 2`.
async fn runs(settings: &[(&str, &str)]) -> (Result<Offers, HostError>, Vec<String>) {
    let server = Server::start(|_| answer(200, "Acme 2")).await;
    let target = target(artifacts::plans());
    assert!(target.knows_platform());
    let given = environment(settings).with_setting("server-url", server.url.clone());
    let (session, _) = session(&target, given).await;
    let offers = target.runs(&session).await;
    let seen = server.seen().iter().map(|it| it.method.clone()).collect();
    (offers, seen)
}

#[tokio::test]
async fn a_target_looks_what_its_platform_runs_and_changes_nothing() {
    let (offers, seen) = runs(&[]).await;
    let offers = offers.unwrap();
    assert_eq!(seen, ["GET"]);
    assert_eq!(offers.places(), ["Acme 2"].into());
    assert!(offers.run(Need::Import("wasi:http/types@0.2.6"), "Acme 1"));
    assert!(offers.run(Need::Feature(Feature::CoreModules), "Acme 2"));
    assert!(!offers.run(Need::Feature(Feature::CoreModules), "Acme 1"));

    let (offers, seen) = runs(&[("method", "POST")]).await;
    assert!(
        matches!(
            &offers,
            Err(HostError::Denied {
                denial: Denial::Write { .. },
                ..
            })
        ),
        "{offers:?}"
    );
    assert!(seen.is_empty());

    let (offers, _) = runs(&[("ending", "\u{1b}[31m")]).await;
    assert!(
        matches!(&offers, Err(HostError::Answer { .. })),
        "{offers:?}"
    );
}

#[track_caller]
fn assert_overstepped(outcome: Result<Plan, HostError>, expected: &str) {
    match outcome {
        Err(
            ref error @ HostError::Denied {
                ref target,
                denial: Denial::Write { ref what, .. },
                ..
            },
        ) => {
            assert_eq!(target, "guest");
            assert!(what.contains(expected), "{what}");
            assert!(error.to_string().contains("while planning"), "{error}");
        }
        other => panic!("{other:?} instead of a refused {expected}"),
    }
}

#[tokio::test]
async fn whatever_is_no_look_ends_the_plan_and_never_leaves() {
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "get"] {
        let (planned, seen, ear) = plan(&[("method", method)]).await;
        assert_overstepped(
            planned,
            &format!("the method {method} to http://127.0.0.1:"),
        );
        assert_eq!(seen, ["POST /login", "HEAD /state", "GET /state"]);
        assert!(
            ear.heard()
                .iter()
                .any(|line| line.starts_with("denied a request with the method")),
            "{:?}",
            ear.heard()
        );
    }
}

#[tokio::test]
async fn a_look_may_not_pose_as_another_method() {
    for header in [
        "X-HTTP-Method-Override: DELETE",
        "x-http-method: DELETE",
        "X-Method-Override: PUT",
    ] {
        let (planned, seen, _) = plan(&[("method", "GET"), ("header", header)]).await;
        assert_overstepped(planned, "which stands for another method");
        assert_eq!(seen.len(), 3, "{header}");
    }
    let (planned, seen, _) = plan(&[("method", "GET"), ("header", "x-other: DELETE")]).await;
    assert!(planned.is_ok());
    assert_eq!(seen.len(), 4);
}

#[tokio::test]
async fn a_push_ends_the_plan() {
    let (planned, _, _) = plan(&[("method", "push")]).await;
    assert_overstepped(planned, "a push to Bindle");
}

#[tokio::test]
async fn how_the_guest_ends_makes_no_difference() {
    for ending in ["fails", "traps"] {
        let (planned, _, _) = plan(&[("method", "DELETE"), ("ending", ending)]).await;
        assert_overstepped(planned, "the method DELETE");
    }
    let (failed, _, _) = plan(&[("ending", "fails")]).await;
    assert!(
        matches!(&failed, Err(HostError::Failed { failure: TargetFailure::Conflict(why), .. }) if why == "it fails in the end"),
        "{failed:?}"
    );
    let (trapped, _, _) = plan(&[("ending", "traps")]).await;
    assert!(
        matches!(&trapped, Err(HostError::Trap { trap, .. }) if trap.operation == Operation::Plan),
        "{trapped:?}"
    );
}

#[tokio::test]
async fn what_a_plan_may_not_do_a_deploy_may() {
    let server = platform().await;
    let settings = [("server-url", server.url.as_str()), ("method", "DELETE")];
    assert_eq!(deploy(artifacts::plans(), &settings).await.unwrap(), "200");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_plan_that_breaks_the_contract_is_no_plan() {
    let server = Server::start(|_| answer(200, "two\nlines")).await;
    let target = target(artifacts::plans());
    let given =
        environment(&[("server-url", server.url.as_str())]).with_credential(Some(Credential {
            secret: Secret::new("tok"),
            expires_at: None,
            belongs_to: None,
        }));
    let (session, _) = session(&target, given).await;
    let (_folder, application) = application::load();
    let error = target.plan(application, &session).await.unwrap_err();
    assert!(
        matches!(&error, HostError::Answer { operation: Operation::Plan, reason, .. } if reason.contains("its basis")),
        "{error:?}"
    );
}

#[tokio::test]
async fn not_every_target_plans() {
    let target = target(artifacts::deploys());
    assert!(!target.can_plan());
    let (session, _) = session(&target, environment(&[])).await;
    let (_folder, application) = application::load();
    let error = target
        .plan_authenticated(application, &session)
        .await
        .unwrap_err();
    assert!(
        matches!(
            &error,
            HostError::Unsupported {
                operation: Operation::Plan,
                ..
            }
        ),
        "{error:?}"
    );
}
