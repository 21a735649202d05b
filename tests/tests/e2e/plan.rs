//! Plans: what they say, that they change nothing, and that a deploy does what they said or nothing.

use std::fs;
use std::path::{Path, PathBuf};

use bowline_guest_artifacts as guests;
use bowline_tests::command::{Bowline, Home, Ran, copy_folder};
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::platform::Platform;
use bowline_tests::programs::example;
use bowline_tests::readers::{Bindle, Hippo};
use bowline_tests::sample::Sample;
use bowline_tests::web;
use serde_json::Value;

/// A copy of an example that a test may change.
fn site(home: &Home, name: &str) -> PathBuf {
    let built = example("static-site");
    let site = copy_folder(&built, &home.path().join(name));
    let component = "target/wasm32-wasip2/release/static_site.wasm";
    let to = site.join(component);
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(built.join(component), &to).unwrap();
    site
}

fn change(site: &Path) {
    fs::write(
        site.join("assets/index.html"),
        "<!doctype html><title>changed</title>",
    )
    .unwrap();
}

/// `bowline <verb>` for an application, with the platform's settings.
fn bowline(home: &Home, platform: &Platform, verb: &str, from: &Path) -> Bowline {
    home.bowline([verb, "--from"])
        .arg(from)
        .envs(platform.settings())
}

fn deploy(home: &Home, platform: &Platform, from: &Path) -> Ran {
    bowline(home, platform, "deploy", from).run().success()
}

/// Applications, revisions, channels, and bindles of the example.
async fn state(platform: &Platform) -> ((usize, usize, usize), usize) {
    let hippo = Hippo::sign_in(platform).await;
    let bindles = Bindle::connect(platform).invoices("static-site").await;
    (hippo.counts().await, bindles.len())
}

#[tokio::test]
async fn a_plan_changes_nothing_and_the_deploy_does_what_it_said() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let site = site(&home, "site");

    let plan = |flags: &[&str]| {
        flags
            .iter()
            .fold(bowline(&home, &platform, "plan", &site), |command, flag| {
                command.arg(flag)
            })
            .run()
    };
    let fresh = plan(&[]).success();
    for line in [
        "  + bindle       static-site/",
        "  + application  static-site",
        "  + revision     ",
        "  + channel      spin-deploy",
        "4 to create\n",
    ] {
        assert!(fresh.stdout.contains(line), "'{line}':\n{}", fresh.stdout);
    }
    plan(&["--detailed-exitcode"]).exit(2);
    let dry = bowline(&home, &platform, "deploy", &site)
        .arg("--dry-run")
        .run()
        .success();
    assert_eq!(dry.stdout, fresh.stdout);
    assert_eq!(state(&platform).await, ((0, 0, 0), 0));

    let deployed = deploy(&home, &platform, &site);
    let kept = plan(&["--detailed-exitcode"]).success();
    assert!(kept.stdout.contains("Nothing to do"), "{}", kept.stdout);
    assert_eq!(state(&platform).await, ((1, 1, 1), 1));

    // What is to be uploaded is told exactly here: the other version shares the rest.
    change(&site);
    let changed = plan(&["-o", "json"]).success();
    let plan = changed.json("plan");
    assert_eq!(plan["to_change"], true);
    let shown: Vec<String> = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| {
            format!(
                "{} {}",
                change["action"].as_str().unwrap(),
                change["kind"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "create bindle",
            "keep application",
            "create revision",
            "update channel"
        ]
    );
    let upload = plan["changes"][0]["detail"].as_str().unwrap();
    assert!(
        upload.starts_with("at most 1 parcel to upload (37 B)"),
        "{upload}"
    );
    let switch = plan["changes"][3]["detail"].as_str().unwrap();
    assert!(switch.contains("instead of"), "{switch}");
    let again = deploy(&home, &platform, &site);
    assert!(
        again.stdout.contains("Uploaded 1 parcel"),
        "{}",
        again.stdout
    );
    assert_eq!(again.url(), deployed.url());
    assert_eq!(state(&platform).await, ((1, 2, 1), 2));
}

#[tokio::test]
async fn a_saved_plan_is_carried_out_once() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let site = site(&home, "site");
    let file = home.path().join("site.plan");
    let saved = bowline(&home, &platform, "plan", &site)
        .arg("--save")
        .arg(&file)
        .run()
        .success();
    assert!(
        saved.stdout.contains("Saved: `bowline deploy --plan "),
        "{}",
        saved.stdout
    );
    let text = fs::read_to_string(&file).unwrap();
    for secret in ["HIPPO_PASSWORD", "BINDLE_PASSWORD"] {
        let Some(value) = platform.settings().get(secret) else {
            continue;
        };
        assert!(!text.contains(value), "{secret} is in the plan");
    }
    assert!(
        text.contains("hippo-password"),
        "its name may be told: {text}"
    );

    let by_plan = || {
        bowline(&home, &platform, "deploy", &site)
            .arg("--plan")
            .arg(&file)
            .run()
    };
    let deployed = by_plan().success();
    assert_eq!(web::get(&deployed.url(), "/").await.status, 200);
    let refused = by_plan().fails(
        7,
        &[
            "does not hold any more",
            "application 'static-site' was to create, and is to keep",
        ],
    );
    assert!(
        !refused.stderr.contains("settings that"),
        "{}",
        refused.stderr
    );
    assert_eq!(state(&platform).await, ((1, 1, 1), 1));
}

#[tokio::test]
async fn a_saved_plan_is_refused_when_somebody_else_was_faster() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let (mine, theirs) = (site(&home, "mine"), site(&home, "theirs"));
    deploy(&home, &platform, &mine);
    change(&mine);
    let file = home.path().join("mine.plan");
    bowline(&home, &platform, "plan", &mine)
        .arg("--save")
        .arg(&file)
        .run()
        .success();
    fs::write(
        theirs.join("assets/index.html"),
        "<!doctype html><title>theirs</title>",
    )
    .unwrap();
    let deployed = deploy(&home, &platform, &theirs);
    let before = state(&platform).await;

    bowline(&home, &platform, "deploy", &mine)
        .arg("--plan")
        .arg(&file)
        .run()
        .fails(
            7,
            &[
                "channel 'spin-deploy' was to update",
                "nothing was deployed",
                "bowline plan",
            ],
        );
    assert_eq!(state(&platform).await, before);
    let page = web::get(&deployed.url(), "/").await;
    assert!(page.body.contains("theirs"), "{}", page.body);
}

#[tokio::test]
async fn a_saved_plan_is_refused_when_something_moved_here() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let site = site(&home, "site");
    let file = home.path().join("site.plan");
    bowline(&home, &platform, "plan", &site)
        .arg("--save")
        .arg(&file)
        .run()
        .success();
    let by_plan = |file: &Path| {
        bowline(&home, &platform, "deploy", &site)
            .arg("--plan")
            .arg(file)
    };

    // Other settings, of which the platform knows nothing: then it is what the target relies on.
    by_plan(&file)
        .arg("--hippo-domain=site.example.com")
        .run()
        .fails(7, &["settings that have a value now: hippo-domain"]);
    by_plan(&file)
        .arg("--bindle-server=http://127.0.0.1:9/v1")
        .run()
        .fails(
            7,
            &[
                "the Bindle server was http://127.0.0.1:",
                "and is http://127.0.0.1:9/v1",
            ],
        );

    home.bowline(["env", "set", "staging"]).run().success();
    by_plan(&file)
        .arg("--environment-name=staging")
        .run()
        .fails(7, &["the environment was 'default', and is 'staging'"]);

    // Another target of the same name: its digest is what counts.
    let text = fs::read_to_string(&file).unwrap();
    let plan: Value = serde_json::from_str(&text).unwrap();
    let digest = plan["target"]["digest"].as_str().unwrap();
    let other = home.path().join("other.plan");
    fs::write(&other, text.replace(digest, &"0".repeat(64))).unwrap();
    by_plan(&other)
        .run()
        .fails(7, &["the target was 'hippo'", "(sha256:000000000000...)"]);
    // An edited list of changes is not what was planned.
    fs::write(&other, text.replace("\"create\"", "\"keep\"")).unwrap();
    by_plan(&other)
        .run()
        .fails(7, &["the file is not as it was written"]);
    // A file that was cut.
    fs::write(&other, &text[..text.len() / 2]).unwrap();
    by_plan(&other).run().fails(2, &["it ends too early"]);

    // A changed file: nobody is asked anything.
    change(&site);
    by_plan(&file)
        .env("HIPPO_URL", "http://127.0.0.1:9")
        .run()
        .fails(
            7,
            &["the application was static-site ", ", and is static-site "],
        );
    assert_eq!(state(&platform).await, ((0, 0, 0), 0));
}

#[test]
fn a_target_that_does_not_plan_is_named() {
    let home = Home::new();
    let target = home.path().join("shrugs.wasm");
    fs::write(&target, guests::shrugs()).unwrap();
    let sample = Sample::new();
    let plan = |verb: &str, flag: Option<&str>| {
        let command = home
            .bowline([verb, "--from"])
            .arg(sample.path())
            .approved_target(&target);
        flag.into_iter()
            .fold(command, |command, flag| command.arg(flag))
            .run()
    };
    for ran in [plan("plan", None), plan("deploy", Some("--dry-run"))] {
        ran.fails(12, &["the target 'guest' can't say what it would do"]);
    }
    // Where 2 says that there is something to do, it doesn't say that the command line is wrong.
    plan("plan", Some("--nonsense")).exit(2);
    let home = Home::new();
    for wrong in ["--nonsense", "--save"] {
        home.bowline(["plan", "--detailed-exitcode", wrong])
            .run()
            .exit(1);
    }
}

#[test]
fn a_target_that_writes_while_planning_is_at_fault() {
    let home = Home::new();
    let server = Meddler::start(None, |seen| match seen.path.as_str() {
        "/state" => Act::answer(200, "text/plain", "state"),
        _ => Act::answer(200, "text/plain", "token"),
    });
    let target = home.path().join("plans.wasm");
    fs::write(&target, guests::plans()).unwrap();
    let sample = Sample::new();
    let file = home.path().join("shop.plan");
    let run = |verb: &str, method: &str, flag: &str| {
        home.bowline([verb, "--from"])
            .arg(sample.path())
            .approved_target(&target)
            .arg(format!("--server-url={}", server.origin()))
            .arg("--password=pw")
            .arg("--bindle-server=http://127.0.0.1:9/v1")
            .arg(format!("--method={method}"))
            .arg(flag)
            .arg(&file)
            .run()
    };
    let plan = |method: &str| run("plan", method, "--save");
    plan("DELETE").fails(
        12,
        &[
            "target 'guest' was refused a request with the method DELETE to http://127.0.0.1:",
            "which only looks",
            "tell its author",
        ],
    );
    plan("push").fails(12, &["was refused a push to Bindle while planning"]);
    assert!(!file.exists(), "such a plan is not saved");
    assert!(server.seen().iter().all(|seen| seen.path != "/thing"));

    let looked = plan("GET").success();
    assert!(
        looked.stdout.contains("~ [31mapp  shop  200"),
        "{}",
        looked.stdout
    );
    assert!(file.exists());

    // A target that does the same and is another file, here by an empty section of its own, is another target.
    let mut other = guests::plans().to_vec();
    other.extend([0, 2, 1, b'x']);
    fs::write(&target, other).unwrap();
    let asked = server.seen().len();
    let moved = [
        "the target was 'guest' 0.1.0 (sha256:",
        ", and is 'guest' 0.1.0 (sha256:",
    ];
    run("deploy", "GET", "--plan").fails(7, &moved);
    // Nobody is to approve it, or to say what it has to know, for the plan of another one.
    home.bowline(["deploy", "--from"])
        .arg(sample.path())
        .arg("--target")
        .arg(&target)
        .arg("--plan")
        .arg(&file)
        .run()
        .fails(7, &moved);
    assert_eq!(server.seen().len(), asked, "nobody was asked");
    fs::write(&target, guests::plans()).unwrap();
    run("deploy", "GET", "--plan").success();
}
