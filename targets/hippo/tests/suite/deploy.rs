//! Deploys that work, and what they ask for.

use bowline_hippo::config::Config;
use bowline_hippo::deploy::{Facts, deploy};
use bowline_target::{Deployment, Failure};

use crate::fake::Hippo;

pub const REVISION: &str = "1.0.0+q0123456789abcdef";

pub fn config(settings: &[(&str, &str)]) -> Config {
    let value = |name: &str| {
        settings
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    };
    let setting = |name: &str| {
        Ok(value(name).or_else(|| (name == "hippo-url").then(|| "http://hippo:5309/".into())))
    };
    Config::read(setting, Some("good".into())).unwrap_or_else(|failure| panic!("{failure}"))
}

pub fn facts(name: &str, revision: &str) -> Facts {
    Facts {
        name: name.into(),
        revision: revision.into(),
        triggers: vec!["http".into()],
        variables: vec![],
    }
}

pub fn run(hippo: &Hippo, name: &str, revision: &str) -> Result<Deployment, Failure> {
    deploy(hippo, &config(&[]), &facts(name, revision))
}

#[test]
fn the_first_deploy_takes_six_requests() {
    let hippo = Hippo::default();
    let deployment = run(&hippo, "hello", REVISION).unwrap();
    assert_eq!(
        hippo.seen(),
        [
            "GET /api/apps",
            "POST /api/apps",
            "GET /api/revisions",
            "POST /api/channels",
            "GET /api/channels",
            "PUT /api/channels/00000000-0000-0000-0000-000000000003/desired-status",
        ]
    );
    assert_eq!(deployment.id, "00000000-0000-0000-0000-000000000003");
    assert_eq!(deployment.url.as_deref(), Some("http://hello.localhost"));
    assert_eq!(deployment.revision, REVISION);
    let ready = deployment.ready_when.unwrap();
    assert_eq!(ready.path, "/.well-known/spin/info");
    assert_eq!(
        ready.expected,
        Some(("/bindle_version".into(), REVISION.into()))
    );
    assert_eq!(hippo.running("spin-deploy").as_deref(), Some(REVISION));
    assert_eq!(
        hippo.steps.take(),
        [
            "Pushing 'hello' 1.0.0+q0123456789abcdef to Bindle",
            "Creating application 'hello'",
            "Creating channel 'spin-deploy'",
            "Starting channel 'spin-deploy'",
        ]
    );
    assert!(hippo.warnings.take().is_empty());
}

#[test]
fn an_unchanged_application_takes_three_requests() {
    let hippo = Hippo::default();
    let first = run(&hippo, "hello", REVISION).unwrap();
    hippo.seen();
    let second = run(&hippo, "hello", REVISION).unwrap();
    assert_eq!(first, second);
    let channel = &first.id;
    assert_eq!(
        hippo.seen(),
        [
            "GET /api/apps".to_owned(),
            format!("GET /api/channels/{channel}"),
            format!("PUT /api/channels/{channel}/desired-status"),
        ]
    );
}

#[test]
fn a_changed_application_gets_a_revision_and_keeps_its_channel() {
    let hippo = Hippo::default();
    let first = run(&hippo, "hello", REVISION).unwrap();
    hippo.seen();
    let second = run(&hippo, "hello", "1.0.0+qffffffffffffffff").unwrap();
    assert_eq!(first.id, second.id);
    assert_eq!(hippo.seen().len(), 8);
    assert_eq!(
        hippo.running("spin-deploy").as_deref(),
        Some("1.0.0+qffffffffffffffff")
    );
    assert_eq!(hippo.revisions.borrow().len(), 2);
}

#[test]
fn an_import_that_missed_the_revision_is_made_up_for() {
    let hippo = Hippo::default();
    hippo.imports.set(false);
    run(&hippo, "hello", REVISION).unwrap();
    assert_eq!(
        hippo
            .seen()
            .iter()
            .filter(|it| *it == "POST /api/revisions")
            .count(),
        1
    );
    assert_eq!(hippo.running("spin-deploy").as_deref(), Some(REVISION));
}

#[test]
fn a_channel_of_old_spin_is_taken_over_and_pinned() {
    let hippo = Hippo::default();
    hippo.numbers.set(true);
    let app = hippo.add_app("hello", "hello");
    let active = hippo.add_revision(app, REVISION);
    hippo.add_channel(app, "spin-deploy", "hello.example.com", 0, Some(active));
    run(&hippo, "hello", REVISION).unwrap();
    assert_eq!(hippo.channels.borrow()[0].strategy, 1);
    // It is listed with the channel, so nobody asks for the others.
    assert!(!hippo.seen().contains(&"GET /api/revisions".to_owned()));
}

#[test]
fn revisions_of_the_same_number_are_taken_as_one() {
    let hippo = Hippo::default();
    let app = hippo.add_app("hello", "hello");
    let other = hippo.add_app("other", "other");
    hippo.add_revision(other, REVISION);
    hippo.add_revision(app, REVISION);
    hippo.add_revision(app, REVISION);
    run(&hippo, "hello", REVISION).unwrap();
    assert_eq!(hippo.revisions.borrow().len(), 3);
    assert_eq!(hippo.running("spin-deploy").as_deref(), Some(REVISION));
}

#[test]
fn a_name_within_another_name_is_another_application() {
    let hippo = Hippo::default();
    hippo.add_app("hello-world", "hello-world");
    hippo.add_app("Hello", "Hello");
    run(&hippo, "hello", REVISION).unwrap();
    assert_eq!(hippo.apps.borrow().len(), 3);
}

#[test]
fn lists_are_read_to_their_end_whatever_they_say_of_it() {
    for cap in [1, 7, 50, 200] {
        let hippo = Hippo::default();
        let app = hippo.add_app("hello", "hello");
        hippo.add_revision(app, REVISION);
        for n in 0..200 {
            hippo.add_revision(app, &format!("0.0.{n}"));
        }
        hippo.most_items.set(cap);
        run(&hippo, "hello", REVISION).unwrap();
        assert_eq!(
            hippo.revisions.borrow().len(),
            201,
            "registered again with pages of {cap}"
        );
    }
}

#[test]
fn a_list_that_is_too_long_for_one_answer_comes_in_pages() {
    let hippo = Hippo::default();
    let app = hippo.add_app("hello", "hello");
    hippo.add_revision(app, REVISION);
    for n in 0..1200 {
        hippo.add_revision(app, &format!("0.0.{n}"));
    }
    hippo.longest.set(100_000);
    run(&hippo, "hello", REVISION).unwrap();
    assert_eq!(hippo.revisions.borrow().len(), 1201);
    assert_eq!(
        hippo
            .seen()
            .iter()
            .filter(|it| *it == "GET /api/revisions")
            .count(),
        4
    );
}

#[test]
fn a_given_domain_is_used_and_followed() {
    let hippo = Hippo::default();
    let with = |domain| {
        deploy(
            &hippo,
            &config(&[("hippo-domain", domain)]),
            &facts("-odd--", REVISION),
        )
    };
    assert_eq!(
        with("a.example.com").unwrap().url.as_deref(),
        Some("http://a.example.com")
    );
    assert_eq!(
        with("b.example.com").unwrap().url.as_deref(),
        Some("http://b.example.com")
    );
    assert_eq!(hippo.channels.borrow().len(), 1);
    // Once there, it stays without being told.
    let deployment = run(&hippo, "-odd--", REVISION).unwrap();
    assert_eq!(deployment.url.as_deref(), Some("http://b.example.com"));
}

#[test]
fn the_url_follows_its_template() {
    let hippo = Hippo::default();
    let config = config(&[
        ("hippo-app-url", "https://{domain}:8443/{app}"),
        ("hippo-channel", "live"),
    ]);
    let deployment = deploy(&hippo, &config, &facts("hello", REVISION)).unwrap();
    assert_eq!(
        deployment.url.as_deref(),
        Some("https://hello.localhost:8443/hello")
    );
    assert_eq!(hippo.running("live").as_deref(), Some(REVISION));
}

#[test]
fn archives_are_accepted_for_a_server_that_says_so_and_no_other() {
    let hippo = Hippo::default();
    run(&hippo, "hello", REVISION).unwrap();
    bowline_hippo::deploy::plan(&hippo, &config(&[]), &facts("hello", REVISION)).unwrap();
    assert!(!hippo.archives_accepted.get());
    hippo.takes_archives.set(true);
    bowline_hippo::deploy::plan(&hippo, &config(&[]), &facts("hello", REVISION)).unwrap();
    assert!(hippo.archives_accepted.take());
    run(&hippo, "hello", REVISION).unwrap();
    assert!(hippo.archives_accepted.get());
}
