//! Deployed, and not answering: never exit code 0.

use bowline_tests::command::Home;
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::platform::Platform;
use bowline_tests::programs::example;
use bowline_tests::readers::Hippo;
use bowline_tests::sample::Sample;

#[tokio::test]
async fn an_application_that_the_platform_can_not_run() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let sample = Sample::new();
    sample.needing("fermyon:spin/key-value@2.0.0");
    // Where it is known what runs there, nothing is sent.
    let refused = home.deploy(sample.path()).envs(platform.settings()).run();
    let _ = refused.fails(
        3,
        &["spin.toml:10:", "imports fermyon:spin/key-value@2.0.0"],
    );
    let ran = home
        .deploy(sample.path())
        .envs(platform.settings())
        .without("HIPPO_ENGINE")
        .run()
        .exit(9);
    for words in [
        "warning: the application runs only on Spin 1.x",
        "error: shop 1.0.0+q",
        "the platform can't run it",
        "the component 'front' needs the interface fermyon:spin/key-value@2.0.0",
        "/.well-known/spin/info",
    ] {
        assert!(ran.stderr.contains(words), "{words}:\n{}", ran.stderr);
    }
    assert_eq!(ran.stdout, "");
    // It is there: what fails is the application.
    let hippo = Hippo::sign_in(&platform).await;
    assert_eq!(hippo.counts().await, (1, 1, 1));
    // Who does not ask is not told.
    home.deploy(sample.path())
        .arg("--readiness-timeout=0")
        .envs(platform.settings())
        .without("HIPPO_ENGINE")
        .run()
        .success();
}

#[tokio::test]
async fn an_application_that_does_not_answer_in_time() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let elsewhere = Meddler::start(None, |_| {
        Act::answer(
            200,
            "application/json",
            r#"{"bindle_version":"0.0.1+qother"}"#,
        )
    });
    let deploy = |template: &str| {
        home.deploy(&example("hello-rust"))
            .arg("--readiness-timeout=1")
            .envs(platform.settings())
            .env("HIPPO_APP_URL", template)
            .run()
    };
    let late = deploy(&elsewhere.origin()).fails(
        9,
        &[
            "is deployed to",
            "does not answer after 1 s",
            "'0.0.1+qother'",
            "--readiness-timeout",
        ],
    );
    assert!(late.stderr.contains("curl -i"), "{}", late.stderr);
    deploy(platform.setting("HIPPO_APP_URL")).success();
}
