//! The flags of `deploy` are those of the target in force.

use std::fs;

use bowline_guest_artifacts as guests;
use bowline_tests::command::Home;
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::sample::Sample;

#[test]
fn the_help_shows_the_settings_of_another_target_instead_of_hippos() {
    let home = Home::new();
    let target = home.path().join("asks.wasm");
    fs::write(&target, guests::asks()).unwrap();
    let help = |target: Option<&std::path::Path>| {
        let command = home.bowline(["deploy", "--help"]);
        let command = match target {
            Some(target) => command.arg("--target").arg(target),
            None => command,
        };
        command.run().success().stdout
    };

    let hippos = help(None);
    assert!(
        hippos.contains("Settings of the target 'hippo'"),
        "{hippos}"
    );
    assert!(hippos.contains("--hippo-url"), "{hippos}");

    // The second time it comes from the cache.
    for _ in 0..2 {
        let theirs = help(Some(&target));
        assert!(
            theirs.contains("Settings of the target 'guest' 0.1.0"),
            "{theirs}"
        );
        assert!(theirs.contains("--server-url <URL>"), "{theirs}");
        assert!(theirs.contains("GUEST_SERVER_URL"), "{theirs}");
        assert!(!theirs.contains("--hippo-url <URL>"), "{theirs}");
    }
}

#[test]
fn settings_come_from_flags_before_variables() {
    let home = Home::new();
    let sample = Sample::new();
    let target = home.path().join("asks.wasm");
    fs::write(&target, guests::asks()).unwrap();
    let server = |status| Meddler::start(None, move |_| Act::answer(status, "text/plain", ""));
    let (flags, variables) = (server(200), server(200));
    let ask = |url: String| {
        home.deploy(sample.path())
            .approved_target(&target)
            .env("GUEST_SERVER_URL", variables.origin())
            .arg(format!("--server-url={}", flags.origin()))
            .arg("--method=GET")
            .arg(format!("--url={url}"))
            .run()
    };
    ask(flags.origin()).success();
    ask(variables.origin()).fails(10, &[&variables.origin()]);
    assert_eq!((flags.seen().len(), variables.seen().len()), (1, 0));
    home.deploy(sample.path())
        .arg("--target")
        .arg(&target)
        .arg("--hippo-url=http://localhost")
        .run()
        .exit(2);
}
