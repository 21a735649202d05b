//! The same targets by name and by reference, and not without a word of the user.

use bowline_app::Digest;
use bowline_tests::command::Bowline;
use bowline_tests::registry::Registry;
use bowline_tests::sample::Sample;

use crate::for_each_language;
use crate::world::{Language, World};

for_each_language!(installed_from_a_registry, by_reference_alone, not_approved);

/// A registry that has the world's target, and the target's reference and digest.
fn published(world: &World) -> (Registry, String, String) {
    let registry = Registry::start();
    let component = std::fs::read(&world.target).unwrap();
    let name = format!("depot/{}:0.1.0", world.language.target());
    registry.publish(&name, &component);
    let reference = registry.reference(&name);
    let digest = format!("sha256:{}", Digest::of(&component));
    (registry, reference, digest)
}

fn with(world: &World, sample: &Sample, target: &str) -> Bowline {
    let deploy = world.home.deploy(sample.path());
    world.settings(deploy.arg("--target").arg(target))
}

fn installed_from_a_registry(language: Language) {
    let world = World::new(language);
    let (registry, reference, digest) = published(&world);
    let sample = Sample::with(&[("a.txt", b"a")]);
    world
        .home
        .bowline(["target", "add", &reference, "--approve", &digest])
        .run()
        .success();
    drop(registry);

    with(&world, &sample, language.target()).run().success();

    assert!(world.depot.application("shop").is_some());
    assert_eq!(world.depot.contents().len(), 2);
}

fn by_reference_alone(language: Language) {
    let world = World::new(language);
    let (_registry, reference, digest) = published(&world);
    let sample = Sample::new();
    with(&world, &sample, &reference)
        .run()
        .fails(14, &[language.target(), "is not approved"]);
    assert!(world.depot.asked().is_empty());

    with(&world, &sample, &reference)
        .arg("--approve")
        .arg(digest)
        .run()
        .success();

    assert!(world.depot.application("shop").is_some());
}

fn not_approved(language: Language) {
    let world = World::new(language);
    let path = world.target.to_str().unwrap();
    let ran = with(&world, &Sample::new(), path).run();
    let flag = |setting: &str| format!("--{}-{setting}", language.target());
    let said = [&*flag("url"), &flag("token"), "http", "--approve"];
    let ran = ran.fails(14, &said);
    assert!(
        !ran.stderr.contains("Bindle"),
        "it has no use for that: {}",
        ran.stderr
    );
    assert!(world.depot.asked().is_empty());
}

/// One person, one application, two targets: what runs by the one is known to the other.
#[test]
fn one_target_goes_on_where_another_stopped() {
    let javascript = World::new(Language::JavaScript);
    let python = World::new(Language::Python);
    let sample = Sample::with(&[("a.txt", b"a")]);
    javascript.deploy(sample.path()).run().success();
    let depot = &javascript.depot;
    depot.asked();

    python
        .deploy(sample.path())
        .env(&python.variable("url"), depot.url())
        .run()
        .success();

    let asked = depot.asked();
    assert_eq!(asked.len(), 1, "{asked:#?}");
    assert_eq!(asked[0].line, "GET /applications/shop");
}
