//! What was approved, for which environment, and taking it back.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use bowline_guest_artifacts as guests;
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::platform::Platform;
use bowline_tests::slow::SlowLine;

use crate::world::{World, another_build, asking, digest};

/// Runs `bowline` on a terminal of its own, `script`'s, and types an answer. Returns the exit code and what is on the terminal.
#[cfg(target_os = "linux")]
fn on_a_terminal(world: &World, line: &str, answer: &str) -> (Option<i32>, String) {
    use std::io::Write as _;
    let program = bowline_tests::programs::bowline();
    let mut child = std::process::Command::new("script")
        .args([
            "-qec",
            &format!("{} {line}", program.display()),
            "/dev/null",
        ])
        .env_clear()
        .env("BOWLINE_HOME", world.home.path())
        .env("TERM", "dumb")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keys = child.stdin.take().unwrap();
    keys.write_all(answer.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    // Only now: the end of what is typed would be Ctrl-D.
    drop(keys);
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

#[cfg(target_os = "linux")]
#[test]
fn the_person_at_the_terminal_decides() {
    let world = World::new();
    let file = world.file("asks.wasm", guests::asks());
    let add = format!("target add {}", file.display());
    for answer in ["n", "\r"] {
        let (code, seen) = on_a_terminal(&world, &add, answer);
        assert_eq!(code, Some(14), "{seen}");
        assert!(
            seen.contains("you did not approve the target 'guest'"),
            "{seen}"
        );
        assert!(world.listed("guest").is_none());
    }
    let (code, seen) = on_a_terminal(&world, &format!("{add} --no-input"), "y");
    assert_eq!(code, Some(14), "{seen}");

    let (code, seen) = on_a_terminal(&world, &add, "y");
    assert_eq!(code, Some(0), "{seen}");
    assert!(
        seen.contains("The target 'guest' 0.1.0 (sha256:")
            && seen.contains("- send any request to the server that you name with --server-url")
            && seen.contains("Allow that in the environment 'default'?"),
        "{seen}"
    );
    // Nobody is asked again.
    asking(world.deploy("guest"), &world).run().success();
    // A file is asked for like an installed one, and the answer is kept.
    let other = world.file("shrugs.wasm", guests::shrugs());
    let deploy = format!(
        "deploy -f {} --target {} --url {}",
        world.application().display(),
        other.display(),
        world.server.origin()
    );
    let (code, seen) = on_a_terminal(&world, &deploy, "y");
    assert_eq!(
        code,
        Some(10),
        "it was refused a request, after it was approved: {seen}"
    );
    let ran = world.home.bowline(deploy.split(' ')).run().exit(10);
    assert!(ran.stdout.contains("Deployed shop"), "{}", ran.stdout);
}

#[cfg(target_os = "linux")]
#[test]
fn the_question_of_an_upgrade_tells_what_goes_along() {
    let world = World::new();
    let file = world.file("installed.wasm", guests::denied_path());
    world
        .add(file.to_str().unwrap(), guests::denied_path())
        .arg("--allow-private=http://127.0.0.1:11111")
        .arg("--limit=requests=1")
        .run()
        .success();
    world.file("installed.wasm", guests::asks_private_addresses());
    let (code, seen) = on_a_terminal(&world, "target upgrade", "y");
    assert_eq!(code, Some(0), "{seen}");
    for said in [
        "- send any request to http://10.0.0.1",
        "and you let it reach http://127.0.0.1:11111 at a private address.",
        "and you gave it other limits: requests=1.",
    ] {
        assert!(seen.contains(said), "'{said}' is not said:\n{seen}");
    }
}

#[test]
fn an_approval_is_for_one_environment() {
    let world = World::new();
    world.install(guests::asks());
    let deploy = || asking(world.deploy("guest"), &world);
    deploy().run().success();
    deploy()
        .arg("-e")
        .arg("staging")
        .run()
        .fails(6, &["there is no environment 'staging'"]);
    let set = world.home.bowline(["env", "set", "staging"]);
    set.run().success();
    let not_approved = "is not approved in the environment 'staging'";
    deploy()
        .arg("-e")
        .arg("staging")
        .run()
        .fails(14, &[not_approved]);
    deploy()
        .env("FERMYON_DEPLOYMENT_ENVIRONMENT", "staging")
        .run()
        .fails(14, &[not_approved]);
    let file = world.home.path().join("installed.wasm");
    world
        .add(file.to_str().unwrap(), guests::asks())
        .arg("--environment-name=staging")
        .run()
        .success();
    deploy().arg("-e").arg("staging").run().success();
    assert_eq!(
        world.listed("guest").unwrap()["approved_in"],
        serde_json::json!(["default", "staging"])
    );
}

#[test]
fn a_digest_on_the_command_line_counts_for_one_run() {
    let world = World::new();
    let file = world.file("asks.wasm", guests::asks());
    let deploy = || asking(world.deploy(file.to_str().unwrap()), &world);
    deploy()
        .arg("--approve")
        .arg(digest(guests::asks()))
        .run()
        .success();
    deploy().run().fails(14, &["is not approved"]);
    assert!(!world.approvals().exists());
}

#[test]
fn a_kept_login_is_for_targets_of_which_that_was_approved() {
    let world = World::new();
    world.install(guests::logs_in());
    world
        .home
        .bowline(["login", "--target=guest", "--password=pw"])
        .env("GUEST_SERVER_URL", world.server.origin())
        .run()
        .success();
    world.deploy("guest").run().success();
    let seen = world.server.seen();
    let paths: Vec<&str> = seen.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/login", "/apps"]);
    assert_eq!(seen[1].header("authorization"), Some("Bearer ok"));

    // One of the same name that has no logins gets none.
    let file = world.file("borrows.wasm", guests::borrows_login());
    world
        .deploy(file.to_str().unwrap())
        .arg("--approve")
        .arg(digest(guests::borrows_login()))
        .run()
        .success();
    assert_eq!(world.server.seen().len(), 2);
    // One that has logins says so.
    let file = world.file("other.wasm", &another_build(guests::logs_in()));
    world.deploy(file.to_str().unwrap()).run().fails(
        14,
        &["- log in to its platform, or use the login that is kept for 'guest'"],
    );
}

#[test]
fn a_login_of_a_target_that_was_refused_something_is_not_kept() {
    let world = World::new();
    world.install(guests::logs_in());
    let login = || {
        world
            .home
            .bowline(["login", "--target=guest", "--password=pw"])
            .env("GUEST_SERVER_URL", world.server.origin())
    };
    login().arg("--tries=http://127.0.0.1:11111/").run().fails(
        10,
        &[
            "a request to http://127.0.0.1:11111, which is not granted",
            "was not kept",
        ],
    );
    // It has to log in anew, and nobody gives it a password.
    world.deploy("guest").run().fails(2, &["'password'"]);
    login().run().success();
    world.deploy("guest").run().success();
}

#[test]
fn limits_are_approved_with_the_target() {
    let world = World::new();
    let file = world.file("asks.wasm", guests::asks());
    let add = |limit: &str| {
        world
            .add(file.to_str().unwrap(), guests::asks())
            .arg(format!("--limit={limit}"))
            .run()
    };
    add("memory=much").fails(2, &["memory"]);
    add("requests=1").success();
    let shown = world.target(&["show", "guest"]).run().success().stdout;
    assert!(shown.contains("limit requests=1"), "{shown}");
    asking(world.deploy("guest"), &world).run().success();
}

#[test]
fn narrowing_the_file_of_approvals_counts_at_once() {
    let world = World::new();
    world.install(guests::asks());
    let text = std::fs::read_to_string(world.approvals()).unwrap();
    let narrowed = text.replace("opens-network = true\n", "");
    assert_ne!(narrowed, text);
    std::fs::write(world.approvals(), narrowed).unwrap();
    asking(world.deploy("guest"), &world).run().fails(
        14,
        &[
            "asks for more than was approved",
            "- send any request to the server that you name",
        ],
    );
    std::fs::write(world.approvals(), "what is this").unwrap();
    asking(world.deploy("guest"), &world)
        .run()
        .fails(2, &["approvals.toml", "can't be used"]);
}

/// Holds a target in the middle of its run until its approval was taken back, and found to be.
fn taken_back(take_back: impl Fn(&World) + Send + Sync + 'static) {
    let world = std::sync::Arc::new(World::new());
    let (noticed, notice) = mpsc::channel();
    let actor = std::sync::Arc::clone(&world);
    let mut requests = 0;
    let server = Meddler::start(None, move |_| {
        requests += 1;
        if requests == 3 {
            take_back(&actor);
            notice.recv_timeout(Duration::from_secs(60)).unwrap();
        }
        Act::answer(200, "text/plain", "ok")
    });
    let file = world.file("installed.wasm", guests::ignores_refusals());
    world
        .add(file.to_str().unwrap(), guests::ignores_refusals())
        .run()
        .success();
    let mut child = world
        .deploy("guest")
        .env("GUEST_SERVER_URL", server.origin())
        .command()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        if line.contains("was taken back") {
            noticed.send(()).unwrap();
        }
        said.push_str(&line);
        said.push('\n');
    }
    let output = child.wait_with_output().unwrap();
    let result = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(10), "{said}");
    assert_eq!(
        server.seen().len(),
        3,
        "the request that was under way ended, and no other began"
    );
    assert!(result.contains("Deployed shop"), "{result}");
    assert!(
        said.contains("error: deployed, but the target 'guest' was refused"),
        "{said}"
    );
}

#[test]
fn removing_a_target_stops_the_one_that_runs() {
    taken_back(|world| {
        world.target(&["remove", "guest"]).run().success();
    });
}

#[test]
fn editing_an_approval_stops_the_one_that_runs() {
    taken_back(|world| {
        let text = std::fs::read_to_string(world.approvals()).unwrap();
        let other = text.replace("environment = \"default\"", "environment = \"other\"");
        std::fs::write(world.approvals(), other).unwrap();
    });
}

/// A Bindle server refuses for ever a parcel that was cut.
#[test]
fn a_parcel_that_has_begun_comes_to_its_end_when_the_approval_is_taken_back() {
    const SIZE: usize = 8 << 20;
    let world = World::new();
    let platform = Platform::start(world.home.path());
    world.install(guests::plans());
    world.sample.write("video.bin", &vec![7; SIZE]);
    let line = SlowLine::to(platform.address("BINDLE_SERVER_URL"), 4 << 20);
    let child = world
        .deploy("guest")
        .arg("--method=push")
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
    world.target(&["remove", "guest"]).run().success();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(10), "{said}");
    assert!(said.contains("was taken back"), "{said}");
    assert!(line.passed() > SIZE as u64, "the upload was cut");
}

#[test]
fn a_login_ends_with_its_approval() {
    let world = std::sync::Arc::new(World::new());
    world.install(guests::logs_in());
    let actor = std::sync::Arc::clone(&world);
    let server = Meddler::start(None, move |_| {
        actor.target(&["remove", "guest"]).run().success();
        // Long enough for the login to find it out.
        std::thread::sleep(Duration::from_millis(1500));
        Act::answer(200, "text/plain", "token")
    });
    world
        .home
        .bowline(["login", "--target=guest", "--password=pw"])
        .env("GUEST_SERVER_URL", server.origin())
        .run()
        .fails(10, &["the approval of the target 'guest' was taken back"]);
    let kept = world
        .home
        .path()
        .join("config/credentials/credentials.toml");
    assert!(!kept.exists(), "nothing was ever kept");
}

#[test]
fn a_target_that_was_refused_something_is_no_success() {
    let world = World::new();
    let file = world.file("elsewhere.wasm", guests::shrugs());
    let other = Meddler::start(None, |_| Act::answer(200, "text/plain", "ok"));
    let ran = world
        .home
        .deploy(world.application())
        .approved_target(&file)
        .arg(format!("--url={}", other.origin()))
        .arg("-o=json")
        .run()
        .exit(10);
    let result = ran.json("deploy");
    assert_eq!(result["target"], "guest");
    assert_eq!(result["denied"].as_array().unwrap().len(), 1, "{result}");
    assert!(
        ran.stderr
            .contains("error: deployed, but the target 'guest' was refused"),
        "{}",
        ran.stderr
    );
    assert!(other.seen().is_empty());
}
