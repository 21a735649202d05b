//! The host as a library, by the example in its documentation.

use std::fs;
use std::process::Command;

use bowline_tests::command::Home;
use bowline_tests::platform::Platform;
use bowline_tests::programs::{example, library_example};
use bowline_tests::readers::Hippo;
use bowline_tests::web;

#[tokio::test]
async fn the_example_of_the_library_deploys() {
    let home = Home::new();
    // Trusts the key of this home, which the example then signs with.
    let platform = Platform::start(home.path());
    let target = home.path().join("hippo.wasm");
    fs::write(&target, bowline_builtin::HIPPO).expect("it can be written");
    let setting = |name: &str, variable: &str| format!("{name}={}", platform.setting(variable));

    let output = Command::new(library_example("deploy"))
        .env_clear()
        .arg(&target)
        .arg(example("hello-rust"))
        .arg(platform.setting("BINDLE_SERVER_URL"))
        .arg(home.signing_key())
        .arg(setting("hippo-url", "HIPPO_URL"))
        .arg(setting("hippo-username", "HIPPO_USERNAME"))
        .arg(setting("hippo-password", "HIPPO_PASSWORD"))
        .arg(setting("hippo-app-url", "HIPPO_APP_URL"))
        .output()
        .expect("the example can be started");

    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{stdout}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(stdout.contains("Ready"), "{stdout}");
    let hippo = Hippo::sign_in(&platform).await;
    let domain = &hippo.channels().await[0].domain;
    let app_url = platform
        .setting("HIPPO_APP_URL")
        .replace("{domain}", domain);
    let url = url::Url::parse(&app_url).expect("it is a URL");
    assert_eq!(web::get(&url, "/hello/library").await.status, 200);
}
