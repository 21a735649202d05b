//! How many requests a deploy may take.

use bowline_tests::command::Home;
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::platform::Platform;
use bowline_tests::programs::example;

/// Of an unchanged application, with the login and the question whether it answers.
const WARM: usize = 10;

#[test]
fn an_unchanged_application_takes_few_requests() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let hello = example("hello-rust");
    home.deploy(&hello)
        .envs(platform.settings())
        .run()
        .success();

    let bindle = Meddler::start(Some(platform.address("BINDLE_SERVER_URL")), |_| {
        Act::Forward
    });
    let hippo = Meddler::start(Some(platform.address("HIPPO_URL")), |_| Act::Forward);
    let port = hippo.address().port();
    home.deploy(&hello)
        .envs(platform.settings())
        .env("BINDLE_SERVER_URL", bindle.url())
        .env("HIPPO_URL", hippo.origin())
        .env("HIPPO_APP_URL", format!("http://{{domain}}:{port}"))
        .run()
        .success();
    let requests: Vec<_> = bindle
        .seen()
        .into_iter()
        .chain(hippo.seen())
        .map(|seen| format!("{} {}", seen.method, seen.path))
        .collect();
    assert!(requests.len() <= WARM, "{requests:#?}");
    assert!(
        requests
            .iter()
            .any(|request| request == "GET /.well-known/spin/info"),
        "all of them are counted: {requests:#?}"
    );
}
