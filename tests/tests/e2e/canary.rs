//! Secrets that are searched for in everything that any verb leaves behind.
//!
//! Each run has secrets that nothing else in the world is like. Afterwards all that it wrote is searched for them, as they are and in
//! the forms that programs write text in: its output, its log, the journal, caches, temporary files, core files, and the arguments
//! of the programs that it started.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bowline_guest_artifacts as guests;
use bowline_tests::command::Home;
use bowline_tests::meddler::{Act, Meddler, Seen};
use bowline_tests::platform::Platform;
use bowline_tests::programs;
use bowline_tests::sample::Sample;

/// Letters that every encoding writes differently.
const TOKEN: &str = "c4n4ry\"tok\\en/+=&? ü%41";
const PASSWORD: &str = "c4n4ry 'pass'\"word\"\\/+&ß\u{7f}";
const BINDLE_PASSWORD: &str = "c4n4ry/bindle+pass word:%";
const PROXY_PASSWORD: &str = "c4n4ry/proxy+pass:word";

/// A secret and how it could be written.
struct Canary {
    name: &'static str,
    forms: Vec<(&'static str, Vec<u8>)>,
}

impl Canary {
    fn new(name: &'static str, secret: &str) -> Canary {
        let bytes = secret.as_bytes();
        let json = serde_json::to_string(secret).unwrap();
        let ascii: String = json
            .encode_utf16()
            .map(|unit| match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
                _ => format!("\\u{unit:04x}"),
            })
            .collect();
        let inner = |quoted: &str| inner_text(quoted).as_bytes().to_vec();
        let percent = |upper: bool, space: &str, keep: &str| -> Vec<u8> {
            let written = bytes.iter().map(|byte| match byte {
                b' ' => space.to_owned(),
                byte if byte.is_ascii_alphanumeric() || keep.as_bytes().contains(byte) => {
                    char::from(*byte).to_string()
                }
                byte if upper => format!("%{byte:02X}"),
                byte => format!("%{byte:02x}"),
            });
            written.collect::<String>().into_bytes()
        };
        let mut forms = vec![
            ("as it is", bytes.to_vec()),
            ("in JSON", inner(&json)),
            ("in ASCII JSON", inner(&ascii)),
            (
                "in JSON in JSON",
                inner(&serde_json::to_string(&inner_text(&json)).unwrap()),
            ),
            ("in Rust", inner(&format!("{secret:?}"))),
            ("percent-encoded", percent(true, "%20", "-_.~")),
            (
                "percent-encoded in lower case",
                percent(false, "%20", "-_.~"),
            ),
            (
                "in a user's part of a URL",
                percent(true, "%20", "-_.~!$&'()*+,;="),
            ),
            ("in a form", percent(true, "+", "-_.*")),
            (
                "in hexadecimal",
                bytes
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect::<String>()
                    .into_bytes(),
            ),
        ];
        for (alphabet, what) in [
            (
                *b"+/",
                [
                    "in base64",
                    "in base64, behind one byte",
                    "in base64, behind two",
                ],
            ),
            (
                *b"-_",
                [
                    "in base64url",
                    "in base64url, behind one byte",
                    "in base64url, behind two",
                ],
            ),
        ] {
            for (shift, what) in what.into_iter().enumerate() {
                forms.push((what, base64_inside(bytes, shift, alphabet)));
            }
        }
        // A form that says nothing would be found everywhere.
        forms.retain(|(_, form)| form.len() >= 8);
        Canary { name, forms }
    }

    /// In which form it is in there.
    fn found(&self, text: &[u8]) -> Option<&'static str> {
        let (what, _) = self.forms.iter().find(|(_, form)| contains(text, form))?;
        Some(what)
    }
}

fn inner_text(quoted: &str) -> &str {
    &quoted[1..quoted.len() - 1]
}

/// The letters of base64 that do not depend on what stands before and behind the bytes.
fn base64_inside(bytes: &[u8], shift: usize, alphabet: [u8; 2]) -> Vec<u8> {
    let bits: Vec<bool> = std::iter::repeat_n(0, shift)
        .chain(bytes.iter().copied())
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1))
        .collect();
    let letter = |sextet: &[bool]| {
        let value = sextet
            .iter()
            .fold(0_u8, |value, bit| value << 1 | u8::from(*bit));
        match value {
            0..=25 => b'A' + value,
            26..=51 => b'a' + value - 26,
            52..=61 => b'0' + value - 52,
            _ => alphabet[usize::from(value - 62)],
        }
    };
    bits.chunks_exact(6)
        .skip((shift * 8).div_ceil(6))
        .map(letter)
        .collect()
}

fn contains(text: &[u8], form: &[u8]) -> bool {
    let (first, rest) = form.split_first().unwrap();
    let mut left = text;
    while let Some(at) = left.iter().position(|byte| byte == first) {
        left = &left[at + 1..];
        if left.starts_with(rest) {
            return true;
        }
    }
    false
}

/// Everything that the runs of one test may write to, and what must not be in it.
struct Nest {
    home: Home,
    sample: Sample,
    canaries: Vec<Canary>,
    /// What was written to stdout and stderr, by command line.
    outputs: Vec<(String, Vec<u8>)>,
}

impl Nest {
    fn new() -> Nest {
        let home = Home::new();
        for folder in ["bowline", "tmp", "work", "user", "xdg"] {
            fs::create_dir(home.path().join(folder)).unwrap();
        }
        let canaries = vec![
            Canary::new("the token", TOKEN),
            Canary::new("the wrong password", PASSWORD),
            Canary::new("Bindle's password", BINDLE_PASSWORD),
            Canary::new("the proxy's password", PROXY_PASSWORD),
        ];
        Nest {
            home,
            sample: Sample::new(),
            canaries,
            outputs: Vec::new(),
        }
    }

    /// A platform that trusts the key of this home. What it writes itself, its own password for one, is not looked at.
    fn platform(&mut self) -> Platform {
        let platform = Platform::start(&self.home.path().join("bowline"));
        let password = platform.setting("HIPPO_PASSWORD");
        self.canaries
            .push(Canary::new("the platform's password", password));
        platform
    }

    fn work(&self) -> PathBuf {
        self.home.path().join("work")
    }

    /// The program, told to leave core files if it can.
    fn command(&self, arguments: &[&str], variables: &BTreeMap<String, String>) -> Command {
        let within = |name: &str| self.home.path().join(name);
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "ulimit -c unlimited; exec \"$0\" \"$@\""])
            .arg(programs::bowline())
            .args(arguments)
            .env_clear()
            .current_dir(self.work())
            .env("PATH", "/usr/bin:/bin")
            .env("BOWLINE_HOME", within("bowline"))
            .env("HOME", within("user"))
            .env("TMPDIR", within("tmp"))
            .env("XDG_CONFIG_HOME", within("xdg"))
            .env("XDG_CACHE_HOME", within("xdg"))
            .env("XDG_STATE_HOME", within("xdg"))
            .env("XDG_DATA_HOME", within("xdg"))
            .env("BINDLE_USERNAME", "ann")
            .env("BINDLE_PASSWORD", BINDLE_PASSWORD)
            .env("RUST_BACKTRACE", "full")
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&mut self, arguments: &[&str], variables: &BTreeMap<String, String>) -> i32 {
        let output = self.command(arguments, variables).output().unwrap();
        let line = arguments.join(" ");
        self.outputs
            .push((format!("stdout of {line}"), output.stdout));
        self.outputs
            .push((format!("stderr of {line}"), output.stderr));
        output.status.code().unwrap()
    }

    /// Deploys with builders that write down how they and the program were started, and with which variables.
    fn build(&mut self, variables: &BTreeMap<String, String>) {
        let started = self.work().join("started");
        let script = format!(
            "cat /proc/$$/cmdline /proc/$PPID/cmdline /proc/$$/environ >> '{}'",
            started.display()
        );
        let app = self.sample.path().to_str().unwrap().to_owned();
        let manifest = self.sample.path().join("spin.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        let builds = format!("{text}[component.front.build]\ncommand = \"{script}\"\n");
        fs::write(&manifest, builds).unwrap();
        let spin = self.work().join("spin");
        fs::write(&spin, format!("#!/bin/sh\n{script}\n")).unwrap();
        let executable: fs::Permissions = PermissionsExt::from_mode(0o755);
        fs::set_permissions(&spin, executable).unwrap();
        let mut below_spin = variables.clone();
        below_spin.insert("SPIN_BIN_PATH".to_owned(), spin.display().to_string());
        for variables in [variables, &below_spin] {
            let line = ["deploy", "--build", "--readiness-timeout=0", "-f", &app];
            assert_eq!(self.run(&line, variables), 0, "{}", self.said());
        }
        let seen = String::from_utf8(fs::read(&started).unwrap()).unwrap();
        assert_eq!(seen.matches("\0--build\0").count(), 2, "{seen:?}");
        assert_eq!(seen.matches("\0BOWLINE_HOME=").count(), 2, "{seen:?}");
    }

    /// What the last run said.
    fn said(&self) -> String {
        let last = self.outputs.iter().rev().take(2);
        last.map(|(_, text)| String::from_utf8_lossy(text).into_owned())
            .collect()
    }

    /// Looks through everything.
    fn assert_clean(&self) {
        let mut places: Vec<(String, Vec<u8>)> = Vec::new();
        let platforms = self.home.path().join("bowline/platform");
        walk(self.home.path(), &mut |path| {
            // `platform/`, `platform.log`, `platform.env`
            if path
                .as_os_str()
                .as_encoded_bytes()
                .starts_with(platforms.as_os_str().as_encoded_bytes())
            {
                return;
            }
            let name = path.display().to_string();
            places.push((format!("the name of {name}"), name.clone().into_bytes()));
            places.push((name, fs::read(path).unwrap()));
        });
        assert!(
            places.iter().any(|(name, _)| name.contains("journal")),
            "nothing was looked at"
        );
        let mut found = Vec::new();
        for (place, text) in self.outputs.iter().chain(&places) {
            for canary in &self.canaries {
                if let Some(form) = canary.found(text) {
                    let shown = String::from_utf8_lossy(&text[..text.len().min(2000)]);
                    found.push(format!("{} is {form} in {place}:\n{shown}", canary.name));
                }
            }
        }
        assert!(found.is_empty(), "{}", found.join("\n\n"));
    }
}

fn walk(folder: &Path, visit: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            walk(&entry.path(), visit);
        } else if kind.is_file() {
            visit(&entry.path());
        }
    }
}

/// Answers with what it was told, as careless servers do.
fn echo(status: u16) -> Meddler {
    Meddler::start(None, move |seen: &Seen| {
        let said = format!("{} {} {}", seen.headers, seen.method, seen.path);
        Act::answer(status, "text/plain", &said)
    })
}

#[test]
fn the_search_finds_what_is_there() {
    let canary = Canary::new("a secret", PASSWORD);
    let quoted = serde_json::to_string(&format!("x{PASSWORD}y")).unwrap();
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("p", &format!("x{PASSWORD}y"));
    for text in [
        format!("x{PASSWORD}y"),
        quoted,
        form.finish(),
        format!("{PASSWORD:?}"),
    ] {
        assert!(canary.found(text.as_bytes()).is_some(), "{text}");
    }
    let token = Canary::new("a secret", "canary-of-a-test");
    for encoded in [
        "Y2FuYXJ5LW9mLWEtdGVzdA==",
        "OmNhbmFyeS1vZi1hLXRlc3Q6",
        "YW46Y2FuYXJ5LW9mLWEtdGVzdA",
        "YTpjYW5hcnktb2YtYS10ZXN0",
    ] {
        assert!(token.found(encoded.as_bytes()).is_some(), "{encoded}");
    }
    assert_eq!(token.found(b"canary-of-a-tes"), None);
}

#[test]
fn no_verb_leaves_a_secret_behind() {
    let mut nest = Nest::new();
    let platform = nest.platform();
    let app = programs::example("hello-rust").to_str().unwrap().to_owned();
    let mut servers: BTreeMap<String, String> = platform.settings().clone();
    let proxied = |servers: &BTreeMap<String, String>| {
        let mut all = servers.clone();
        let proxy = "http://ann:c4n4ry%2Fproxy%2Bpass%3Aword@127.0.0.1:9";
        all.insert("HTTPS_PROXY".to_owned(), proxy.to_owned());
        all
    };

    // What succeeds.
    let good = proxied(&servers);
    let plan = nest.work().join("saved.plan").to_str().unwrap().to_owned();
    // Below the folder that is searched.
    let events = nest.work().join("events").to_str().unwrap().to_owned();
    let pages = nest.work().join("pages").to_str().unwrap().to_owned();
    let packed = nest.work().join("packed").to_str().unwrap().to_owned();
    for line in [
        &["plan", "-vv", "-f", &app][..],
        &["plan", "-o", "json", "-f", &app, "--save", &plan],
        &["deploy", "-vv", "-f", &app, "--plan", &plan],
        &["deploy", "-o", "json", "-f", &app, "--events", &events],
        &["deploy", "-f", &app, "--dry-run"],
        &["completions", "bash"],
        &["man", "--to", &pages],
        &["package", "-f", &app, "--to", &packed],
        &["package", "-o", "json", "-f", &app, "--check"],
        &["login", "-vv", "-f", &app],
        &["whoami", "-o", "json", "-f", &app],
        &["settings", "-f", &app],
        &["settings", "-o", "json", "-f", &app],
        &["env", "list", "-o", "json"],
        &["logout"],
        &["journal", "list"],
        &["journal", "list", "-o", "json"],
        &["journal", "show", "--last", "-o", "json"],
        &["journal", "show", "--last", "-v"],
        &["journal", "tail", "-o", "json"],
        &["target", "list"],
        &["target", "default"],
        &["--help"],
        &["deploy", "--help"],
    ] {
        let code = nest.run(line, &good);
        assert_eq!(code, 0, "{line:?}\n{}", nest.said());
    }
    nest.build(platform.settings());
    let guest = nest.work().join("guest.wasm");
    fs::write(&guest, guests::asks()).unwrap();
    let digest = format!("sha256:{}", bowline_app::Digest::of(guests::asks()));
    for line in [
        &["target", "add", "./guest.wasm", "--approve", &digest][..],
        &["target", "show", "guest"],
        &["target", "inspect", "guest", "-o", "json"],
        &["target", "vet", "guest"],
        &["target", "upgrade", "-vv"],
        &["target", "remove", "guest"],
    ] {
        let code = nest.run(line, &good);
        assert_eq!(code, 0, "{line:?}\n{}", nest.said());
    }

    // What fails: a password that is wrong, a token that is, and both at once.
    servers.insert("HIPPO_PASSWORD".to_owned(), PASSWORD.to_owned());
    for flags in [&["-vv"][..], &["-o", "json"]] {
        for verb in ["deploy", "plan"] {
            let mut line = vec![verb, "-f", &app];
            line.extend(flags);
            let code = nest.run(&line, &servers);
            assert_eq!(code, 4, "{line:?}\n{}", nest.said());
        }
    }
    servers.insert("HIPPO_TOKEN".to_owned(), TOKEN.to_owned());
    assert_eq!(
        nest.run(&["deploy", "-vv", "-f", &app], &servers),
        2,
        "{}",
        nest.said()
    );
    servers.remove("HIPPO_USERNAME");
    servers.remove("HIPPO_PASSWORD");
    let code = nest.run(&["deploy", "-vv", "-f", &app], &servers);
    assert_ne!(code, 0, "{}", nest.said());

    // Servers that repeat what they were told.
    let echo = echo(500);
    servers.insert(
        "HIPPO_TOKEN".to_owned(),
        "c4n4ry-token-of-letters".to_owned(),
    );
    nest.canaries
        .push(Canary::new("a token of letters", "c4n4ry-token-of-letters"));
    servers.insert("HIPPO_URL".to_owned(), echo.origin());
    servers.insert(
        "BINDLE_SERVER_URL".to_owned(),
        format!("{}/v1", echo.origin()),
    );
    for flags in [&["-vv"][..], &["-o", "json"]] {
        let mut line = vec!["deploy", "-f", &app];
        line.extend(flags);
        assert_ne!(nest.run(&line, &servers), 0, "{}", nest.said());
    }
    assert!(
        echo.seen()
            .iter()
            .any(|seen| seen.headers.contains("c4n4ry-token-of-letters")),
        "the secret was sent, and so could have been repeated"
    );
    // One that is no Bindle server at all, and takes everything for good.
    let bindle = self::echo(200);
    let url = format!("{}/v1", bindle.origin());
    servers.insert("BINDLE_SERVER_URL".to_owned(), url);
    for line in [
        &["deploy", "-vv", "-f", &app][..],
        &["package", "-f", &app, "--check"],
    ] {
        assert_ne!(nest.run(line, &servers), 0, "{}", nest.said());
    }
    let told = bindle.seen();
    assert!(told.iter().any(|seen| seen.headers.contains("Basic ")));

    // What was typed in the wrong place.
    for line in [
        &["env", "set", "hippo-token=c4n4ry-token-of-letters"][..],
        &[
            "env",
            "set",
            "staging",
            "hippo-token:c4n4ry-token-of-letters",
        ],
        &[
            "deploy",
            "--allow-server",
            "https://ann:c4n4ry-token-of-letters@a.test",
        ],
        &[
            "deploy",
            "--allow-private",
            "https://ann:c4n4ry-token-of-letters@a.test/",
        ],
        &[
            "deploy",
            "--target",
            "https://ann:c4n4ry-token-of-letters@a.test/x.wasm",
        ],
    ] {
        for flags in [&[][..], &["-o", "json"]] {
            let line = [line, flags].concat();
            assert_eq!(nest.run(&line, &servers), 2, "{line:?}\n{}", nest.said());
            // That it is in the command line is not the program's doing.
            for (name, _) in &mut nest.outputs {
                *name = name.replace("c4n4ry-token-of-letters", "...");
            }
        }
    }
    nest.assert_clean();
}

/// The verbs that came with the program since.
#[test]
fn every_verb_is_searched() {
    let home = Home::new();
    let help = home.bowline(["--help"]).run().success().stdout;
    let verbs: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.trim().is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(verbs.contains(&"deploy"), "{help}");
    let mut nest = Nest::new();
    let app = nest.sample.path().to_str().unwrap().to_owned();
    let echo = echo(500);
    let variables: BTreeMap<String, String> = [
        ("HIPPO_URL", echo.origin()),
        ("BINDLE_SERVER_URL", format!("{}/v1", echo.origin())),
        ("HIPPO_USERNAME", "ann".to_owned()),
        ("HIPPO_PASSWORD", PASSWORD.to_owned()),
        ("CI", "1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    // What `local up` starts goes on until it is stopped, and has no secret of these.
    for verb in verbs.into_iter().filter(|verb| *verb != "local") {
        for rest in [
            &[][..],
            &["list"],
            &["show"],
            &["-f", &app],
            &["-o", "json"],
            &["-vv", "-f", &app],
        ] {
            let mut line = vec![verb];
            line.extend(rest);
            // Some of these are no command lines, whose errors may repeat what they should not.
            nest.run(&line, &variables);
        }
    }
    nest.assert_clean();
}

/// A program that is killed by a signal that asks for its memory.
#[cfg(unix)]
#[test]
fn a_crash_leaves_no_memory_behind() {
    let mut nest = Nest::new();
    let app = nest.sample.path().to_str().unwrap().to_owned();
    let silent = Meddler::start(None, |_| Act::Silence);
    let variables: BTreeMap<String, String> = [
        ("HIPPO_URL", silent.origin()),
        ("BINDLE_SERVER_URL", format!("{}/v1", silent.origin())),
        ("HIPPO_USERNAME", "ann".to_owned()),
        ("HIPPO_PASSWORD", PASSWORD.to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let child = nest
        .command(&["deploy", "-f", &app], &variables)
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while silent.seen().is_empty() {
        assert!(Instant::now() < deadline, "nothing is asked");
        std::thread::sleep(Duration::from_millis(10));
    }
    let killed = Command::new("kill")
        .args(["-ABRT", &child.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    let output = child.wait_with_output().unwrap();
    use std::os::unix::process::ExitStatusExt as _;
    assert_eq!(output.status.signal(), Some(6), "{output:?}");
    assert!(
        !output.status.core_dumped(),
        "there is a core file somewhere"
    );
    nest.outputs.push((
        "the output".to_owned(),
        [output.stdout, output.stderr].concat(),
    ));
    nest.assert_clean();
}
