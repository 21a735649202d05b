//! Lost answers, errors after saving, and runs that end in the middle.

use bowline_target::Failure;
use http::Method;

use crate::deploy::{REVISION, run};
use crate::fake::{Fault, Hippo};

const NEXT: &str = "1.1.0+q0000000000000000";

/// There is one of everything, and it runs.
fn is_whole(hippo: &Hippo, revision: &str) {
    assert_eq!(hippo.apps.borrow().len(), 1, "applications");
    assert_eq!(hippo.channels.borrow().len(), 1, "channels");
    let revisions = hippo.revisions.borrow();
    assert_eq!(
        revisions.iter().filter(|it| it.number == revision).count(),
        1,
        "revisions"
    );
    drop(revisions);
    assert_eq!(hippo.running("spin-deploy").as_deref(), Some(revision));
}

#[test]
fn a_creation_whose_answer_was_lost_is_found_and_not_repeated() {
    for path in ["/api/apps", "/api/revisions", "/api/channels"] {
        for fault in [
            Fault::AnswerLost,
            Fault::SavedThen500,
            Fault::ActedThenAnswer(200, "<html>proxy</html>"),
            Fault::ActedThenAnswer(200, "\"trunc"),
            Fault::ActedThenAnswer(502, "<html>bad gateway</html>"),
        ] {
            let hippo = Hippo::default();
            hippo.imports.set(false);
            hippo.breaks(Method::POST, path, fault);
            run(&hippo, "hello", REVISION).unwrap();
            is_whole(&hippo, REVISION);
            let posted = hippo
                .seen()
                .iter()
                .filter(|it| **it == format!("POST {path}"))
                .count();
            assert_eq!(posted, 1, "{path}");
        }
    }
}

#[test]
fn an_error_after_saving_is_told() {
    let hippo = Hippo::default();
    hippo.breaks(Method::POST, "/api/apps", Fault::SavedThen500);
    hippo.breaks(
        Method::GET,
        "/healthz",
        Fault::Answer(
            503,
            r#"{"ServiceName":"Hippo","Status":"Unhealthy","Subservices":[{"ServiceName":"Bindle","Description":"A healthy result.","Status":"Healthy"},
                {"ServiceName":"Nomad","Description":"An unhealthy result.","Status":"Unhealthy"}]}"#,
        ),
    );
    run(&hippo, "hello", REVISION).unwrap();
    let warnings = hippo.warnings.take();
    assert!(
        warnings[0].starts_with("Hippo has application 'hello' in spite of this answer: "),
        "{warnings:?}"
    );
    assert_eq!(
        warnings[1],
        "Hippo is not healthy (Nomad: An unhealthy result.)"
    );
}

#[test]
fn every_request_may_be_the_last_one_of_a_run() {
    // Each run loses one more answer; the run after it goes on, and nothing is there twice.
    for (before, after) in [(None, REVISION), (Some(REVISION), NEXT)] {
        for cut in 0..9 {
            let hippo = Hippo::default();
            hippo.imports.set(false);
            if let Some(before) = before {
                run(&hippo, "hello", before).unwrap();
            }
            let flow = {
                let trial = Hippo::default();
                trial.imports.set(false);
                if let Some(before) = before {
                    run(&trial, "hello", before).unwrap();
                    trial.seen();
                }
                run(&trial, "hello", after).unwrap();
                trial.seen()
            };
            let Some(line) = flow.get(cut) else { continue };
            let (method, path) = line.split_once(' ').unwrap();
            let path: &'static str = Box::leak(path.to_owned().into_boxed_str());
            // The expired token ends the run for good, after Hippo acted.
            hippo.breaks(
                method.parse().unwrap(),
                path,
                Fault::ActedThenAnswer(401, ""),
            );
            let ended = run(&hippo, "hello", after);
            assert!(
                matches!(ended, Err(Failure::Unauthenticated(_))),
                "{line}: {ended:?}"
            );
            run(&hippo, "hello", after).unwrap();
            is_whole(&hippo, after);
        }
    }
}

#[test]
fn a_patch_whose_answer_was_lost_is_looked_at() {
    for fault in [
        Fault::AnswerLost,
        Fault::SavedThen500,
        Fault::Answer(503, ""),
    ] {
        let hippo = Hippo::default();
        run(&hippo, "hello", REVISION).unwrap();
        hippo.breaks(Method::PATCH, "/api/channels", fault);
        run(&hippo, "hello", NEXT).unwrap();
        is_whole(&hippo, NEXT);
    }
}

#[test]
fn a_start_is_asked_for_again() {
    for fault in [
        Fault::AnswerLost,
        Fault::SavedThen500,
        Fault::Answer(500, ""),
    ] {
        let hippo = Hippo::default();
        hippo.breaks(Method::PUT, "/api/channels", fault);
        run(&hippo, "hello", REVISION).unwrap();
        is_whole(&hippo, REVISION);
    }
}

#[test]
fn a_channel_that_never_starts_is_a_failure() {
    let hippo = Hippo::default();
    hippo.breaks(Method::PUT, "/api/channels", Fault::Answer(500, ""));
    hippo.breaks(Method::PUT, "/api/channels", Fault::Answer(500, ""));
    let Err(Failure::Unavailable(message)) = run(&hippo, "hello", REVISION) else {
        panic!()
    };
    assert!(
        message.starts_with("starting channel 'spin-deploy' failed"),
        "{message}"
    );
    run(&hippo, "hello", REVISION).unwrap();
    is_whole(&hippo, REVISION);
}

#[test]
fn a_restart_that_a_run_did_not_come_to_is_made_up_for() {
    let hippo = Hippo::default();
    run(&hippo, "hello", REVISION).unwrap();
    hippo.breaks(Method::PUT, "/api/channels", Fault::Unreachable);
    assert!(matches!(
        run(&hippo, "hello", NEXT),
        Err(Failure::Unavailable(_))
    ));
    assert_eq!(hippo.running("spin-deploy").as_deref(), Some(REVISION));
    run(&hippo, "hello", NEXT).unwrap();
    assert_eq!(hippo.running("spin-deploy").as_deref(), Some(NEXT));
}

#[test]
fn a_read_is_repeated_once() {
    let hippo = Hippo::default();
    hippo.breaks(Method::GET, "/api/apps", Fault::AnswerLost);
    run(&hippo, "hello", REVISION).unwrap();
    hippo.breaks(Method::GET, "/api/apps", Fault::AnswerLost);
    hippo.breaks(Method::GET, "/api/apps", Fault::AnswerLost);
    assert!(matches!(
        run(&hippo, "hello", REVISION),
        Err(Failure::Unavailable(_))
    ));
}

#[test]
fn somebody_else_creating_it_first_is_no_failure() {
    // The list was read before the other one's application was there.
    let hippo = Hippo::default();
    hippo.push_other();
    hippo.breaks(
        Method::GET,
        "/api/apps",
        Fault::Answer(200, r#"{"items":[],"pageSize":2147483647}"#),
    );
    run(&hippo, "hello", REVISION).unwrap();
    is_whole(&hippo, REVISION);
    assert!(hippo.warnings.take().is_empty());
}

impl Hippo {
    /// Somebody else created the application, with this revision.
    fn push_other(&self) {
        let app = self.add_app("hello", "hello");
        self.add_revision(app, REVISION);
    }
}

#[test]
fn a_channel_that_was_made_in_spite_of_an_error_is_told_when_its_domain_is_taken() {
    for fault in [Fault::AnswerLost, Fault::SavedThen500] {
        let hippo = Hippo::default();
        run(&hippo, "foo-bar", REVISION).unwrap();
        hippo.breaks(Method::POST, "/api/channels", fault);
        let Err(Failure::Conflict(message)) = run(&hippo, "Foo_Bar", REVISION) else {
            panic!("two channels would share a domain")
        };
        assert!(
            message.contains("foo-bar.localhost") && message.contains("--hippo-domain"),
            "{message}"
        );
    }
}
