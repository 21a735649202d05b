//! What goes wrong, and what the user is told.

use std::fs;

use bowline_tests::depot::Trouble;
use bowline_tests::sample::Sample;

use crate::for_each_language;
use crate::world::{Language, TOKEN, World};

for_each_language!(
    a_wrong_token,
    no_service,
    refusals,
    a_service_that_forgets,
    a_file_that_changes_in_between,
    an_application_that_the_service_does_not_take,
    another_trigger,
    settings_that_are_missing,
    the_help_shows_the_settings,
    a_target_that_breaks_down,
);

fn a_wrong_token(language: Language) {
    let world = World::new(language);
    world
        .deploy(Sample::new().path())
        .env(&world.variable("token"), "wrong")
        .run()
        .fails(4, &["the Depot refuses the token", "-token"]);
    assert_eq!(world.depot.application("shop"), None);
}

fn no_service(language: Language) {
    let world = World::new(language);
    // Bound and let go: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap();
    drop(port);
    world
        .deploy(Sample::new().path())
        .env(&world.variable("url"), format!("http://{address}/"))
        .run()
        .fails(8, &["can't be reached", &address.to_string()]);
}

fn refusals(language: Language) {
    let world = World::new(language);
    let sample = Sample::new();
    for (status, code, said) in [
        (403, 5, "doesn't allow GET /applications/shop"),
        (429, 8, "is busy"),
        (503, 8, "is busy"),
        (418, 13, "status 418"),
        (302, 13, "status 302"),
    ] {
        world.depot.suffers(Trouble::Refuses(status));
        world.deploy(sample.path()).run().fails(code, &[said]);
    }
    world.depot.suffers(Trouble::None);
    world.deploy(sample.path()).run().success();
}

fn a_service_that_forgets(language: Language) {
    let world = World::new(language);
    world.depot.suffers(Trouble::Forgets);
    world
        .deploy(Sample::new().path())
        .run()
        .fails(7, &["lost contents"]);
    assert_eq!(world.depot.application("shop"), None);
}

fn a_file_that_changes_in_between(language: Language) {
    let world = World::new(language);
    let sample = Sample::with(&[("a.txt", b"as it was")]);
    let (path, home) = (sample.path().join("static/a.txt"), &world.home);
    // The Depot is asked for the first time after the application was read.
    let meddler = bowline_tests::meddler::Meddler::start(Some(world.depot.address()), move |_| {
        fs::write(&path, b"as it is now").unwrap();
        bowline_tests::meddler::Act::Forward
    });
    home.deploy(sample.path())
        .approved_target(&world.target)
        .env(&world.variable("url"), meddler.origin())
        .env(&world.variable("token"), TOKEN)
        .run()
        .fails(8, &["a.txt"]);
    assert_eq!(world.depot.application("shop"), None);
}

fn an_application_that_the_service_does_not_take(language: Language) {
    let world = World::new(language);
    let sample = Sample::new();
    sample.edit("name = \"shop\"", "name = \"my.shop\"");
    world
        .deploy(sample.path())
        .run()
        .fails(3, &["doesn't take this application"]);
}

fn another_trigger(language: Language) {
    let world = World::new(language);
    let sample = Sample::new();
    sample.edit(
        "[[trigger.http]]\nroute = \"/...\"",
        "[[trigger.redis]]\nchannel = \"orders\"",
    );
    world
        .deploy(sample.path())
        .run()
        .fails(3, &["redis", world.language.target()]);
    assert!(world.depot.asked().is_empty());
}

fn settings_that_are_missing(language: Language) {
    let world = World::new(language);
    let variable = world.variable("url");
    world
        .deploy(Sample::new().path())
        .without(&variable)
        .run()
        .fails(2, &[&variable, "URL of the Depot"]);
}

fn the_help_shows_the_settings(language: Language) {
    let world = World::new(language);
    let ran = world
        .deploy(Sample::new().path())
        .arg("--help")
        .run()
        .success();
    for setting in ["url", "token"] {
        let flag = format!("--{}-{setting}", language.target());
        assert!(ran.stdout.contains(&flag), "{}", ran.stdout);
    }
}

fn a_target_that_breaks_down(language: Language) {
    let world = World::with_target(language, language.breaking());
    let ran = world
        .deploy(Sample::new().path())
        .env("BREAKS_TOKEN", TOKEN)
        .run()
        .fails(12, &["'breaks' broke down in deploy", "tell its author"]);
    // What it wrote about itself is shown, and there was no secret in it.
    let nothing = match language {
        Language::JavaScript => "nothingOfTheKind",
        Language::Python => "nothing_of_the_kind",
    };
    assert!(ran.stderr.contains(nothing), "{}", ran.stderr);
    let told = "the token is bowline-secret-";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
    assert!(!ran.stderr.contains(TOKEN), "{}", ran.stderr);
}
