//! The program itself: starting, restarting and stopping.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use bowline_local::{Options, Platform};
use http::Method;
use serde_json::json;

use crate::support::{MANIFEST, World, client, exported};

/// The program, ready to run on a folder and free ports.
fn program(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bowline-local"));
    command
        .arg("up")
        .arg("--data")
        .arg(data)
        .args(["--listen", "127.0.0.1:0"]);
    command
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A running program, killed when the test ends early.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already when the test went well.
        let _ended = self.0.kill();
        let _status = self.0.wait();
    }
}

impl Running {
    /// Starts the program and reads what it prints until it is ready.
    fn start(command: Command) -> (Self, String) {
        Self::start_until(command, "Ctrl-C")
    }

    /// The same, until it has printed this.
    fn start_until(mut command: Command, last: &str) -> (Self, String) {
        let mut running = Self(command.spawn().unwrap());
        let mut lines = BufReader::new(running.0.stdout.take().unwrap());
        let mut printed = String::new();
        while !printed.contains(last) {
            if lines.read_line(&mut printed).unwrap() == 0 {
                let mut errors = String::new();
                running
                    .0
                    .stderr
                    .take()
                    .unwrap()
                    .read_to_string(&mut errors)
                    .unwrap();
                panic!("it ended early: {printed}{errors}");
            }
        }
        (running, printed)
    }

    /// Sends a signal and waits for the end; the exit code, if it ended by itself.
    fn stop(mut self, signal: &str) -> Option<i32> {
        let id = self.0.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
        self.0.wait().unwrap().code()
    }
}

fn fails(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.output().unwrap();
    assert_eq!(status.code(), Some(1));
    String::from_utf8(stderr).unwrap()
}

fn mode(path: PathBuf) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_how_to_go_on_and_stops_on_signals() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for signal in ["-INT", "-TERM"] {
        let (running, printed) = Running::start(program(&data));
        let env_file = data.canonicalize().unwrap().join("env");
        assert!(
            printed.contains(&format!(". '{}'", env_file.display())),
            "{printed}"
        );
        assert!(printed.contains("bowline deploy"), "{printed}");
        assert!(
            printed.contains(&exported(&env_file, "HIPPO_URL")),
            "{printed}"
        );
        assert!(
            printed.contains(&exported(&env_file, "BINDLE_SERVER_URL")),
            "{printed}"
        );
        // The password is for the file only.
        let password = exported(&env_file, "HIPPO_PASSWORD");
        assert!(
            password.len() >= 32 && !printed.contains(&password),
            "{printed}"
        );
        let health = client()
            .get(format!("{}/healthz", exported(&env_file, "HIPPO_URL")))
            .send()
            .await
            .unwrap();
        assert_eq!(health.status(), 200);
        assert_eq!(running.stop(signal), Some(0), "{signal}");
    }
    assert_eq!(mode(data.clone()), 0o700);
    for secret in ["env", "hippo.db", "host-key.toml", "keyring.toml"] {
        assert_eq!(mode(data.join(secret)), 0o600, "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_folder_has_one_platform() {
    let folder = tempfile::tempdir().unwrap();
    let first = Platform::start(Options::new(folder.path())).await.unwrap();
    let message = fails(&mut program(folder.path()));
    assert!(
        message.contains("another bowline-local is running on"),
        "{message}"
    );
    assert!(
        first.env_file().exists(),
        "the failed start removed the running one's file"
    );
    first.stop().await;
    Platform::start(Options::new(folder.path()))
        .await
        .unwrap()
        .stop()
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn taken_ports_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for option in ["--listen", "--bindle-listen"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bowline-local"));
        command
            .arg("up")
            .arg("--data")
            .arg(folder.path())
            .args([option, &address]);
        if option == "--bindle-listen" {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let message = fails(&mut command);
        assert!(
            message.starts_with("error: can't listen") && message.contains(&address),
            "{message}"
        );
        assert_eq!(message.trim_end().lines().count(), 1, "{message}");
    }
    let wrong = Command::new(env!("CARGO_BIN_EXE_bowline-local"))
        .args(["up", "--data", "x", "--trust-key", "nobody"])
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        String::from_utf8(wrong.stderr)
            .unwrap()
            .contains("LABEL=BASE64")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_everything() {
    let world = World::start().await;
    world.push("hello/1.0.0", MANIFEST).await;
    let app = world.app("hello", "hello").await;
    world
        .channel(json!({ "appId": app, "name": "main", "revisionSelectionStrategy": 0 }))
        .await;
    let World {
        platform,
        http,
        token,
        key,
        folder,
    } = world;
    let (data, password) = (
        platform.data().to_owned(),
        exported(platform.env_file(), "HIPPO_PASSWORD"),
    );
    platform.stop().await;

    // What an upload leaves behind that was cut.
    let cut = data.join("bindle/parcels").join("0".repeat(64));
    std::fs::create_dir_all(&cut).unwrap();
    std::fs::write(cut.join("parcel.dat.part"), "half").unwrap();

    // Nobody is named as trusted this time.
    let platform = Platform::start(Options::new(&data)).await.unwrap();
    assert_eq!(exported(platform.env_file(), "HIPPO_PASSWORD"), password);
    let world = World {
        platform,
        http,
        token,
        key,
        folder,
    };
    assert!(!cut.exists());
    // Tokens stay good, what ran runs, and the creator is still trusted.
    assert_eq!(
        world.get("/api/apps").await.expect(200)["items"][0]["id"],
        app
    );
    assert_eq!(world.jobs().await, 1);
    assert!(world.leads_to_application("hello.localhost").await);
    world.push("hello/1.1.0", MANIFEST).await;

    // Without the file there is a new password, and the old one is gone.
    let World {
        platform,
        http,
        token,
        key,
        folder,
    } = world;
    std::fs::remove_file(platform.env_file()).unwrap();
    platform.stop().await;
    let platform = Platform::start(Options::new(&data)).await.unwrap();
    let world = World {
        platform,
        http,
        token,
        key,
        folder,
    };
    assert_ne!(
        exported(world.platform.env_file(), "HIPPO_PASSWORD"),
        password
    );
    assert_eq!(world.login("admin", &password).await.status, 400);
    assert_eq!(
        world
            .send(world.request(Method::GET, "/healthz"))
            .await
            .status,
        200
    );
    world.stop().await;
}

#[test]
fn programs_are_told_in_json() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut command = program(&data);
    command.args(["--output", "json"]);
    let (running, printed) = Running::start_until(command, "}\n");
    let told: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let env_file = data.canonicalize().unwrap().join("env");
    assert_eq!(
        told,
        json!({
            "hippo_url": exported(&env_file, "HIPPO_URL"),
            "bindle_url": exported(&env_file, "BINDLE_SERVER_URL"),
            "data": data.canonicalize().unwrap().display().to_string(),
            "env_file": env_file.display().to_string(),
        })
    );

    // The folder is in use.
    let mut second = program(&data);
    let failed = second.args(["--output", "json"]).output().unwrap();
    assert_eq!(failed.status.code(), Some(1));
    let told: serde_json::Value = serde_json::from_slice(&failed.stdout).unwrap();
    assert_eq!(
        (&told["error"]["code"], &told["error"]["exit"]),
        (&json!("internal"), &json!(1))
    );
    assert!(told["error"]["message"].is_string() && told["error"]["causes"].is_array());
    assert_eq!(running.stop("-TERM"), Some(0));
}
