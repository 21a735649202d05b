//! Deploying: what arrives, and what is not sent again.

use std::collections::BTreeSet;

use bowline_tests::programs::example;
use bowline_tests::sample::Sample;
#[cfg(target_os = "linux")]
use bowline_tests::terminal::Terminal;
use bowline_tests::web;

use crate::for_each_language;
use crate::world::{Language, TOKEN, World};

for_each_language!(
    a_real_application_arrives_byte_for_byte,
    deploying_again_sends_nothing,
    only_what_is_new_is_sent,
    the_token_reaches_the_service_alone,
);

/// The lines of what the Depot was asked.
fn lines(world: &World) -> Vec<String> {
    let asked = world.depot.asked();
    asked.into_iter().map(|asked| asked.line).collect()
}

fn a_real_application_arrives_byte_for_byte(language: Language) {
    let world = World::new(language);
    let site = example("static-site");

    let ran = world.deploy(&site).run().success();

    let url = format!("{}/run/static-site", world.depot.url());
    assert_eq!(ran.url().as_str(), url);
    let ready = "It answers with this revision";
    assert!(ran.stdout.contains(ready), "{}", ran.stdout);
    let document = world.depot.application("static-site").unwrap();
    let files = document["components"][0]["files"].as_array().unwrap();
    let paths: Vec<_> = files.iter().map(|f| f["path"].as_str().unwrap()).collect();
    let expected = [
        ("about/index.html", "text/html"),
        ("images/bowline.svg", "image/svg+xml"),
        ("index.html", "text/html"),
        ("style.css", "text/css"),
    ];
    assert_eq!(paths, expected.map(|(path, _)| path));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (path, media_type) in expected {
        let page = url::Url::parse(&format!("{url}/{path}")).unwrap();
        let answer = runtime.block_on(web::get(&page, ""));
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.content_type, media_type, "{path}");
        let local = std::fs::read_to_string(site.join("assets").join(path)).unwrap();
        assert_eq!(answer.body, local, "{path}");
    }
    assert_eq!(document["triggers"][0]["route"], "/...");
    let application = bowline_app::Application::load(&site).unwrap();
    let local: BTreeSet<_> = application
        .contents()
        .iter()
        .map(|content| content.digest().to_string())
        .collect();
    // The Depot has checked each against its bytes.
    assert_eq!(world.depot.contents(), local);
}

fn deploying_again_sends_nothing(language: Language) {
    let world = World::new(language);
    let sample = Sample::with(&[("a.txt", b"a"), ("empty", b"")]);
    let first = world.deploy(sample.path()).run().success();
    assert_eq!(
        lines(&world).len(),
        1 + 2 + 3,
        "a look, two documents, three contents"
    );

    let again = world.deploy(sample.path()).run().success();

    assert_eq!(lines(&world), ["GET /applications/shop"]);
    assert_eq!(first.stdout, again.stdout);
}

fn only_what_is_new_is_sent(language: Language) {
    let world = World::new(language);
    let sample = Sample::with(&[("a.txt", b"a"), ("b.txt", b"b")]);
    world.deploy(sample.path()).run().success();
    lines(&world);
    sample.write("b.txt", b"changed");

    world.deploy(sample.path()).run().success();

    let sent = "PUT /contents/d67e2e944fb87ddab4dec7c9b6d63e7c5a6b3bdc04fc3dcb91d74ab6a4b5e1a2";
    let asked = lines(&world);
    assert_eq!(asked.len(), 4, "{asked:#?}");
    assert_eq!(asked[0], "GET /applications/shop");
    assert_eq!(asked[1], "POST /applications");
    assert_eq!(&asked[2][..14], &sent[..14]);
    assert_eq!(asked[3], "POST /applications");
}

#[test]
fn javascript_sends_a_file_larger_than_its_memory() {
    sends_a_file_of(Language::JavaScript, 300 << 20);
}

/// componentize-py 0.25 keeps what is handed to the host until the end, so there is less room; for all of the file, and all
/// of it once more, there is none.
#[test]
fn python_sends_a_large_file() {
    sends_a_file_of(Language::Python, 150 << 20);
}

fn sends_a_file_of(language: Language, size: u64) {
    let world = World::new(language);
    let sample = Sample::new();
    let file = std::fs::File::create(sample.path().join("static/large.bin")).unwrap();
    // Zeros that take no room on the disk.
    file.set_len(size).unwrap();

    world.deploy(sample.path()).run().success();

    let document = world.depot.application("shop").unwrap();
    assert_eq!(document["components"][0]["files"][0]["size"], size);
}

#[cfg(target_os = "linux")]
#[test]
fn a_large_file_fills_a_bar() {
    let world = World::new(Language::JavaScript);
    let sample = Sample::new();
    let file = std::fs::File::create(sample.path().join("static/large.bin")).unwrap();
    file.set_len(60 << 20).unwrap();

    let mut terminal = Terminal::start(world.deploy(sample.path()), 120);

    // The bar is drawn in the place of the step's spinner, and goes with it.
    terminal.expect("MiB of 60.00 MiB, ");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    let rest = shown.rsplit("60.00 MiB").next().unwrap();
    assert!(rest.contains("Sending content 2 of 2"), "{shown}");
}

fn the_token_reaches_the_service_alone(language: Language) {
    let world = World::new(language);
    let sample = Sample::new();

    let ran = world.deploy(sample.path()).arg("-vv").run().success();

    let asked = world.depot.asked();
    assert!(!asked.is_empty());
    for request in asked {
        assert_eq!(
            request.authorization,
            format!("Bearer {TOKEN}"),
            "{}",
            request.line
        );
    }
    assert!(!ran.stdout.contains(TOKEN), "{}", ran.stdout);
    assert!(!ran.stderr.contains(TOKEN), "{}", ran.stderr);
}
