//! Targets from registries: a real one, and some that lie.

use bowline_app::Digest;
use bowline_guest_artifacts as guests;
use bowline_tests::command::{Bowline, Home};
use bowline_tests::meddler::{Act, Meddler, Seen};
use bowline_tests::registry::{self, CONFIG_TYPE, LAYER_TYPE, Registry};

use crate::world::{World, another_build, asking, digest};

#[test]
fn a_tag_is_resolved_once_and_again_when_told() {
    let world = World::new();
    let registry = Registry::start();
    registry.publish("acme/target:1", guests::asks());
    let reference = registry.reference("acme/target:1");
    world.add(&reference, guests::asks()).run().success();
    let listed = world.listed("guest").unwrap();
    assert_eq!(listed["source"], reference.as_str());
    assert_eq!(listed["digest"], digest(guests::asks()).as_str());
    let manifest = listed["manifest"].as_str().unwrap().to_owned();
    assert!(manifest.starts_with("sha256:"), "{manifest}");

    // The tag moves, and what is installed stays, by name and by reference.
    let new = another_build(guests::asks());
    registry.publish("acme/target:1", &new);
    for target in ["guest", &reference, reference.trim_start_matches("oci://")] {
        asking(world.deploy(target), &world).run().success();
    }
    assert_eq!(world.listed("guest").unwrap(), listed);
    world.target(&["upgrade"]).run().success();
    let upgraded = world.listed("guest").unwrap();
    assert_eq!(upgraded["digest"], digest(&new).as_str());
    assert_ne!(upgraded["manifest"], manifest.as_str());
    // The old one is still there by its digest.
    let old = registry.reference(&format!("acme/target@{manifest}"));
    world
        .add(&old, guests::asks())
        .arg("--name=old")
        .run()
        .success();
    assert_eq!(world.listed("old").unwrap()["manifest"], manifest.as_str());
}

#[test]
fn a_reference_deploys_without_being_installed() {
    let world = World::new();
    let registry = Registry::start();
    registry.publish("acme/target:1", guests::asks());
    let reference = registry.reference("acme/target:1");
    let deploy = || asking(world.deploy(&reference), &world);
    deploy().run().fails(14, &["is not approved"]);
    deploy()
        .arg("--approve")
        .arg(digest(guests::asks()))
        .run()
        .success();
    assert!(world.listed("guest").is_none());
}

#[test]
fn a_lock_file_outlives_its_tag() {
    let world = World::new();
    let registry = Registry::start();
    registry.publish("acme/target:1", guests::asks());
    world
        .add(&registry.reference("acme/target:1"), guests::asks())
        .arg("--lock")
        .arg("--from")
        .arg(world.application())
        .run()
        .success();
    registry.publish("acme/target:1", guests::deploys());
    let elsewhere = Home::new();
    let deploy = elsewhere
        .deploy(world.application())
        .arg("--target=guest")
        .arg("--locked")
        .env("GUEST_SERVER_URL", world.server.origin());
    let ran = asking(deploy, &world).run().success();
    assert!(
        ran.stderr.contains("Fetching the target oci://"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_login_is_taken_from_dockers_configuration() {
    let world = World::new();
    let registry = Registry::with_login();
    registry.publish("acme/target:1", guests::asks());
    let reference = registry.reference("acme/target:1");
    let add = |folder: Option<&str>| {
        let add = world.add(&reference, guests::asks());
        match folder {
            Some(folder) => add.env("DOCKER_CONFIG", folder),
            None => add,
        }
    };
    add(None).run().fails(4, &[registry.address()]);
    let folder = tempfile::tempdir().unwrap();
    registry::log_in(folder.path(), &registry, "wrong");
    add(folder.path().to_str())
        .run()
        .fails(4, &[registry.address()]);
    registry::log_in(folder.path(), &registry, registry::PASSWORD);
    let ran = add(folder.path().to_str()).arg("-vv").run().success();
    assert!(!ran.stderr.contains(registry::PASSWORD), "{}", ran.stderr);
    assert!(world.listed("guest").is_some());
}

#[cfg(unix)]
#[test]
fn a_login_is_taken_from_a_helper() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let registry = Registry::with_login();
    registry.publish("acme/target:1", guests::asks());
    let folder = tempfile::tempdir().unwrap();
    let helper = folder.path().join("docker-credential-canned");
    let script = format!(
        "#!/bin/sh\nread -r server || true\n[ \"$1 $server\" = 'get {}' ] || {{ echo 'credentials not found in native keychain'; exit 1; }}\n\
         echo '{{\"Username\":\"{}\",\"Secret\":\"{}\"}}'\n",
        registry.address(),
        registry::USER,
        registry::PASSWORD
    );
    std::fs::write(&helper, script).unwrap();
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    for config in [
        r#"{"credsStore": "canned"}"#.to_owned(),
        format!(
            r#"{{"credHelpers": {{"{}": "canned"}}}}"#,
            registry.address()
        ),
    ] {
        std::fs::write(folder.path().join("config.json"), config).unwrap();
        world
            .add(&registry.reference("acme/target:1"), guests::asks())
            .env("DOCKER_CONFIG", folder.path())
            .env("PATH", &path)
            .run()
            .success();
    }
    // One that has no login for this registry is no obstacle.
    let open = Registry::start();
    open.publish("acme/target:1", guests::asks());
    std::fs::write(
        folder.path().join("config.json"),
        r#"{"credsStore": "canned"}"#,
    )
    .unwrap();
    world
        .target(&["inspect", &open.reference("acme/target:1")])
        .env("DOCKER_CONFIG", folder.path())
        .env("PATH", &path)
        .run()
        .success();
}

#[test]
fn what_is_published_has_to_be_one_component() {
    let world = World::new();
    let registry = Registry::start();
    let asks = guests::asks();
    registry.push(
        "acme/image:1",
        &[(asks, LAYER_TYPE)],
        "application/vnd.oci.image.config.v1+json",
    );
    registry.push(
        "acme/layer:1",
        &[(asks, "application/vnd.oci.image.layer.v1.tar")],
        CONFIG_TYPE,
    );
    registry.push(
        "acme/two:1",
        &[(asks, LAYER_TYPE), (b"more", LAYER_TYPE)],
        CONFIG_TYPE,
    );
    registry.publish("acme/text:1", b"hello");
    for (name, code, said) in [
        (
            "acme/image:1",
            13,
            "its configuration is of the type 'application/vnd.oci.image.config.v1+json'",
        ),
        (
            "acme/layer:1",
            13,
            "its layer is of the type 'application/vnd.oci.image.layer.v1.tar'",
        ),
        ("acme/two:1", 13, "it has 2 layers, not one"),
        ("acme/text:1", 12, "it is not WebAssembly"),
        ("acme/target:missing", 6, "does not give out the manifest"),
    ] {
        world
            .add(&registry.reference(name), asks)
            .run()
            .fails(code, &[said]);
    }
    assert!(world.listed("guest").is_none());
}

/// A registry that answers what it is told: the manifest, its header, and the component.
fn lying(manifest: String, claims: Option<String>, blob: Act) -> Meddler {
    Meddler::start(None, move |seen: &Seen| {
        if seen.path == "/v2/" {
            return Act::answer(200, "application/json", "{}");
        }
        if seen.path.contains("/blobs/") {
            return blob.clone();
        }
        let claims = claims
            .as_ref()
            .map(|claims| format!("docker-content-digest: {claims}\r\n"))
            .unwrap_or_default();
        Act::Answer(
            format!(
                "HTTP/1.1 200 OK\r\n{claims}content-type: application/vnd.oci.image.manifest.v1+json\r\ncontent-length: {}\r\n\
                 connection: close\r\n\r\n{manifest}",
                manifest.len()
            )
            .into_bytes(),
        )
    })
}

fn bytes(content: &[u8]) -> Act {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        content.len()
    );
    Act::Answer([head.as_bytes(), content].concat())
}

/// The manifest of the target that is meant.
fn honest() -> String {
    let size = guests::asks().len().try_into().unwrap();
    registry::manifest(&digest(guests::asks()), size)
}

fn add(world: &World, registry: &Meddler, name: &str) -> Bowline {
    let reference = format!("oci://{}/{name}", registry.address());
    world.add(&reference, guests::asks())
}

#[test]
fn a_registry_that_lies_is_not_believed() {
    let world = World::new();
    let honest = honest();
    let of = |text: &str| format!("sha256:{}", Digest::of(text.as_bytes()));
    let other = another_build(guests::asks());
    let mut same_size = guests::asks().to_vec();
    *same_size.last_mut().unwrap() ^= 1;
    let huge = registry::manifest(&digest(guests::asks()), 60 << 20);
    for (manifest, claims, blob, code, said) in [
        // Other bytes than the manifest names.
        (
            honest.clone(),
            Some(of(&honest)),
            bytes(&same_size),
            13,
            "the component at",
        ),
        // More than it names.
        (
            honest.clone(),
            None,
            bytes(&other),
            13,
            "its component is larger than its manifest says",
        ),
        // Another manifest than it claims.
        (
            honest.clone(),
            Some(of("other")),
            bytes(guests::asks()),
            13,
            "is not what the registry itself says",
        ),
        (
            honest.clone(),
            Some("sha256:x".to_owned()),
            bytes(guests::asks()),
            13,
            "its digest is malformed",
        ),
        // Too much, with and without an end.
        (
            huge,
            None,
            bytes(guests::asks()),
            11,
            "acme/target:1 can't be used as a target: it goes beyond the limit 'component-size': a component of more than 50 MiB",
        ),
        (
            " ".repeat(2 << 20),
            None,
            bytes(guests::asks()),
            13,
            "its manifest has more than 1.00 MiB",
        ),
        // Something else.
        (
            "<html>".to_owned(),
            None,
            bytes(guests::asks()),
            13,
            "is not that of an OCI artifact",
        ),
        (
            r#"{"schemaVersion":2,"manifests":[]}"#.to_owned(),
            None,
            bytes(b""),
            13,
            "it is an index of several artifacts",
        ),
        (
            registry::manifest("sha256:../../x", 1),
            None,
            bytes(b""),
            13,
            "names its component by no SHA-256",
        ),
        (
            registry::manifest(&digest(guests::asks()), -1),
            None,
            bytes(b""),
            13,
            "a negative size",
        ),
    ] {
        let registry = lying(manifest, claims, blob);
        add(&world, &registry, "acme/target:1")
            .run()
            .fails(code, &[said]);
    }
    assert!(world.listed("guest").is_none());

    let registry = lying(honest.clone(), None, bytes(guests::asks()));
    add(&world, &registry, "acme/target:1")
        .arg("--limit=component-size=1KiB")
        .run()
        .fails(11, &["a component of more than 1 KiB"]);

    // A digest in the reference binds the registry.
    let registry = lying(honest.clone(), None, bytes(guests::asks()));
    add(&world, &registry, &format!("acme/target@{}", of("other")))
        .run()
        .fails(13, &["the manifest", "is not what its reference says"]);
    add(&world, &registry, &format!("acme/target@{}", of(&honest)))
        .run()
        .success();
}

#[test]
fn a_component_that_is_not_whole_is_refused() {
    let world = World::new();
    let whole = guests::asks();
    let half = &whole[..whole.len() / 2];
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        whole.len()
    );
    let cut = Act::Answer([head.as_bytes(), half].concat());
    for (blob, code, said) in [
        // The connection ends in the middle.
        (cut, 8, "no usable answer from http://127.0.0.1:"),
        // It is shorter than the manifest says.
        (bytes(half), 13, "the component at"),
    ] {
        let registry = lying(honest(), None, blob);
        add(&world, &registry, "acme/target:1")
            .run()
            .fails(code, &[said]);
    }
    assert!(world.listed("guest").is_none());
}

#[test]
fn answers_without_end_are_cut() {
    let world = World::new();
    let registry = Meddler::start(None, |seen: &Seen| match seen.path.as_str() {
        "/v2/" => Act::answer(200, "application/json", "{}"),
        _ => Act::AnswerForEver(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{{{{{{{{{{{{{{{{".to_vec(),
        ),
    });
    add(&world, &registry, "acme/target:1")
        .run()
        .fails(13, &["its manifest has more than 1.00 MiB"]);
}

#[test]
fn a_token_is_not_taken_along_to_other_servers() {
    let world = World::new();
    let elsewhere = Meddler::start(None, |_| bytes(guests::asks()));
    let there = format!("{}/blob", elsewhere.origin());
    let redirect = format!(
        "HTTP/1.1 307 X\r\nlocation: {there}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    let registry = lying(honest(), None, Act::Answer(redirect.into_bytes()));
    add(&world, &registry, "acme/target:1")
        .run()
        .fails(13, &["redirects to", "which is not followed"]);
    assert!(elsewhere.seen().is_empty());
}

/// Registries that give out tokens, as most of the large ones do.
#[test]
fn a_token_is_got_where_the_registry_says_and_nowhere_else() {
    let world = World::new();
    let file = guests::asks();
    let blob = format!("sha256:{}", Digest::of(file));
    let folder = tempfile::tempdir().unwrap();
    // The manifest and the component need the token; who has the password gets it.
    let serve = move |realm: String| {
        let (mut asked, blob) = (Vec::new(), blob.clone());
        Meddler::start(None, move |seen| {
            let authorization = seen.header("authorization").unwrap_or_default().to_owned();
            asked.push(seen.path.clone());
            if seen.path.starts_with("/token?") {
                return match authorization == "Basic YW5uOmNhbmFyeS1wYXNzd29yZA==" {
                    true => Act::answer(
                        200,
                        "application/json",
                        r#"{"access_token":"canary-token"}"#,
                    ),
                    false => Act::answer(401, "text/plain", &authorization),
                };
            }
            if authorization != "Bearer canary-token" {
                let challenge = format!(
                    "HTTP/1.1 401 X\r\nwww-authenticate: Bearer realm=\"{realm}\",service=\"r\"\r\n\
                     content-length: 0\r\nconnection: close\r\n\r\n"
                );
                return Act::Answer(
                    challenge
                        .replace("[HERE]", seen.header("host").unwrap())
                        .into_bytes(),
                );
            }
            if seen.path.contains("/blobs/") {
                return Act::Answer(
                    [
                        format!(
                            "HTTP/1.1 200 X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                            file.len()
                        )
                        .into_bytes(),
                        file.to_vec(),
                    ]
                    .concat(),
                );
            }
            let manifest = registry::manifest(&blob, i64::try_from(file.len()).unwrap());
            Act::answer(200, "application/vnd.oci.image.manifest.v1+json", &manifest)
        })
    };
    let add = |registry: &Meddler, password: &str| {
        let host = registry.origin().replace("http://", "");
        let config = serde_json::json!({
            "auths": { host.as_str(): { "username": registry::USER, "password": password } }
        });
        std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
        world
            .add(&format!("oci://{host}/acme/target:1"), file)
            .arg("--name=acme")
            .arg("-vv")
            .env("DOCKER_CONFIG", folder.path())
            .run()
    };
    let registry = serve("http://[HERE]/token".to_owned());
    let ran = add(&registry, "wrong").fails(4, &["refuses the login"]);
    assert!(!ran.stderr.contains("Basic"), "{}", ran.stderr);
    let ran = add(&registry, registry::PASSWORD).success();
    assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
    let tokens: Vec<_> = registry
        .seen()
        .into_iter()
        .filter(|seen| seen.path.starts_with("/token"))
        .collect();
    assert_eq!(
        tokens[0].path,
        "/token?scope=repository%3Aacme%2Ftarget%3Apull&service=r"
    );
    for elsewhere in [
        "http://registry.example.com/token",
        "file:///etc/passwd",
        "no URL",
    ] {
        let registry = serve(elsewhere.to_owned());
        add(&registry, registry::PASSWORD).fails(13, &[]);
    }
}
