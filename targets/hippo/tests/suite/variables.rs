//! Values for the application's variables: refused by Hippo, carried by a platform that says that it does.

use bowline_hippo::deploy::{Facts, Variable, deploy, plan};
use bowline_target::{Action, Failure};
use http::Method;

use crate::deploy::{REVISION, config, facts, run};
use crate::fake::{Fault, Hippo, SECRET};

fn giving(pairs: &[(&str, &str)]) -> Facts {
    let variable = |(name, value): &(&str, &str)| Variable {
        name: (*name).to_owned(),
        value: (*value).to_owned(),
        secret: value.starts_with(SECRET),
    };
    Facts {
        variables: pairs.iter().map(variable).collect(),
        ..facts("hello", REVISION)
    }
}

/// A platform that hands out values, with the application deployed.
fn platform() -> Hippo {
    let hippo = Hippo::default();
    hippo.takes_variables.set(true);
    run(&hippo, "hello", REVISION).unwrap();
    hippo.seen();
    hippo
}

fn set(hippo: &Hippo, pairs: &[(&str, &str)]) {
    hippo.channels.borrow_mut()[0].variables = owned(pairs);
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    pairs.iter().map(pair).collect()
}

fn variables(hippo: &Hippo) -> Vec<(String, String)> {
    hippo.channels.borrow()[0].variables.clone()
}

/// What a plan says of variables, and its basis.
fn planned(hippo: &Hippo, facts: &Facts) -> (Vec<String>, String) {
    hippo.seen();
    let planned = plan(hippo, &config(&[]), facts).unwrap();
    let seen = hippo.seen();
    assert!(seen.iter().all(|line| line.starts_with("GET ")), "{seen:?}");
    let lines = planned
        .changes
        .iter()
        .filter(|change| change.kind == "variable")
        .map(|change| {
            let sign = match change.action {
                Action::Create => '+',
                Action::Update => '~',
                Action::Remove => '-',
                Action::Keep => '=',
            };
            let detail = change.detail.as_deref().unwrap_or_default();
            format!("{sign} {} {detail}", change.name)
                .trim_end()
                .to_owned()
        });
    (lines.collect(), planned.basis)
}

#[test]
fn hippo_is_not_given_what_it_would_lose() {
    let hippo = Hippo::default();
    let facts = giving(&[("greeting", "hi"), ("api_key", "bowline-secret-0")]);
    for refused in [
        deploy(&hippo, &config(&[]), &facts).map(drop),
        plan(&hippo, &config(&[]), &facts).map(drop),
    ] {
        let Err(Failure::UnsupportedApplication(why)) = refused else {
            panic!("{refused:?}")
        };
        assert!(
            why.contains("greeting, api_key") && why.contains("[variables]"),
            "{why}"
        );
        assert!(!why.contains("'hi'") && !why.contains(SECRET), "{why}");
    }
    assert!(hippo.bindles.borrow().is_empty(), "nothing is sent before");
    let seen = hippo.seen();
    assert!(seen.iter().all(|line| line == "GET /api/apps"), "{seen:?}");
}

#[test]
fn what_others_have_set_at_hippo_stays() {
    let hippo = Hippo::default();
    run(&hippo, "hello", REVISION).unwrap();
    set(&hippo, &[("SPIN_VARIABLE_GREETING", "hi")]);
    assert_eq!(planned(&hippo, &giving(&[])).0, [""; 0]);
    run(&hippo, "hello", REVISION).unwrap();
    assert_eq!(
        variables(&hippo),
        owned(&[("SPIN_VARIABLE_GREETING", "hi")])
    );
}

#[test]
fn a_new_channel_gets_its_values_and_is_started_with_them() {
    let hippo = Hippo::default();
    hippo.takes_variables.set(true);
    let facts = giving(&[("api_key", "bowline-secret-0"), ("greeting", "hi")]);
    assert_eq!(
        planned(&hippo, &facts).0,
        ["+ api_key a secret", "+ greeting 'hi'"]
    );
    deploy(&hippo, &config(&[]), &facts).unwrap();
    assert_eq!(
        variables(&hippo),
        owned(&[
            ("SPIN_VARIABLE_API_KEY", "bowline-secret-0"),
            ("SPIN_VARIABLE_GREETING", "hi")
        ])
    );
    let seen = hippo.seen();
    let at = |what: &str| seen.iter().position(|line| line.starts_with(what)).unwrap();
    assert!(
        at("POST /api/channels") < at("PATCH /api/channels"),
        "{seen:?}"
    );
    assert!(
        at("PATCH /api/channels") < at("PUT /api/channels"),
        "{seen:?}"
    );
}

#[test]
fn only_what_differs_is_set_and_what_belongs_to_others_stays() {
    let hippo = platform();
    set(
        &hippo,
        &[
            ("OTHER", "mine"),
            ("SPIN_VARIABLE_GREETING", "hello"),
            ("SPIN_VARIABLE_OLD", "x"),
        ],
    );
    let (lines, basis) = planned(&hippo, &giving(&[("greeting", "hi")]));
    assert_eq!(
        lines,
        [
            "~ greeting 'hi' instead of 'hello'",
            "- old is not given: back to its default"
        ]
    );
    deploy(&hippo, &config(&[]), &giving(&[("greeting", "hi")])).unwrap();
    assert_eq!(
        variables(&hippo),
        owned(&[("OTHER", "mine"), ("SPIN_VARIABLE_GREETING", "hi")])
    );
    let (lines, after) = planned(&hippo, &giving(&[("greeting", "hi")]));
    assert_eq!(lines, ["= greeting"]);
    assert_ne!(basis, after);
    deploy(&hippo, &config(&[]), &giving(&[("greeting", "hi")])).unwrap();
    let seen = hippo.seen();
    assert!(
        !seen.iter().any(|line| line.starts_with("PATCH")),
        "{seen:?}"
    );
}

#[test]
fn a_secret_is_set_every_time_and_never_in_a_plan() {
    let hippo = platform();
    let first = giving(&[("api_key", "bowline-secret-1")]);
    set(&hippo, &[("SPIN_VARIABLE_API_KEY", "an old secret")]);
    let (lines, basis) = planned(&hippo, &first);
    assert_eq!(lines, ["~ api_key a secret"]);
    // What the platform has may be the secret of another run: nothing of it is in the basis.
    set(&hippo, &[("SPIN_VARIABLE_API_KEY", "an older secret")]);
    assert_eq!(planned(&hippo, &first).1, basis);

    deploy(&hippo, &config(&[]), &first).unwrap();
    assert_eq!(planned(&hippo, &first).0, ["= api_key"]);
    // Stars may stand for any secret of this run.
    deploy(
        &hippo,
        &config(&[]),
        &giving(&[("api_key", "bowline-secret-2")]),
    )
    .unwrap();
    assert_eq!(
        variables(&hippo),
        owned(&[("SPIN_VARIABLE_API_KEY", "bowline-secret-2")])
    );
}

#[test]
fn what_cannot_be_read_is_not_overwritten() {
    let hippo = platform();
    set(&hippo, &[("OTHER", "postgres://bob:****@db")]);
    let refused = deploy(&hippo, &config(&[]), &giving(&[("greeting", "hi")]));
    let Err(Failure::Conflict(why)) = refused else {
        panic!("{refused:?}")
    };
    assert!(why.contains("'OTHER'"), "{why}");
    assert_eq!(
        variables(&hippo),
        owned(&[("OTHER", "postgres://bob:****@db")])
    );
}

#[test]
fn a_lost_answer_is_looked_after() {
    for fault in [Fault::AnswerLost, Fault::SavedThen500] {
        let hippo = platform();
        hippo.breaks(Method::PATCH, "/api/channels", fault);
        deploy(&hippo, &config(&[]), &giving(&[("greeting", "hi")])).unwrap();
        assert_eq!(
            variables(&hippo),
            owned(&[("SPIN_VARIABLE_GREETING", "hi")])
        );
    }
}
