//! Applications that cannot be deployed. No server is asked for any of them.

use std::fs;

use bowline_tests::command::{Home, copy_folder};
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::platform::Platform;
use bowline_tests::programs::example;
use bowline_tests::readers::Hippo;
use bowline_tests::sample::Sample;
use bowline_tests::web;

#[track_caller]
fn refused(sample: &Sample, words: &[&str]) {
    let home = Home::new();
    let server = Meddler::start(None, |_| Act::answer(500, "text/plain", ""));
    home.deploy(sample.path())
        .env("BINDLE_SERVER_URL", server.url())
        .env("HIPPO_URL", server.origin())
        .env("HIPPO_TOKEN", "token")
        .run()
        .fails(3, words);
    let seen = server.seen();
    assert!(seen.is_empty(), "{seen:?}");
}

#[test]
fn without_a_manifest() {
    let sample = Sample::new();
    fs::remove_file(sample.path().join("spin.toml")).unwrap();
    refused(
        &sample,
        &["there is no Spin manifest at", "spin.toml", "--from"],
    );
}

#[test]
fn with_a_manifest_that_is_not_toml() {
    let sample = Sample::new();
    sample.edit("[application]", "[application");
    refused(&sample, &["spin.toml:3:13: not valid TOML", "expected `]`"]);
}

#[test]
fn with_a_value_of_another_type() {
    let sample = Sample::new();
    sample.edit("\"/...\"", "5");
    refused(
        &sample,
        &[
            "spin.toml:7:9: `route` is an integer: expected a path such as",
            "route = 5",
        ],
    );
}

#[test]
fn without_components() {
    let sample = Sample::new();
    fs::write(
        sample.path().join("spin.toml"),
        "spin_manifest_version = 2\n[application]\nname = \"shop\"\nversion = \"1.0.0\"\n",
    )
    .unwrap();
    refused(&sample, &["the application has no components", "spin new"]);
}

#[test]
fn with_a_name_that_hippo_does_not_take() {
    let sample = Sample::new();
    sample.edit("\"shop\"", "\"my.shop\"");
    refused(&sample, &["Hippo takes letters", "'my.shop'", "'.'"]);
}

#[test]
fn with_a_name_that_bindle_does_not_take() {
    for name in ["my/shop", "../shop", "my shop"] {
        let sample = Sample::new();
        sample.edit("\"shop\"", &format!("{name:?}"));
        refused(&sample, &["spin.toml:4:8: ", name]);
    }
}

#[test]
fn with_a_name_that_makes_no_domain() {
    let sample = Sample::new();
    sample.edit("\"shop\"", "\"my--shop\"");
    let home = Home::new();
    let hippo = Meddler::start(None, |_| {
        let page = r#"{"items":[],"totalItems":0,"pageIndex":0,"pageSize":50,"isLastPage":true}"#;
        Act::answer(200, "application/json", page)
    });
    let bindle = Meddler::start(None, |_| Act::answer(500, "text/plain", ""));
    home.deploy(sample.path())
        .env("BINDLE_SERVER_URL", bindle.url())
        .env("HIPPO_URL", hippo.origin())
        .env("HIPPO_TOKEN", "token")
        .run()
        .fails(3, &["'my--shop'", "--hippo-domain"]);
    assert!(bindle.seen().is_empty(), "nothing was pushed");
    assert!(hippo.seen().iter().all(|seen| seen.method == "GET"));
}

#[test]
fn with_files_outside_of_its_folder() {
    for path in ["../secret", "/etc/passwd", "static/../../secret"] {
        let sample = Sample::new();
        sample.edit(
            "[{ source = \"static\", destination = \"/\" }]",
            &format!("[{path:?}]"),
        );
        refused(&sample, &["spin.toml:11:", path]);
    }
}

#[cfg(unix)]
#[test]
fn with_files_outside_of_its_folder_behind_a_link() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "s").unwrap();
    for target in [outside.path().to_owned(), outside.path().join("secret")] {
        let sample = Sample::new();
        std::os::unix::fs::symlink(target, sample.path().join("static/out")).unwrap();
        refused(&sample, &["static/out", "leaves the application folder"]);
    }
    let sample = Sample::new();
    let component = sample.path().join("front.wasm");
    fs::rename(&component, outside.path().join("front.wasm")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("front.wasm"), component).unwrap();
    refused(
        &sample,
        &["spin.toml:10:10: ", "leaves the application folder"],
    );
}

#[tokio::test]
async fn that_was_not_built_is_deployed_once_it_is() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let built = example("static-site");
    let site = copy_folder(&built, &home.path().join("site"));
    let deploy = || home.deploy(&site).envs(platform.settings()).run();

    deploy().fails(3, &["spin.toml:", "is not built", "run `spin build`"]);
    let hippo = Hippo::sign_in(&platform).await;
    assert_eq!(hippo.counts().await, (0, 0, 0));

    let component = "target/wasm32-wasip2/release/static_site.wasm";
    fs::create_dir_all(site.join(component).parent().unwrap()).unwrap();
    fs::copy(built.join(component), site.join(component)).unwrap();
    let url = deploy().success().url();
    assert_eq!(web::get(&url, "/").await.status, 200);
}
