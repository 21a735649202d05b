//! Plans: they change nothing, and tell what a deploy then does.

use bowline_hippo::config::Config;
use bowline_hippo::deploy::plan;
use bowline_target::{Action, ChangeSet, Failure};
use http::Method;

use crate::deploy::{REVISION, config, facts, run};
use crate::fake::{Fault, Hippo};

/// A plan's changes, each as one line.
fn lines(plan: &ChangeSet) -> Vec<String> {
    let line = |change: &bowline_target::Change| {
        let sign = match change.action {
            Action::Create => '+',
            Action::Update => '~',
            Action::Remove => '-',
            Action::Keep => '=',
        };
        let detail = change.detail.as_deref().unwrap_or_default();
        format!("{sign} {} {} {detail}", change.kind, change.name)
            .trim_end()
            .to_owned()
    };
    plan.changes.iter().map(line).collect()
}

/// Plans, and makes sure that nothing but questions came of it.
fn planned(hippo: &Hippo, config: &Config, revision: &str) -> Result<ChangeSet, Failure> {
    hippo.seen();
    let bindles = hippo.bindles.borrow().len();
    let planned = plan(hippo, config, &facts("hello", revision));
    let seen = hippo.seen();
    assert!(seen.iter().all(|line| line.starts_with("GET ")), "{seen:?}");
    assert_eq!(hippo.bindles.borrow().len(), bindles);
    planned
}

/// What a deploy did, in the plan's words; starting a channel that runs what it is to run is no deed.
fn deeds(hippo: &Hippo, revision: &str, config: &Config) -> Vec<&'static str> {
    let (bindles, revisions) = (hippo.bindles.borrow().len(), hippo.revisions.borrow().len());
    let running = hippo.running(&config.channel);
    hippo.seen();
    bowline_hippo::deploy::deploy(hippo, config, &facts("hello", revision)).unwrap();
    let mut deeds = Vec::new();
    if hippo.bindles.borrow().len() > bindles {
        deeds.push("+ bindle");
    }
    let seen = hippo.seen();
    let sent = |start: &str| seen.iter().any(|line| line.starts_with(start));
    if sent("POST /api/apps") {
        deeds.push("+ application");
    }
    if hippo.revisions.borrow().len() > revisions {
        deeds.push("+ revision");
    }
    if sent("POST /api/channels") {
        deeds.push("+ channel");
    } else if sent("PATCH /api/channels/") || hippo.running(&config.channel) != running {
        deeds.push("~ channel");
    }
    deeds
}

/// Plans and deploys, and holds the one against the other.
fn kept_promise(hippo: &Hippo, config: &Config, revision: &str) -> ChangeSet {
    let promised = planned(hippo, config, revision).unwrap();
    let changes: Vec<String> = lines(&promised)
        .iter()
        .filter(|line| !line.starts_with('='))
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(deeds(hippo, revision, config), changes, "{promised:?}");
    let after = planned(hippo, config, revision).unwrap();
    assert!(
        after.changes.iter().all(|it| it.action == Action::Keep),
        "right after a deploy there is nothing to do: {after:?}"
    );
    promised
}

#[test]
fn all_of_a_new_application_is_created() {
    let hippo = Hippo::default();
    let plan = kept_promise(&hippo, &config(&[]), REVISION);
    assert_eq!(
        lines(&plan),
        [
            "+ bindle hello/1.0.0+q0123456789abcdef at most 3 parcels to upload (3.0 KiB), 2 are there",
            "+ application hello",
            "+ revision 1.0.0+q0123456789abcdef",
            "+ channel spin-deploy at a domain of Hippo's making",
        ]
    );
}

#[test]
fn of_an_unchanged_application_everything_is_kept() {
    let hippo = Hippo::default();
    run(&hippo, "hello", REVISION).unwrap();
    let plan = kept_promise(&hippo, &config(&[]), REVISION);
    assert_eq!(
        lines(&plan),
        [
            "= bindle hello/1.0.0+q0123456789abcdef",
            "= application hello",
            "= revision 1.0.0+q0123456789abcdef",
            "= channel spin-deploy",
        ]
    );
}

#[test]
fn a_new_revision_switches_the_channel() {
    let hippo = Hippo::default();
    run(&hippo, "hello", REVISION).unwrap();
    let plan = kept_promise(&hippo, &config(&[]), "1.1.0+qb");
    assert_eq!(
        lines(&plan)[1..],
        [
            "= application hello",
            "+ revision 1.1.0+qb",
            "~ channel spin-deploy runs 1.1.0+qb instead of 1.0.0+q0123456789abcdef",
        ]
    );
    // Back to the old one, which everybody has still.
    let plan = kept_promise(&hippo, &config(&[]), REVISION);
    assert_eq!(
        lines(&plan)[1..],
        [
            "= application hello",
            "= revision 1.0.0+q0123456789abcdef",
            "~ channel spin-deploy runs 1.0.0+q0123456789abcdef instead of 1.1.0+qb",
        ]
    );
}

#[test]
fn everything_that_changes_of_a_channel_is_told() {
    let hippo = Hippo::default();
    let app = hippo.add_app("hello", "hello");
    let old = hippo.add_revision(app, "0.9.0");
    hippo.add_channel(app, "spin-deploy", "old.localhost", 0, Some(old));
    let config = config(&[("hippo-domain", "new.localhost")]);
    let plan = kept_promise(&hippo, &config, REVISION);
    assert_eq!(
        lines(&plan)[3],
        "~ channel spin-deploy runs 1.0.0+q0123456789abcdef instead of 0.9.0; stays with this revision instead of following a \
         range; answers at new.localhost instead of old.localhost"
    );
}

#[test]
fn a_channel_without_revision_gets_one() {
    let hippo = Hippo::default();
    let app = hippo.add_app("hello", "hello");
    hippo.add_channel(app, "spin-deploy", "hello.localhost", 1, None);
    let plan = kept_promise(&hippo, &config(&[]), REVISION);
    assert_eq!(
        lines(&plan)[3],
        "~ channel spin-deploy runs 1.0.0+q0123456789abcdef instead of none"
    );
}

#[test]
fn another_channel_is_created_beside_the_first() {
    let hippo = Hippo::default();
    run(&hippo, "hello", REVISION).unwrap();
    let staging = config(&[
        ("hippo-channel", "staging"),
        ("hippo-domain", "staging.localhost"),
    ]);
    let plan = kept_promise(&hippo, &staging, REVISION);
    assert_eq!(
        lines(&plan),
        [
            "= bindle hello/1.0.0+q0123456789abcdef",
            "= application hello",
            "= revision 1.0.0+q0123456789abcdef",
            "+ channel staging at staging.localhost",
        ]
    );
}

#[test]
fn a_stopped_channel_is_started() {
    let hippo = Hippo::default();
    run(&hippo, "hello", REVISION).unwrap();
    hippo.channels.borrow_mut()[0].running = None;
    let plan = kept_promise(&hippo, &config(&[]), REVISION);
    assert_eq!(
        lines(&plan)[3],
        "~ channel spin-deploy is started: it does not run"
    );
}

#[test]
fn where_a_deploy_would_fail_the_plan_does() {
    let hippo = Hippo::default();
    hippo.add_app("hello", "somebody-else");
    let conflict = planned(&hippo, &config(&[]), REVISION).unwrap_err();
    assert!(matches!(&conflict, Failure::Conflict(why) if why.contains("another origin")));

    let hippo = Hippo::default();
    let other = hippo.add_app("other", "other");
    hippo.add_channel(other, "spin-deploy", "taken.localhost", 1, None);
    let taken = config(&[("hippo-domain", "taken.localhost")]);
    for _ in ["new", "to be changed"] {
        let conflict = planned(&hippo, &taken, REVISION).unwrap_err();
        assert!(
            matches!(&conflict, Failure::Conflict(why) if why.contains("belongs to another channel")),
            "{conflict:?}"
        );
        run(&hippo, "hello", REVISION).unwrap();
    }

    let mut redis = facts("hello", REVISION);
    redis.triggers = vec!["redis".into()];
    let refused = plan(&Hippo::default(), &config(&[]), &redis).unwrap_err();
    assert!(matches!(refused, Failure::UnsupportedApplication(_)));
    let mut bad = config(&[]);
    bad.token = "bad".into();
    let refused = planned(&Hippo::default(), &bad, REVISION).unwrap_err();
    assert!(matches!(refused, Failure::Unauthenticated(_)));
}

#[test]
fn trouble_with_the_state_of_a_channel_is_told() {
    let hippo = Hippo::default();
    run(&hippo, "hello", REVISION).unwrap();
    hippo.breaks(Method::GET, "/api/channel-statuses", Fault::Answer(500, ""));
    let failure = planned(&hippo, &config(&[]), REVISION).unwrap_err();
    assert!(
        matches!(&failure, Failure::Unavailable(why) if why.starts_with("asking for the state of channel 'spin-deploy' failed")),
        "{failure:?}"
    );
}

#[test]
fn the_basis_moves_with_what_the_plan_relies_on_and_with_nothing_else() {
    let hippo = Hippo::default();
    run(&hippo, "hello", REVISION).unwrap();
    let basis = |settings: &[(&str, &str)], revision: &str| {
        planned(&hippo, &config(settings), revision).unwrap().basis
    };
    let next = "1.1.0+qb";
    let first = basis(&[], next);
    assert_eq!(first.len(), 64);
    assert_eq!(basis(&[], next), first);
    // Other applications, and how this one's address is shown.
    let other = hippo.add_app("other", "other");
    hippo.add_channel(other, "spin-deploy", "other.localhost", 1, None);
    assert_eq!(
        basis(&[("hippo-app-url", "https://{domain}:8443")], next),
        first
    );

    // The settings, what is to be deployed, and where.
    assert_ne!(basis(&[("hippo-channel", "staging")], next), first);
    assert_ne!(basis(&[("hippo-domain", "new.localhost")], next), first);
    assert_ne!(basis(&[("hippo-url", "http://hippo:5310")], next), first);
    assert_ne!(basis(&[], "1.2.0+qc"), first);

    // What somebody else does.
    hippo.channels.borrow_mut()[0].domain = "moved.localhost".into();
    let second = basis(&[], next);
    assert_ne!(second, first);
    let app = hippo.apps.borrow()[0].id;
    hippo.add_revision(app, next);
    let third = basis(&[], next);
    assert_ne!(third, second);
    hippo.bindles.borrow_mut().push(format!("hello/{next}"));
    let fourth = basis(&[], next);
    assert_ne!(fourth, third);
    hippo.channels.borrow_mut()[0].strategy = 0;
    assert_ne!(basis(&[], next), fourth);
}
