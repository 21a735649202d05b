//! The plugin as `spin deploy` runs it.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bowline_tests::command::{Home, Ran, copy_folder};
use bowline_tests::platform::Platform;
use bowline_tests::programs::example;
use bowline_tests::slow::SlowLine;
use bowline_tests::web;
use url::Url;

use crate::spin::Installed;

fn run(command: &mut Command) -> Ran {
    let output = command.output().expect("the plugin can be started");
    Ran {
        code: output.status.code().expect("it ended by itself"),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// One installation for all of it: packing the programs of a development build takes its time.
#[tokio::test]
async fn an_installed_plugin_deploys_and_answers_for_spin() {
    let installed = Installed::new();
    let home = Home::new();
    let spin = || installed.spin(home.path());

    let version = run(spin().arg("--version")).success();
    assert_eq!(
        version.stdout.trim(),
        format!("bowline {}", env!("CARGO_PKG_VERSION"))
    );

    // `spin deploy --help` is passed through, so the help is Bowline's.
    let help = run(spin().args(["deploy", "--help"])).success();
    for word in ["--bindle-server", "--hippo-url", "--readiness-timeout"] {
        assert!(help.stdout.contains(word), "{word}:\n{}", help.stdout);
    }

    // Spin exits with the plugin's code, so each has to be Bowline's own.
    let unknown = run(spin().args(["deploy", "--hippo-ulr", "x"])).exit(2);
    assert!(unknown.stderr.contains("--hippo-ulr"), "{}", unknown.stderr);
    let nowhere = home.path().join("nowhere");
    run(spin()
        .args(["deploy", "--bindle-server", "http://127.0.0.1:9/v1"])
        .args(["--hippo-url", "http://127.0.0.1:9", "--hippo-token", "-t"])
        .arg("--from")
        .arg(&nowhere))
    .exit(3);

    // `spin bowline local up`: its program is beside this one, and nowhere else.
    let data = home.path().join("platform");
    let env_file = home.path().join("platform.env");
    let mut platform = Stopped(
        spin()
            .args(["local", "up", "--listen", "127.0.0.1:0"])
            .args(["--bindle-listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .arg("--env-file")
            .arg(&env_file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the plugin can be started"),
    );
    wait(Duration::from_secs(60), "the platform starts", || {
        assert!(platform.0.try_wait().expect("it can be asked").is_none());
        env_file.exists()
    });
    let program = fs::read_link(format!("/proc/{}/exe", platform.0.id()));
    if let Ok(program) = program {
        assert_eq!(program, installed.plugin_folder().join("bowline-local"));
    }

    // Blanks, quotes, stars and dollars in an argument arrive as they were typed.
    let app = copy_folder(
        &example("hello-rust"),
        &home.path().join("my 'app' * $HOME"),
    );
    let component = "target/wasm32-wasip2/release/hello_rust.wasm";
    let to = app.join(component);
    fs::create_dir_all(to.parent().expect("it is in a folder")).expect("it can be made");
    fs::copy(example("hello-rust").join(component), &to).expect("the component is built");
    let variables = exports(&env_file);
    let deployed = run(spin()
        .envs(variables)
        .arg("deploy")
        .arg(format!("--from={}", app.display()))
        .args(["--hippo-channel", "preview", "--readiness-timeout=60"]))
    .success();
    let answer = web::get(&deployed.url(), "/hello/spin").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("spin"), "{}", answer.body);

    // `spin login` is passed through as well, and a deploy lives on what it keeps.
    let help = run(spin().args(["login", "--help"])).success();
    assert!(help.stdout.contains("bowline login"), "{}", help.stdout);
    let (secret, open): (Vec<_>, Vec<_>) = exports(&env_file)
        .into_iter()
        .partition(|(name, _)| ["HIPPO_USERNAME", "HIPPO_PASSWORD"].contains(&name.as_str()));
    let login = || {
        let mut login = spin();
        login.envs(open.clone()).args(["login", "--no-input"]);
        login
    };
    run(&mut login()).exit(4);
    let logged_in = run(login().envs(secret.clone())).success();
    for (name, value) in secret.iter().filter(|(name, _)| name == "HIPPO_PASSWORD") {
        let said = format!("{}{}", logged_in.stdout, logged_in.stderr);
        assert!(!said.contains(value), "{name}");
    }
    run(spin()
        .envs(open)
        .args(["deploy", "--no-input"])
        .arg(format!("--from={}", app.display())))
    .success();
}

/// One Ctrl-C below Spin is two signals: the terminal's SIGINT and Spin's SIGTERM. A running upload still ends well.
#[cfg(unix)]
#[test]
fn ctrl_c_below_spin_lets_running_uploads_end() {
    const SIZE: u64 = 8 * 1024 * 1024;
    let home = Home::new();
    let platform = Platform::start(home.path());
    let built = example("static-site");
    let site = copy_folder(&built, &home.path().join("site"));
    let component = "target/wasm32-wasip2/release/static_site.wasm";
    let to = site.join(component);
    fs::create_dir_all(to.parent().expect("it is in a folder")).expect("it can be made");
    fs::copy(built.join(component), &to).expect("the component is built");
    fs::write(site.join("assets/video.bin"), vec![7; SIZE as usize]).expect("it can be written");

    let bindle = Url::parse(platform.setting("BINDLE_SERVER_URL")).expect("it is a URL");
    let server = bindle.socket_addrs(|| None).expect("it is loopback")[0];
    let through = |line: &SlowLine| {
        let mut url = bindle.clone();
        url.set_port(Some(line.address().port()))
            .expect("http has ports");
        url
    };
    let line = SlowLine::to(server, SIZE / 4);
    let deploy = |line: &SlowLine| {
        home.bowline(["deploy", "--from"])
            .arg(&site)
            .envs(platform.settings())
            .env("BINDLE_SERVER_URL", through(line).as_str())
            .env("SPIN_BIN_PATH", "/nonexistent/spin")
    };
    let mut child = deploy(&line)
        .command()
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bowline can be started");
    wait(Duration::from_secs(60), "the upload starts", || {
        assert!(child.try_wait().expect("it can be asked").is_none());
        line.passed() > SIZE / 4
    });
    for signal in ["-INT", "-TERM"] {
        let sent = Command::new("kill")
            .arg(signal)
            .arg(child.id().to_string())
            .status();
        assert!(sent.expect("kill can be started").success());
    }
    let mut told = String::new();
    let mut stderr = child.stderr.take().expect("it is piped");
    stderr.read_to_string(&mut told).expect("it can be read");
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(130), "{told}");
    assert!(told.contains("what was sent until then is kept"), "{told}");
    assert!(line.passed() > SIZE, "the upload was cut off");

    let line = SlowLine::to(server, 16 * SIZE);
    deploy(&line).run().success();
    assert!(line.passed() < SIZE, "the file was sent again");
}

/// A process that is told to end, and waited for, when a test is done with it.
struct Stopped(std::process::Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if let Ok(Some(_)) = self.0.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait(limit: Duration, what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !done() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The variables of an environment file: lines of `export NAME='value'`.
fn exports(file: &Path) -> Vec<(String, String)> {
    fs::read_to_string(file)
        .expect("it was written")
        .lines()
        .filter_map(|line| line.strip_prefix("export ")?.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned()))
        .collect()
}
