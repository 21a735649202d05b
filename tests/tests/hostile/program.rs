//! Attacks on the program.

use std::borrow::Cow;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use bowline_app::Digest;
use bowline_tests::command::Home;

use crate::attack::{Approved, Attack, INPUT, SECRET};
use crate::scene::{Scene, assert_clean};
use crate::{library, record};

/// An attack that is still going on after this time is not bounded. On a busy machine the bounded ones take some seconds.
const TOO_LONG: Duration = Duration::from_secs(120);

/// Makes the attack, and checks what comes of it.
pub fn run(attack: &Attack, scene: &Scene, component: Cow<'static, [u8]>) {
    let home = Home::new();
    share_cache(home.path());
    let file = home.path().join("hostile.wasm");
    fs::write(&file, &component).unwrap();

    if attack.login {
        keep_login(home.path(), scene);
    }

    let verb = if attack.plans { "plan" } else { "deploy" };
    let mut command = home
        .bowline([verb, "-v", "--from"])
        .arg(scene.application.path())
        .arg("--target")
        .arg(&file);
    if !attack.plans {
        command = command.arg("--readiness-timeout=1");
    }
    let approved = match attack.approved {
        Approved::All => Some(Digest::of(&component)),
        Approved::Nothing => None,
        Approved::Another => Some(Digest::of(b"")),
    };
    if let Some(digest) = approved {
        command = command.arg(format!("--approve=sha256:{digest}"));
    }
    if attack.private {
        command = command.arg(format!("--allow-private={}", scene.server.origin()));
    }
    for (name, value) in &attack.limits {
        command = command.arg(format!("--limit={name}={value}"));
    }
    for (name, value) in &attack.settings {
        command = command.arg(format!("--{name}={}", scene.fill(value)));
    }
    if let Some(value) = attack.variable {
        command = command.arg(format!("--variable=api_key={}", scene.fill(value)));
    }
    let ran = Ran::of(command.command(), home.path());
    let what = format!(
        "exit code {}\n-- stdout\n{}\n-- stderr\n{}",
        ran.code, ran.stdout, ran.stderr
    );

    let expected = attack.program_outcome();
    assert_eq!(ran.code, expected.exit_code(), "{expected:?}: {what}");
    for (name, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
        assert_clean(name, text);
    }
    assert!(
        ran.stdout.len() + ran.stderr.len() < 1 << 20,
        "the program says too much"
    );
    let errors = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: "));
    assert_eq!(
        errors.count(),
        usize::from(ran.code != 0),
        "one error where there is one: {what}"
    );
    for word in expected.words() {
        let word = scene.fill(word);
        assert!(ran.stderr.contains(&word), "'{word}' is not said: {what}");
    }
    if expected.names_target() {
        assert!(
            ran.stderr.contains("target 'guest'") || ran.stderr.contains("hostile.wasm"),
            "no target is named: {what}"
        );
    }
    let mut lines = ran.stderr.lines();
    assert!(!lines.any(|line| line.starts_with("thread '")), "{what}");
    scene.check(attack);
    record::check(home.path(), attack, scene, &component);
    assert!(
        ran.memory <= attack.memory,
        "{} MiB of memory instead of {}: {what}",
        ran.memory,
        attack.memory
    );
}

/// What a run left.
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
    /// MiB of memory that it had at most.
    memory: u64,
}

impl Ran {
    fn of(mut command: Command, home: &Path) -> Self {
        let [input, out, err] = ["stdin", "stdout", "stderr"].map(|name| home.join(name));
        fs::write(&input, INPUT).unwrap();
        let mut child = command
            .stdin(File::open(&input).unwrap())
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(&err).unwrap())
            .spawn()
            .unwrap();
        let (status, memory) = watch(&mut child);
        let read = |path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        Self {
            code: status.code().unwrap(),
            stdout: read(&out),
            stderr: read(&err),
            memory,
        }
    }
}

/// Waits for the end of a process, and looks at the most memory that it has had, which only grows.
fn watch(child: &mut Child) -> (ExitStatus, u64) {
    let status = format!("/proc/{}/status", child.id());
    let started = Instant::now();
    let mut most = 0;
    loop {
        if let Ok(text) = fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
            most = most.max(kib.unwrap_or(0));
        }
        if let Some(status) = child.try_wait().unwrap() {
            return (status, most >> 10);
        }
        if started.elapsed() > TOO_LONG {
            child.kill().unwrap();
            panic!("it goes on without end");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Keeps the login of a target that the guests have their name from.
fn keep_login(home: &Path, scene: &Scene) {
    let folder = home.join("config/credentials");
    fs::create_dir_all(&folder).unwrap();
    let (digest, server) = (Digest::of(b"another"), scene.server.origin());
    let kept = format!(
        "version = 1\n\
         [[credential]]\n\
         environment = \"default\"\n\
         target = \"guest\"\n\
         digest = \"sha256:{digest}\"\n\
         belongs-to = \"server-url\"\n\
         kept-at = 1\n\
         secret = '{SECRET}'\n\
         [credential.servers]\n\
         server-url = \"{server}\"\n"
    );
    fs::write(folder.join("credentials.toml"), kept).unwrap();
}

/// Has this home use the compiled guests of all others. Compiling takes most of the time that a run has.
fn share_cache(home: &Path) {
    let shared = Path::new(library::CACHE);
    fs::create_dir_all(shared).unwrap();
    symlink(shared, home.join("cache")).unwrap();
}
