//! SIGTERM, as Spin sends it to its plugins, in the middle of an upload.
#![cfg(unix)]

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bowline_tests::command::{Home, copy_folder};
use bowline_tests::platform::Platform;
use bowline_tests::programs::example;
use bowline_tests::readers::{Bindle, Hippo};
use bowline_tests::slow::SlowLine;
use bowline_tests::web;

const SIZE: usize = 8 * 1024 * 1024;
const RATE: u64 = 4 * 1024 * 1024;

#[tokio::test]
async fn a_deploy_that_is_stopped_lets_its_upload_end_and_is_completed_by_the_next() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let built = example("static-site");
    let site = copy_folder(&built, &home.path().join("site"));
    let component = "target/wasm32-wasip2/release/static_site.wasm";
    fs::create_dir_all(site.join(component).parent().unwrap()).unwrap();
    fs::copy(built.join(component), site.join(component)).unwrap();
    fs::write(site.join("assets/video.bin"), vec![7; SIZE]).unwrap();

    let line = SlowLine::to(platform.address("BINDLE_SERVER_URL"), RATE);
    let child = home
        .deploy(&site)
        .envs(platform.settings())
        .env("BINDLE_SERVER_URL", format!("http://{}/v1", line.address()))
        .command()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while line.passed() < SIZE as u64 / 4 {
        assert!(Instant::now() < deadline, "the upload does not start");
        std::thread::sleep(Duration::from_millis(5));
    }
    let sent = Command::new("kill").arg(child.id().to_string()).status();
    assert!(sent.unwrap().success());
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert_eq!(ended.stdout, b"", "nothing is deployed");
    assert!(
        said.contains("Stopping: letting running uploads end"),
        "{said}"
    );
    assert!(said.contains("error: stopped during: "), "{said}");
    assert!(said.contains("run the same command again"), "{said}");
    assert!(line.passed() > SIZE as u64, "the upload was cut");
    let hippo = Hippo::sign_in(&platform).await;
    assert_eq!(hippo.counts().await, (0, 0, 0));

    let again = home.deploy(&site).envs(platform.settings()).run().success();
    assert_eq!(web::get(&again.url(), "/").await.status, 200);
    let bindle = Bindle::connect(&platform);
    let invoices = bindle.invoices("static-site").await;
    assert_eq!(invoices.len(), 1);
    assert_eq!(
        bindle.missing(&invoices[0].bindle.id.to_string()).await,
        0,
        "complete"
    );
    assert_eq!(hippo.counts().await, (1, 1, 1));
}
