//! Values for an application's variables: from the flag to the answer of the deployed application, and nowhere else.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bowline_tests::command::{Bowline, Home, Ran, copy_folder};
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::platform::Platform;
use bowline_tests::programs::example;
use bowline_tests::web;

/// Nobody may see it but the platform and the application.
const CANARY: &str = "c4nary \"&/+ key";

/// A copy of `hello-rust` whose greeting is declared so.
fn hello(home: &Home, greeting: &str) -> PathBuf {
    let built = example("hello-rust");
    let hello = copy_folder(&built, &home.path().join("hello"));
    let component = "target/wasm32-wasip2/release/hello_rust.wasm";
    let to = hello.join(component);
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(built.join(component), &to).unwrap();
    let manifest = hello.join("spin.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let declared =
        "greeting = { default = \"Ahoy\", description = \"What the greeting starts with\" }";
    assert!(text.contains(declared), "{text}");
    fs::write(&manifest, text.replace(declared, greeting)).unwrap();
    hello
}

fn bowline(home: &Home, platform: &Platform, verb: &str, from: &Path) -> Bowline {
    home.bowline([verb, "--from"])
        .arg(from)
        .envs(platform.settings())
}

async fn answer(ran: &Ran) -> String {
    web::get(&ran.url(), "/").await.body
}

/// Demands this answer, soon: until an application has started with its new values it answers with the old ones.
async fn assert_answers(ran: &Ran, expected: &str) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline && answer(ran).await != expected {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(answer(ran).await, expected);
}

/// Demands that no file below a folder holds the canary.
fn assert_clean(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_clean(&path);
        } else if let Ok(bytes) = fs::read(&path) {
            let found = bytes
                .windows(6)
                .any(|window| *window == CANARY.as_bytes()[..6]);
            assert!(!found, "the secret is in {}", path.display());
        }
    }
}

#[tokio::test]
async fn a_value_takes_effect_and_so_does_another_one_alone() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let hello = hello(&home, "greeting = { default = \"Ahoy\" }");
    let deploy = |flags: &[&str]| {
        let all = flags
            .iter()
            .fold(bowline(&home, &platform, "deploy", &hello), |all, flag| {
                all.arg(flag)
            });
        all.run().success()
    };
    assert_answers(&deploy(&[]), "Ahoy, world!\n").await;
    let greeted = deploy(&["--variable", "greeting=Moin"]);
    assert_answers(&greeted, "Moin, world!\n").await;
    let plan = bowline(&home, &platform, "plan", &hello)
        .arg("--variable=greeting=Hej")
        .run()
        .success();
    assert!(
        plan.stdout.contains("variable") && plan.stdout.contains("'Hej' instead of 'Moin'"),
        "{}",
        plan.stdout
    );
    assert_eq!(
        answer(&greeted).await,
        "Moin, world!\n",
        "a plan changes nothing"
    );
    let file = home.path().join("vars.toml");
    fs::write(&file, "greeting = \"Hej\"\n").unwrap();
    let again = deploy(&["--variable", &format!("@{}", file.display())]);
    assert_answers(&again, "Hej, world!\n").await;
    // Back to the default.
    assert_answers(&deploy(&[]), "Ahoy, world!\n").await;
}

#[tokio::test]
async fn a_secret_reaches_the_application_and_nothing_else() {
    let home = Home::new();
    let platform = Platform::start(home.path());
    let hello = hello(&home, "greeting = { required = true, secret = true }");
    // Not below the folder that is searched: the platform keeps the value, as it has to.
    let elsewhere = tempfile::tempdir().unwrap();
    let key = elsewhere.path().join("key");
    fs::write(&key, format!("{CANARY}\n")).unwrap();
    let flag = format!("--variable=greeting=@{}", key.display());
    let plan = home.path().join("hello.plan");

    let all = RefCell::new(String::new());
    let run = |command: Bowline| {
        let ran = command.arg(&flag).run().success();
        all.borrow_mut().push_str(&ran.stdout);
        all.borrow_mut().push_str(&ran.stderr);
        ran
    };
    run(bowline(&home, &platform, "plan", &hello)
        .arg("-v")
        .arg("--save")
        .arg(&plan));
    let deployed = run(bowline(&home, &platform, "deploy", &hello)
        .arg("-v")
        .arg("--plan")
        .arg(&plan));
    assert_answers(&deployed, &format!("{CANARY}, world!\n")).await;
    let json = run(bowline(&home, &platform, "plan", &hello)
        .arg("-o")
        .arg("json"));
    let journal = home.bowline(["journal", "show", "--last"]).run();
    all.borrow_mut().push_str(&journal.stdout);
    assert!(!all.borrow().contains("c4nary"), "{}", all.borrow());
    assert_eq!(json.json("plan")["to_change"], false);
    for entry in fs::read_dir(home.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !platform.data().starts_with(&path) {
            assert_clean(&path);
        }
    }
    assert!(!fs::read_to_string(&plan).unwrap().contains("c4nary"));

    // Another secret is another plan.
    run(bowline(&home, &platform, "plan", &hello)
        .arg("--save")
        .arg(&plan));
    fs::write(&key, "other secret").unwrap();
    let refused = bowline(&home, &platform, "deploy", &hello)
        .arg(&flag)
        .arg("--plan")
        .arg(&plan)
        .run();
    refused.fails(
        7,
        &["the value of one of these variables, or of several: greeting"],
    );
    assert_answers(&deployed, &format!("{CANARY}, world!\n")).await;
    let changed = bowline(&home, &platform, "deploy", &hello)
        .arg(&flag)
        .run()
        .success();
    assert_answers(&changed, "other secret, world!\n").await;
}

#[test]
fn what_is_missing_or_unknown_is_said_before_anything_starts() {
    let home = Home::new();
    let hello = hello(
        &home,
        "greeting = { required = true }\napi_key = { required = true, secret = true, description = \"Key of the shop\" }",
    );
    let nobody = Meddler::start(None, |_| Act::refusal(500, "asked"));
    let deploy = |flags: &[&str]| {
        let command = home
            .bowline(["deploy", "--from"])
            .arg(&hello)
            .arg("--bindle-server")
            .arg(nobody.url())
            .arg("--hippo-url")
            .arg(nobody.origin())
            .arg("--hippo-token=t");
        flags.iter().fold(command, |all, flag| all.arg(flag)).run()
    };
    deploy(&[]).fails(
        2,
        &[
            "the application's variables 'api_key', 'greeting' have no value and no default",
            "give --variable api_key=@FILE: Key of the shop",
            "give --variable greeting=VALUE",
        ],
    );
    deploy(&["--variable=greetings=hi"]).fails(
        2,
        &[
            "the application has no variable 'greetings'",
            "did you mean 'greeting'?",
        ],
    );
    assert!(nobody.seen().is_empty());
}
