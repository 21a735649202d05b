//! Hostile targets against a platform that runs somebody's application.

use std::fs;

use bowline_guest_artifacts as guests;
use bowline_tests::command::{Bowline, Home};
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::platform::Platform;
use bowline_tests::programs::example;
use bowline_tests::readers::{Bindle, Hippo};
use bowline_tests::web;

/// The platform with an application deployed, and `bowline deploy` of the same again with another target, which must get nowhere.
async fn attack(target: &[u8], prepare: impl Fn(Bowline, &Platform) -> Bowline, code: i32) {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let hello = example("hello-rust");
    let url = home
        .deploy(&hello)
        .envs(platform.settings())
        .run()
        .success()
        .url();
    let hippo = Hippo::sign_in(&platform).await;
    let before = state(&hippo, &platform).await;

    let file = home.path().join("hostile.wasm");
    fs::write(&file, target).unwrap();
    let password = platform.setting("HIPPO_PASSWORD");
    for detail in ["-q", "-vv"] {
        let command = home
            .deploy(&hello)
            .approved_target(&file)
            .arg(detail)
            .envs(platform.settings());
        let ran = prepare(command, &platform).run().exit(code);
        for (what, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
            assert!(!text.contains(password), "the password is in {what}");
            assert!(!text.contains("root:"), "/etc/passwd is in {what}");
            assert!(!text.contains('\u{1b}'), "an escape sequence is in {what}");
        }
        assert_eq!(ran.stdout, "", "nothing was deployed");
    }

    assert_eq!(state(&hippo, &platform).await, before);
    assert_eq!(web::get(&url, "/hello/you").await.status, 200);
    let log = fs::read_to_string(home.path().join("platform.log")).unwrap();
    assert!(!log.contains(password), "the password is in the log");
}

/// All that others can see of the platform.
async fn state(hippo: &Hippo, platform: &Platform) -> String {
    let bindle = Bindle::connect(platform);
    format!(
        "{:?} {:?} {:?} {}",
        hippo.apps().await,
        hippo.revisions().await,
        hippo.channels().await,
        bindle.invoices("hello-rust").await.len()
    )
}

#[tokio::test]
async fn a_hostile_target_gets_nowhere() {
    let server = Meddler::start(None, |_| Act::answer(200, "application/json", "{}"));
    attack(
        guests::hostile(),
        |command, platform| {
            command
                .env("GUEST_SERVER_URL", server.origin())
                .env("GUEST_PASSWORD", platform.setting("HIPPO_PASSWORD"))
                .arg(format!("--victim={}", platform.setting("HIPPO_URL")))
        },
        10,
    )
    .await;
    assert!(server.seen().is_empty(), "{:?}", server.seen());
}

#[tokio::test]
async fn a_target_that_poses_as_the_built_in_one_is_not_run() {
    attack(guests::poses(), |command, _| command, 12).await;
}
