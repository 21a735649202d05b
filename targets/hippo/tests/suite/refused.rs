//! What is refused, by whom, and in which words.

use bowline_hippo::deploy::{Facts, deploy};
use bowline_target::Failure;
use http::Method;

use crate::deploy::{REVISION, config, facts, run};
use crate::fake::{Fault, Hippo};

#[test]
fn nothing_is_asked_for_an_application_that_can_not_run() {
    let hippo = Hippo::default();
    let triggers = |kinds: &[&str]| Facts {
        triggers: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        ..facts("hello", REVISION)
    };
    for facts in [
        triggers(&[]),
        triggers(&["http", "redis"]),
        facts("a.b", REVISION),
        facts("größe", REVISION),
    ] {
        let refused = deploy(&hippo, &config(&[]), &facts);
        assert!(
            matches!(refused, Err(Failure::UnsupportedApplication(_))),
            "{refused:?}"
        );
    }
    assert!(hippo.seen().is_empty());
}

#[test]
fn a_name_that_makes_a_bad_domain_changes_nothing() {
    let hippo = Hippo::default();
    let Err(Failure::UnsupportedApplication(message)) = run(&hippo, "a--b", REVISION) else {
        panic!()
    };
    assert!(message.contains("--hippo-domain"), "{message}");
    assert_eq!(hippo.seen(), ["GET /api/apps"]);
    assert!(hippo.bindles.borrow().is_empty());
}

#[test]
fn an_application_of_another_origin_stays_as_it_is() {
    let hippo = Hippo::default();
    hippo.add_app("hello", "somebody/else");
    assert!(
        matches!(run(&hippo, "hello", REVISION), Err(Failure::Conflict(text)) if text.contains("somebody/else"))
    );
    assert_eq!(hippo.seen(), ["GET /api/apps"]);
}

#[test]
fn a_domain_of_hippos_making_that_is_taken_leaves_no_channel() {
    let hippo = Hippo::default();
    run(&hippo, "foo-bar", REVISION).unwrap();
    let Err(Failure::Conflict(message)) = run(&hippo, "Foo_Bar", REVISION) else {
        panic!()
    };
    assert!(
        message.contains("foo-bar.localhost") && message.contains("--hippo-domain"),
        "{message}"
    );
    assert_eq!(hippo.channels.borrow().len(), 1);
    let other = config(&[("hippo-domain", "other.localhost")]);
    deploy(&hippo, &other, &facts("Foo_Bar", REVISION)).unwrap();
}

#[test]
fn a_domain_of_another_channel_is_not_taken() {
    let hippo = Hippo::default();
    run(&hippo, "one", REVISION).unwrap();
    let taken = config(&[("hippo-domain", "one.localhost")]);
    assert!(matches!(
        deploy(&hippo, &taken, &facts("two", REVISION)),
        Err(Failure::Conflict(_))
    ));
    run(&hippo, "two", REVISION).unwrap();
    assert!(matches!(
        deploy(&hippo, &taken, &facts("two", REVISION)),
        Err(Failure::Conflict(_))
    ));
    assert_eq!(hippo.channels.borrow()[1].domain, "two.localhost");
}

#[test]
fn an_expired_token_is_told_as_such() {
    let hippo = Hippo::default();
    hippo.breaks(Method::GET, "/api/apps", Fault::Answer(401, ""));
    assert!(matches!(
        run(&hippo, "hello", REVISION),
        Err(Failure::Unauthenticated(_))
    ));
}

#[test]
fn hippo_with_another_bindle_server_is_found_out() {
    let hippo = Hippo::default();
    hippo.breaks(
        Method::POST,
        "/api/apps",
        Fault::Answer(
            400,
            r#"{"errors":{"StorageId":["Storage ID not found in bindle server"]}}"#,
        ),
    );
    let Err(Failure::NotFound(message)) = run(&hippo, "hello", REVISION) else {
        panic!()
    };
    assert!(
        message.contains("is it the one that the application was pushed to?"),
        "{message}"
    );
}

#[test]
fn a_server_that_is_no_hippo_is_told_with_what_it_said() {
    for (status, body, words) in [
        (200, "<!doctype html><p>hi", "a page of HTML"),
        (200, "", "an empty body"),
        (200, r#"{"items":[{"id""#, "JSON that ends too early"),
        (200, r#"{"things":[]}"#, "JSON of another shape"),
        (
            200,
            r#"{"items":[{"id":"../../x","name":"hello","storageId":"hello"}]}"#,
            "JSON of another shape",
        ),
        (200, "hello", "no JSON"),
    ] {
        let hippo = Hippo::default();
        hippo.breaks(Method::GET, "/api/apps", Fault::Answer(status, body));
        let Err(Failure::Unexpected(message)) = run(&hippo, "hello", REVISION) else {
            panic!("{body}")
        };
        assert!(
            message.contains(words) && message.contains("GET /api/apps"),
            "{message}"
        );
        assert!(
            message.contains("status 200") && message.contains("hippo-url"),
            "{message}"
        );
    }
}

#[test]
fn a_server_without_the_api_hints_at_its_version() {
    let hippo = Hippo::default();
    hippo.breaks(
        Method::GET,
        "/api/apps",
        Fault::Answer(404, "<html>nginx</html>"),
    );
    assert!(
        matches!(run(&hippo, "hello", REVISION), Err(Failure::Unexpected(text)) if text.contains("0.19"))
    );
}

#[test]
fn a_server_that_is_away_is_named() {
    let hippo = Hippo::default();
    hippo.breaks(Method::GET, "/api/apps", Fault::Unreachable);
    assert_eq!(
        run(&hippo, "hello", REVISION),
        Err(Failure::Unavailable(
            "looking for application 'hello' failed: can't reach http://hippo: it is away".into()
        ))
    );
}

#[test]
fn a_domain_that_is_no_host_name_goes_nowhere() {
    let hippo = Hippo::default();
    let app = hippo.add_app("hello", "hello");
    let active = hippo.add_revision(app, REVISION);
    hippo.add_channel(app, "spin-deploy", "evil@host/x?\u{1b}[2J", 1, Some(active));
    let Err(Failure::Unexpected(message)) = run(&hippo, "hello", REVISION) else {
        panic!()
    };
    assert!(!message.contains('\u{1b}'), "{message}");
}
