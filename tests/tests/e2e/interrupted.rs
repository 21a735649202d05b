//! Deploys that are cut off, and what a second run makes of them.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use bowline_tests::command::{Home, copy_folder};
use bowline_tests::platform::Platform;
use bowline_tests::programs::example;
use bowline_tests::readers::{Bindle, Hippo};
use bowline_tests::slow::SlowLine;
use bowline_tests::web;
use sha2::{Digest, Sha256};
use url::Url;

/// Large enough to be on its way for seconds over the slow line.
const SIZE: usize = 24 * 1024 * 1024;
const RATE: u64 = 4 * 1024 * 1024;

#[tokio::test]
async fn a_deploy_killed_in_the_middle_of_an_upload_is_completed_by_the_next() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let built = example("static-site");
    let site = copy_folder(&built, &home.path().join("site"));
    let component = "target/wasm32-wasip2/release/static_site.wasm";
    fs::create_dir_all(site.join(component).parent().expect("it is in a folder"))
        .expect("it can be made");
    fs::copy(built.join(component), site.join(component)).expect("the component is built");
    let video = noise(SIZE);
    fs::write(site.join("assets/video.bin"), &video).expect("it can be written");

    let bindle_url = Url::parse(platform.setting("BINDLE_SERVER_URL")).expect("it is a URL");
    let server = bindle_url.socket_addrs(|| None).expect("it is loopback")[0];
    let line = SlowLine::to(server, RATE);
    let mut slow_url = bindle_url.clone();
    slow_url
        .set_port(Some(line.address().port()))
        .expect("http has ports");

    let mut child = home
        .bowline(["deploy", "--from"])
        .arg(&site)
        .envs(platform.settings())
        .env("BINDLE_SERVER_URL", slow_url.as_str())
        .command()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("bowline can be started");
    let deadline = Instant::now() + Duration::from_secs(60);
    while line.passed() < SIZE as u64 / 3 {
        assert!(Instant::now() < deadline, "the upload does not start");
        assert!(
            child.try_wait().expect("it can be asked").is_none(),
            "bowline ended before it was killed"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("it can be killed");
    child.wait().expect("it is gone");
    assert!(line.passed() < SIZE as u64, "the upload was not cut");
    let hippo = Hippo::sign_in(&platform).await;
    assert_eq!(hippo.counts().await, (0, 0, 0), "nothing was created yet");

    let again = home
        .bowline(["deploy", "--from"])
        .arg(&site)
        .envs(platform.settings())
        .run()
        .success();
    assert_eq!(web::get(&again.url(), "/").await.status, 200);

    let bindle = Bindle::connect(&platform);
    let invoices = bindle.invoices("static-site").await;
    assert_eq!(invoices.len(), 1, "the second run went on with the first's");
    let id = invoices[0].bindle.id.to_string();
    assert_eq!(bindle.missing(&id).await, 0);
    let digest = format!("{:x}", Sha256::digest(&video));
    assert!(bindle.parcel(&id, &digest).await == video, "bytes differ");
}

/// Bytes that no two runs of a compressor agree on, the same in every run.
fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(size);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}
