//! Applications whose folder does not hold all of them: from URLs and registries, with dependencies, by manifests of version 1.

use std::fs;
use std::path::{Path, PathBuf};

use bowline_app::Digest;
use bowline_tests::command::{Home, copy_folder};
use bowline_tests::gateway::{Authority, Gateway};
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::platform::Platform;
use bowline_tests::programs::example;
use bowline_tests::registry::{self, Registry};
use bowline_tests::web;

const GREETER: &str = "target/wasm32-wasip2/release/greeter.wasm";
const SITE: &str = "target/wasm32-wasip2/release/site.wasm";

/// A server that gives out this content.
fn server(content: Vec<u8>) -> Meddler {
    Meddler::start(None, move |seen| {
        match seen.path.as_str() {
        "/content.wasm" => Act::answer(200, "application/wasm", &content),
        "/moved.wasm" => Act::Answer(
            b"HTTP/1.1 302 X\r\nlocation: /content.wasm\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec(),
        ),
        _ => Act::answer(404, "text/plain", "nothing here"),
    }
    })
}

/// A server that gives out the component of `hello-rust`, and its digest.
fn hello() -> (Meddler, Digest) {
    let wasm = example("hello-rust").join("target/wasm32-wasip2/release/hello_rust.wasm");
    let wasm = fs::read(wasm).unwrap();
    let digest = Digest::of(&wasm);
    (server(wasm), digest)
}

/// The example with dependencies, in a folder of its own, built, and its `[component.site.dependencies]` replaced.
fn site(home: &Home, dependencies: &str) -> PathBuf {
    let built = example("dependencies");
    let folder = copy_folder(&built, &home.path().join("site"));
    for part in [SITE, GREETER] {
        fs::create_dir_all(folder.join(part).parent().unwrap()).unwrap();
        fs::copy(built.join(part), folder.join(part)).unwrap();
    }
    let manifest = fs::read_to_string(folder.join("spin.toml")).unwrap();
    let (head, _) = manifest
        .split_once("[component.site.dependencies]")
        .unwrap();
    fs::write(
        folder.join("spin.toml"),
        format!("{head}[component.site.dependencies]\n{dependencies}\n"),
    )
    .unwrap();
    folder
}

/// An application of one component from somewhere.
fn application(folder: &Path, source: &str) {
    fs::create_dir_all(folder).unwrap();
    let manifest = format!(
        r#"
spin_manifest_version = 2
[application]
name = "elsewhere"
version = "1.0.0"
[[trigger.http]]
route = "/hello/:name"
component = "hello"
[component.hello]
source = {source}
variables = {{ greeting = "Hello" }}
"#
    );
    fs::write(folder.join("spin.toml"), manifest).unwrap();
}

#[tokio::test]
async fn a_component_with_a_dependency_answers() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let deploy = |folder: &Path| {
        home.deploy(folder)
            .envs(platform.settings())
            .run()
            .success()
    };

    let first = deploy(&example("dependencies"));
    let greeting = web::get(&first.url(), "/bowline").await;
    assert_eq!(
        (greeting.status, greeting.body.as_str()),
        (200, "Hello, bowline!\n")
    );
    let secret = web::get(&first.url(), "/SECRET").await;
    assert_eq!(
        secret.body, "Hello, SECRET!\n",
        "it does not inherit the variable"
    );

    // Composed anew, from other paths and by another name: the same application.
    fs::remove_dir_all(home.path().join("cache/content")).unwrap();
    let inherits_nothing = format!("\"example:greeter\" = {{ path = {GREETER:?} }}");
    let again = deploy(&site(&home, &inherits_nothing));
    assert!(
        again.stdout.contains("Uploaded nothing"),
        "{}",
        again.stdout
    );

    let inherits =
        format!("\"example:greeter\" = {{ path = {GREETER:?}, inherit_configuration = true }}");
    let url = deploy(&site(&home, &inherits)).url();
    let secret = web::get(&url, "/SECRET").await;
    assert_eq!(secret.body, "SECRET is 'only for the site'\n");
}

#[tokio::test]
async fn a_component_is_fetched_over_https() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let (server, digest) = hello();
    let authority = Authority::new();
    let gateway = Gateway::for_all(server.address(), "localhost", &authority);
    let authorities = home.path().join("authorities.pem");
    fs::write(&authorities, authority.pem()).unwrap();
    let folder = home.path().join("application");
    let url = format!("https://localhost:{}/content.wasm", gateway.port());
    let source = format!("{{ url = \"{url}\", digest = \"sha256:{digest}\" }}");
    application(&folder, &source);
    let deploy = || home.deploy(&folder).envs(platform.settings());

    // Nobody said that this authority is to be trusted.
    deploy().run().fails(8, &[&url, "certificate"]);
    assert!(server.seen().is_empty());
    let ran = deploy().arg("--ca-file").arg(&authorities).run().success();
    let answer = web::get(&ran.url(), "/hello/bowline").await;
    assert_eq!(answer.body, "Hello, bowline!\n");
}

#[tokio::test]
async fn a_component_of_a_url_is_fetched_once() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let (server, digest) = hello();
    let folder = home.path().join("application");
    let source = |path: &str, digest: &Digest| {
        format!(
            "{{ url = \"{}{path}\", digest = \"sha256:{digest}\" }}",
            server.origin()
        )
    };
    application(&folder, &source("/moved.wasm", &digest));
    let deploy = || home.deploy(&folder).envs(platform.settings()).run();

    let ran = deploy().success();
    assert!(
        ran.stderr.contains("Fetching http://127.0.0.1:"),
        "{}",
        ran.stderr
    );
    let answer = web::get(&ran.url(), "/hello/bowline").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, "Hello, bowline!\n")
    );
    let asked = server.seen().len();
    assert_eq!(asked, 2, "the redirect and the content");
    let _ = deploy().success();
    assert_eq!(server.seen().len(), asked, "the cache has it");

    let other = Digest::of(b"other");
    application(&folder, &source("/content.wasm", &other));
    let refused = deploy().fails(
        3,
        &[
            "spin.toml:10:",
            "component `hello`",
            "is not what the manifest says",
            &format!("sha256:{digest}"),
            "source = { url",
        ],
    );
    assert!(!refused.stderr.contains("Deploying"), "{}", refused.stderr);
    application(&folder, &source("/missing.wasm", &other));
    let _ = deploy().fails(6, &["does not give it out (status 404: nothing here)"]);
    application(
        &folder,
        &format!("{{ url = \"http://127.0.0.1:1/x.wasm\", digest = \"sha256:{other}\" }}"),
    );
    let _ = deploy().fails(8, &["can't reach http://127.0.0.1:1"]);
}

#[tokio::test]
async fn packages_of_a_registry_are_components_and_dependencies() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let registry = Registry::start();
    let built = example("dependencies");
    let greeter = fs::read(built.join(GREETER)).unwrap();
    registry.publish_package("example/greeter", "1.0.0", b"\0asm\x0d\0\x01\0");
    registry.publish_package("example/greeter", "1.2.0", &greeter);
    registry.publish_package("example/greeter", "2.0.0", b"\0asm\x0d\0\x01\0");
    let address = registry.address().to_owned();

    // Named by the manifest, and by the configuration of wkg.
    let config = home.path().join("wkg.toml");
    fs::write(
        &config,
        format!("[namespace_registries]\nexample = \"{address}\"\n"),
    )
    .unwrap();
    for dependency in [
        format!("\"example:greeter\" = {{ version = \"1\", registry = \"{address}\" }}"),
        "\"example:greeter/greet@1.0.0\" = \">=1.1, <2\"".to_owned(),
    ] {
        let folder = site(&home, &dependency);
        let ran = home
            .deploy(&folder)
            .envs(platform.settings())
            .env("WKG_CONFIG_FILE", &config)
            .run()
            .success();
        let greeting = web::get(&ran.url(), "/bowline").await;
        assert_eq!(greeting.body, "Hello, bowline!\n");
    }

    let hello =
        fs::read(example("hello-rust").join("target/wasm32-wasip2/release/hello_rust.wasm"))
            .unwrap();
    registry.publish_package("acme/hello", "0.3.1", &hello);
    let folder = home.path().join("application");
    let source = |version: &str| {
        format!("{{ registry = \"{address}\", package = \"acme:hello\", version = \"{version}\" }}")
    };
    let deploy = || home.deploy(&folder).envs(platform.settings()).run();
    application(&folder, &source("0.3.1"));
    let url = deploy().success().url();
    assert_eq!(web::get(&url, "/hello/you").await.body, "Hello, you!\n");
    application(&folder, &source("9.9.9"));
    let _ = deploy().fails(6, &["spin.toml:10:", "the registry", "has no acme:hello"]);
    // Without the registry, a version that was fetched is still there.
    drop(registry);
    application(&folder, &source("0.3.1"));
    let _ = deploy().success();
}

#[test]
fn a_registry_that_wants_a_login_gets_that_of_docker() {
    let home = Home::new();
    let registry = Registry::with_login();
    let built = example("dependencies");
    let greeter = fs::read(built.join(GREETER)).unwrap();
    registry.publish_package("example/greeter", "1.2.0", &greeter);
    let dependency = format!(
        "\"example:greeter\" = {{ version = \"1\", registry = \"{}\" }}",
        registry.address()
    );
    let folder = site(&home, &dependency);
    // Nobody is there to deploy to: what is wanted is how far it comes.
    let deploy = |password: Option<&str>| {
        let docker = home.path().join("docker");
        fs::create_dir_all(&docker).unwrap();
        if let Some(password) = password {
            registry::log_in(&docker, &registry, password);
        }
        home.deploy(&folder)
            .env("DOCKER_CONFIG", &docker)
            .env("BINDLE_SERVER_URL", "http://127.0.0.1:1/v1")
            .env("HIPPO_URL", "http://127.0.0.1:1")
            .env("HIPPO_TOKEN", "token")
            .run()
    };
    for password in [None, Some("wrong-canary")] {
        let refused =
            deploy(password).fails(4, &["refuses the login, or wants one", "docker login"]);
        assert!(!refused.stderr.contains("canary"), "{}", refused.stderr);
    }
    let _ = deploy(Some(registry::PASSWORD)).fails(8, &["can't reach http://127.0.0.1:1"]);
}

#[tokio::test]
async fn a_manifest_of_version_1_is_deployed() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let manifest = example("hello-rust").join("spin-v1.toml");
    let ran = home
        .deploy(&manifest)
        .envs(platform.settings())
        .run()
        .success();
    let answer = web::get(&ran.url(), "/hello/bowline").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, "Ahoy, bowline!\n")
    );
}

#[tokio::test]
async fn five_thousand_assets_are_deployed() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let built = example("static-site");
    let site = copy_folder(&built, &home.path().join("site"));
    let component = "target/wasm32-wasip2/release/static_site.wasm";
    fs::create_dir_all(site.join(component).parent().unwrap()).unwrap();
    fs::copy(built.join(component), site.join(component)).unwrap();
    for n in 0..5_000 {
        let folder = site.join(format!("assets/pages/{:02}", n / 100));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{n}.txt")), format!("page {n}\n")).unwrap();
    }
    let ran = home
        .deploy(&site)
        .arg("--readiness-timeout=300")
        .envs(platform.settings())
        .run()
        .success();
    let url = ran.url();
    for n in [0, 2_500, 4_999] {
        let page = web::get(&url, &format!("/pages/{:02}/{n}.txt", n / 100)).await;
        assert_eq!((page.status, page.body), (200, format!("page {n}\n")));
    }
}
