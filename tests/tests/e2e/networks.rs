//! Deploys in the network of a company: through a real proxy, and to servers with a private authority that want to know who is there.

use bowline_tests::command::{Bowline, Home, Ran};
use bowline_tests::gateway::{Authority, Gateway};
use bowline_tests::platform::Platform;
use bowline_tests::programs::example;
use bowline_tests::squid::{self, Squid};
use bowline_tests::web;

/// Neither the proxy's password nor the platform's.
fn keeps_quiet(ran: Ran, platform: &Platform) -> Ran {
    for secret in [
        squid::PASSWORD,
        "canary%2Fproxy",
        platform.setting("HIPPO_PASSWORD"),
    ] {
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    ran
}

#[tokio::test]
async fn a_deploy_goes_through_a_real_proxy() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let hippo = Gateway::plain(platform.address("HIPPO_URL"));
    let bindle = Gateway::plain(platform.address("BINDLE_SERVER_URL"));
    let squid = Squid::start(&["hippo.test", "bindle.test"]);
    let deploy = |proxy: &str| -> Bowline {
        home.deploy(&example("hello-rust"))
            .envs(platform.settings())
            .env("HIPPO_URL", format!("http://hippo.test:{}", hippo.port()))
            .env(
                "BINDLE_SERVER_URL",
                format!("http://bindle.test:{}/v1", bindle.port()),
            )
            .env("HTTP_PROXY", proxy)
    };
    let address = squid.url_for(squid::USER, squid::PASSWORD);
    let ran = keeps_quiet(deploy(&address).arg("-v").run().success(), &platform);
    // The application's own name is below `localhost`, and asked directly.
    assert_eq!(web::get(&ran.url(), "/hello/you").await.status, 200);
    let served = squid.served();
    for part in [
        format!("GET http://hippo.test:{}/api/apps?", hippo.port()),
        format!("POST http://bindle.test:{}/v1/_i", bindle.port()),
    ] {
        assert!(
            served.iter().any(|line| line.starts_with(&part)),
            "{served:#?}"
        );
    }
    assert!(
        !served.iter().any(|line| line.contains("localhost")),
        "{served:#?}"
    );

    // Who is not known to the proxy gets no further.
    let refused = deploy(&squid.url_for(squid::USER, "wrong")).run();
    assert_ne!(refused.code, 0, "{}", refused.stderr);
    keeps_quiet(refused, &platform);
}

#[tokio::test]
async fn a_deploy_shows_its_certificate_through_tunnels_of_a_real_proxy() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let authority = Authority::new();
    let before = |name: &str, setting: &str| {
        Gateway::for_members(platform.address(setting), name, &authority)
    };
    let hippo = before("hippo.test", "HIPPO_URL");
    let bindle = before("bindle.test", "BINDLE_SERVER_URL");
    let squid = Squid::start(&["hippo.test", "bindle.test"]);
    let (certificate, key) = authority.client();
    let file = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (ca, certificate, key) = (
        file("ca.pem", authority.pem()),
        file("me.pem", &certificate),
        file("key.pem", &key),
    );
    let run = |verb: &str, proxy: &str| {
        home.bowline([verb, "--from"])
            .arg(example("hello-rust"))
            .envs(platform.settings())
            .env("HIPPO_URL", format!("https://hippo.test:{}", hippo.port()))
            .env(
                "BINDLE_SERVER_URL",
                format!("https://bindle.test:{}/v1", bindle.port()),
            )
            .env("HTTPS_PROXY", proxy)
    };
    let known = |bowline: Bowline| {
        bowline
            .arg("--ca-file")
            .arg(&ca)
            .arg("--client-cert")
            .arg(&certificate)
            .arg("--client-key")
            .arg(&key)
    };
    let address = squid.url_for(squid::USER, squid::PASSWORD);
    let ran = keeps_quiet(known(run("deploy", &address)).run().success(), &platform);
    assert_eq!(web::get(&ran.url(), "/hello/you").await.status, 200);
    keeps_quiet(known(run("plan", &address)).run().success(), &platform);
    let served = squid.served();
    for name in ["hippo", "bindle"] {
        let port = if name == "hippo" {
            hippo.port()
        } else {
            bindle.port()
        };
        let tunnel = format!("CONNECT {name}.test:{port} 200");
        assert!(served.contains(&tunnel), "{served:#?}");
    }
    assert!(
        served.iter().all(|line| line.starts_with("CONNECT ")),
        "the proxy sees nothing of what is said: {served:#?}"
    );

    let stranger = run("deploy", &address).arg("--ca-file").arg(&ca).run();
    keeps_quiet(
        stranger.fails(8, &["it wants a client certificate", "--client-cert"]),
        &platform,
    );
    let trusting = known(run("deploy", &squid.url_for(squid::USER, "wrong"))).run();
    keeps_quiet(
        trusting.fails(
            8,
            &[
                "the proxy wants another user name and password",
                "HTTPS_PROXY",
            ],
        ),
        &platform,
    );
}
