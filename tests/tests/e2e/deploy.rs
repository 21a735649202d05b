//! What a developer who types `spin deploy` sees.

use std::fs;

use bowline_guest_artifacts as guests;
use bowline_tests::command::{Home, copy_folder};
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::platform::Platform;
use bowline_tests::programs::example;
use bowline_tests::readers::{Bindle, Hippo};
use bowline_tests::sample::Sample;
use bowline_tests::web;

#[tokio::test]
async fn an_application_of_the_spin_sdk_answers_at_its_url() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let hello = example("hello-rust");

    let first = home
        .bowline(["deploy", "--from"])
        .arg(&hello)
        .envs(platform.settings())
        .run()
        .success();

    let url = first.url();
    let answer = web::get(&url, "/hello/bowline").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("bowline"), "{}", answer.body);
    assert!(
        first.stdout.contains("/hello/:name"),
        "each route is listed:\n{}",
        first.stdout
    );

    // The same through clients that are not ours.
    let hippo = Hippo::sign_in(&platform).await;
    let app = hippo.app("hello-rust").await;
    assert_eq!(app.storage_id, "hello-rust");
    assert_eq!(app.channels.len(), 1);
    let channel = &hippo.channels().await[0];
    assert_eq!(channel.name, "spin-deploy");
    let revision = channel
        .active_revision
        .as_ref()
        .expect("the channel runs a revision");
    let bindle = Bindle::connect(&platform);
    let invoices = bindle.invoices("hello-rust").await;
    assert_eq!(invoices.len(), 1);
    let id = &invoices[0].bindle.id;
    assert_eq!(
        id.to_string(),
        format!("hello-rust/{}", revision.revision_number)
    );
    assert_eq!(bindle.missing(&id.to_string()).await, 0);

    // Again: nothing is uploaded, nothing is created.
    let before = hippo.counts().await;
    let second = home
        .bowline(["deploy", "--from"])
        .arg(&hello)
        .envs(platform.settings())
        .run()
        .success();
    assert_eq!(second.url(), url);
    assert_eq!(hippo.counts().await, before);
    assert_eq!(bindle.invoices("hello-rust").await.len(), 1);
    assert!(
        second.stdout.contains("Uploaded nothing"),
        "{}",
        second.stdout
    );
}

#[tokio::test]
async fn of_a_changed_application_only_the_changed_file_is_uploaded() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let built = example("static-site");
    let site = copy_folder(&built, &home.path().join("site"));
    let component = "target/wasm32-wasip2/release/static_site.wasm";
    let to = site.join(component);
    fs::create_dir_all(to.parent().expect("it is in a folder")).expect("it can be made");
    fs::copy(built.join(component), &to).expect("the component is built");

    let deploy = || {
        home.bowline(["deploy", "--from"])
            .arg(&site)
            .envs(platform.settings())
            .run()
            .success()
    };
    let first = deploy();
    let url = first.url();
    let page = web::get(&url, "/").await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.content_type.starts_with("text/html"), "{page:?}");

    let index = site.join("assets/index.html");
    fs::write(&index, "<!doctype html><title>changed</title>").expect("it can be written");
    let second = deploy();
    assert!(
        second.stdout.contains("Uploaded 1 parcel "),
        "the file and nothing else:\n{}",
        second.stdout
    );
    let page = web::get(&second.url(), "/").await;
    assert_eq!(page.body, "<!doctype html><title>changed</title>");

    let hippo = Hippo::sign_in(&platform).await;
    assert_eq!(hippo.counts().await, (1, 2, 1));
    let channel = &hippo.channels().await[0];
    let active = channel.active_revision.as_ref().expect("one runs");
    let invoices = Bindle::connect(&platform).invoices("static-site").await;
    assert_eq!(invoices.len(), 2);
    assert!(
        invoices
            .iter()
            .any(|invoice| invoice.bindle.id.version_string() == active.revision_number)
    );
}

#[tokio::test]
async fn a_restarted_platform_serves_what_was_deployed() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let hello = example("hello-rust");
    home.bowline(["deploy", "--from"])
        .arg(&hello)
        .envs(platform.settings())
        .run()
        .success();
    drop(platform);

    let platform = Platform::start(home.path());
    let again = home
        .bowline(["deploy", "--from"])
        .arg(&hello)
        .envs(platform.settings())
        .run()
        .success();
    assert!(
        again.stdout.contains("Uploaded nothing"),
        "{}",
        again.stdout
    );
    let answer = web::get(&again.url(), "/hello/again").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_leaves_nothing() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let refused = home
        .bowline(["deploy", "--from"])
        .arg(example("hello-rust"))
        .envs(platform.settings())
        .env("HIPPO_PASSWORD", "not-the-password")
        .run()
        .exit(4);
    assert!(
        !refused.stderr.contains("not-the-password"),
        "a secret is never shown:\n{}",
        refused.stderr
    );
    let hippo = Hippo::sign_in(&platform).await;
    assert_eq!(hippo.counts().await, (0, 0, 0));
}

/// A site of its own with more files than one parcel each is good for: `n/<number>.txt`.
fn large_site(home: &Home) -> std::path::PathBuf {
    let built = example("static-site");
    let site = copy_folder(&built, &home.path().join("site"));
    let component = "target/wasm32-wasip2/release/static_site.wasm";
    let to = site.join(component);
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(built.join(component), &to).unwrap();
    fs::create_dir(site.join("assets/n")).unwrap();
    for number in 0..1500 {
        let path = site.join(format!("assets/n/{number}.txt"));
        fs::write(path, format!("the file {number}")).unwrap();
    }
    site
}

#[tokio::test]
async fn a_large_site_is_pushed_in_archives() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let site = large_site(&home);
    let deploy = |more: &[&str]| {
        let command = home
            .bowline(["deploy", "--from"])
            .arg(&site)
            .envs(platform.settings());
        let command = more.iter().fold(command, |command, more| command.arg(more));
        command.run()
    };
    let first = deploy(&[]).success();
    assert!(
        first.stdout.contains("The files are in 16 archives"),
        "{}",
        first.stdout
    );
    assert!(
        first.stderr.contains("Packed 1504 files into 16 archives"),
        "{}",
        first.stderr
    );
    for number in [0, 77, 1499] {
        let answer = web::get(&first.url(), &format!("/n/{number}.txt")).await;
        assert_eq!(answer.body, format!("the file {number}"));
    }
    let bindle = Bindle::connect(&platform);
    let invoices = bindle.invoices("static-site").await;
    // Record, index, binary, archives.
    assert_eq!(
        invoices[0].parcel.as_ref().map(Vec::len),
        Some(3 + 16),
        "the reference server's own reader counts so many"
    );

    let hippo = Hippo::sign_in(&platform).await;
    let revision = &hippo.channels().await[0].active_revision;
    let components = revision.as_ref().map(|revision| &revision.components);
    let names: Vec<_> = components
        .into_iter()
        .flatten()
        .map(|component| component.name.as_str())
        .collect();
    assert_eq!(names, ["site"], "the API tells of the components");

    // It is the same revision in either form, so what is there is used whatever is asked for now.
    for more in [&[][..], &["--archive", "never"], &["--archive", "always"]] {
        let again = deploy(more).success();
        assert!(
            again.stdout.contains("Uploaded nothing"),
            "{}",
            again.stdout
        );
    }

    // A changed file changes the index and the two archives that it left and came into, and nothing else.
    fs::write(site.join("assets/n/7.txt"), "changed").expect("it can be written");
    let changed = deploy(&[]).success();
    let uploaded = ["Uploaded 2 parcels", "Uploaded 3 parcels"];
    assert!(
        uploaded.iter().any(|text| changed.stdout.contains(text)),
        "{}",
        changed.stdout
    );
    let answer = web::get(&changed.url(), "/n/7.txt").await;
    assert_eq!(answer.body, "changed");

    // Without archives, to compare: the files that were parcels never before are so now.
    fs::write(site.join("assets/n/8.txt"), "changed, too").expect("it can be written");
    let plain = deploy(&["--archive", "never"]).success();
    assert!(!plain.stdout.contains("archives"), "{}", plain.stdout);
    let answer = web::get(&plain.url(), "/n/8.txt").await;
    assert_eq!(answer.body, "changed, too");
}

/// By a target that pushes, and says nothing of what its platform reads.
#[tokio::test]
async fn archives_are_refused_where_nobody_reads_them() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let bindle = Bindle::connect(&platform);
    let server = Meddler::start(None, |_| Act::answer(200, "text/plain", "here"));
    let target = home.path().join("plans.wasm");
    fs::write(&target, guests::plans()).unwrap();
    let sample = Sample::filled(3, 100);
    let deploy = |archive: &str| {
        home.deploy(sample.path())
            .approved_target(&target)
            .envs(platform.settings())
            .arg(format!("--server-url={}", server.origin()))
            .arg("--password=pw")
            .arg("--method=push")
            .arg(format!("--archive={archive}"))
            .run()
    };
    deploy("always").fails(3, &["archives are asked for", "deploy without"]);
    assert!(bindle.invoices("shop").await.is_empty());
    deploy("auto").success();
    let invoices = bindle.invoices("shop").await;
    let parcels = invoices[0].parcel.as_ref().map(Vec::len);
    assert_eq!(parcels, Some(2 + 1 + 3), "a parcel for each file");
}
