//! An application that is packed in one place and deployed from another.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bindle::VerificationStrategy;
use bindle::client::Client;
use bindle::client::tokens::NoToken;
use bindle::signature::KeyRing;
use bindle::standalone::StandaloneRead;
use bowline_tests::command::{Home, copy_folder};
use bowline_tests::platform::Platform;
use bowline_tests::programs::example;
use bowline_tests::readers::Bindle;
use bowline_tests::web;

fn package(home: &Home, from: &Path, to: &Path, more: &[&str]) -> serde_json::Value {
    let ran = home
        .bowline(["package", "-o", "json", "--from"])
        .arg(from)
        .arg("--to")
        .arg(to);
    let ran = more.iter().fold(ran, |ran, argument| ran.arg(argument));
    ran.run().success().json("package")
}

#[tokio::test]
async fn a_packed_application_is_deployed_without_its_sources() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let server = platform.setting("BINDLE_SERVER_URL");
    let sources = copy_folder(&example("static-site"), &home.path().join("site"));
    let component = "target/wasm32-wasip2/release/static_site.wasm";
    fs::create_dir_all(sources.join(component).parent().unwrap()).unwrap();
    fs::copy(
        example("static-site").join(component),
        sources.join(component),
    )
    .unwrap();
    let out = home.path().join("out");
    let packed = package(&home, &sources, &out, &["--bindle-server", server]);
    assert_eq!(packed["against"]["exists"], false);
    assert_eq!(packed["against"]["upload"], packed["distinct"]);
    let parcels = packed["parcels"].as_array().unwrap();
    assert!(parcels.iter().all(|parcel| parcel["new"] == true));
    fs::remove_dir_all(&sources).unwrap();

    let deployed = home.deploy(&out).envs(platform.settings()).run().success();
    let page = web::get(&deployed.url(), "/").await;
    assert_eq!(page.status, 200, "{}", page.body);
    let invoices = Bindle::connect(&platform).invoices("static-site").await;
    assert_eq!(invoices.len(), 1);
    assert_eq!(
        invoices[0].bindle.id.to_string(),
        packed["id"].as_str().unwrap()
    );

    // Now the server has all of it.
    let again = package(
        &home,
        &out,
        &home.path().join("again"),
        &["--bindle-server", server],
    );
    assert_eq!(again["against"]["exists"], true);
    let parcels = again["parcels"].as_array().unwrap();
    assert!(parcels.iter().all(|parcel| parcel["new"] == false));
}

#[tokio::test]
async fn what_was_packed_is_pushed_by_the_reference_implementation_and_runs() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let out = home.path().join("out");
    let packed = package(&home, &example("hello-rust"), &out, &[]);
    let id = packed["id"].as_str().unwrap();

    let standalone = StandaloneRead::new(&out, id).await.unwrap();
    assert_eq!(
        standalone
            .get_invoice()
            .await
            .unwrap()
            .bindle
            .id
            .to_string(),
        id
    );
    let client = Client::<NoToken>::builder()
        .verification_strategy(VerificationStrategy::MultipleAttestation(Vec::new()))
        .build(
            platform.setting("BINDLE_SERVER_URL"),
            NoToken,
            Arc::new(KeyRing::default()),
        )
        .unwrap();
    standalone.push(&client).await.unwrap();
    assert_eq!(Bindle::connect(&platform).missing(id).await, 0);

    let deployed = home
        .deploy(&PathBuf::from(packed["folder"].as_str().unwrap()))
        .envs(platform.settings())
        .run()
        .success();
    assert!(
        deployed.stdout.contains("Uploaded nothing"),
        "{}",
        deployed.stdout
    );
    let answer = web::get(&deployed.url(), "/hello/bowline").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}
