//! Runs `bowline` as a user would, with nothing of this machine around it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::{documented, programs};

/// A home of its own: configuration, key, caches.
pub struct Home {
    folder: Arc<tempfile::TempDir>,
}

impl Home {
    /// An empty home.
    ///
    /// # Panics
    /// When no temporary folder can be made.
    #[allow(clippy::new_without_default, reason = "making one touches the disk")]
    pub fn new() -> Home {
        let folder = tempfile::Builder::new()
            .prefix("bowline-home-")
            .tempdir()
            .expect("a temporary folder can be made");
        Home {
            folder: Arc::new(folder),
        }
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The file with the key that its `bowline` signs with.
    pub fn signing_key(&self) -> PathBuf {
        self.path().join("config/signing-keys.toml")
    }

    /// `bowline` in this home, with no other environment.
    pub fn bowline<I, S>(&self, arguments: I) -> Bowline
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = Command::new(programs::bowline());
        command
            .env_clear()
            .env("BOWLINE_HOME", self.path())
            .stdin(Stdio::null())
            .args(arguments);
        Bowline {
            command,
            _home: Arc::clone(&self.folder),
        }
    }

    /// `bowline deploy` of the application in `folder`.
    pub fn deploy(&self, folder: &Path) -> Bowline {
        self.bowline(["deploy", "--from"]).arg(folder)
    }
}

/// A `bowline` about to run.
pub struct Bowline {
    command: Command,
    /// It stays until the program has run, which would make it anew.
    _home: Arc<tempfile::TempDir>,
}

impl Bowline {
    /// Adds environment variables.
    pub fn envs(mut self, variables: &BTreeMap<String, String>) -> Bowline {
        self.command.envs(variables);
        self
    }

    /// Adds one argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Bowline {
        self.command.arg(argument);
        self
    }

    /// Deploys with the target in this file, whatever it asks for: approved on the command line, by its digest.
    pub fn approved_target(self, file: &Path) -> Bowline {
        let ours = self.arg("--target").arg(file);
        match std::fs::read(file) {
            Ok(content) => {
                let digest = bowline_app::Digest::of(&content);
                ours.arg("--approve").arg(format!("sha256:{digest}"))
            }
            // The program is to find out by itself.
            Err(_) => ours,
        }
    }

    /// Sets one environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Bowline {
        self.command.env(name, value);
        self
    }

    /// Removes one environment variable.
    pub fn without(mut self, name: &str) -> Bowline {
        self.command.env_remove(name);
        self
    }

    /// Another program with the same environment.
    pub fn instead(self, program: &str, arguments: &[&str]) -> Bowline {
        let mut command = Command::new(program);
        command.env_clear().stdin(Stdio::null()).args(arguments);
        for (name, value) in self.command.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        Bowline {
            command,
            _home: self._home,
        }
    }

    /// Runs it to its end with this as standard input.
    ///
    /// # Panics
    /// As for [`Bowline::run`].
    #[must_use = "look at the code and what it said"]
    pub fn run_with(mut self, input: &[u8]) -> Ran {
        use std::io::{Seek as _, Write as _};
        let mut file = tempfile::tempfile().expect("a temporary file can be made");
        file.write_all(input).expect("it can be written");
        file.rewind().expect("it can be read from its start");
        self.command.stdin(file);
        self.run()
    }

    /// The command itself, for tests that start it and look on.
    pub fn command(self) -> Command {
        self.command
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it cannot be started or was ended by a signal.
    #[must_use = "look at the code and what it said"]
    pub fn run(mut self) -> Ran {
        let output = self.command.output().expect("bowline can be started");
        Ran {
            code: output.status.code().expect("bowline ended by itself"),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// What a run left: its exit code and what it wrote.
#[derive(Debug)]
pub struct Ran {
    /// The exit code, of docs/exit-codes.md.
    pub code: i32,
    /// Results.
    pub stdout: String,
    /// Progress and errors.
    pub stderr: String,
}

impl Ran {
    /// Demands success.
    ///
    /// # Panics
    /// When the code is not 0; both outputs are in the message.
    pub fn success(self) -> Ran {
        self.exit(0)
    }

    /// Demands one exit code.
    ///
    /// # Panics
    /// When the code is another; both outputs are in the message.
    pub fn exit(self, code: i32) -> Ran {
        assert_eq!(
            self.code, code,
            "exit code {} instead of {code}\n-- stdout\n{}\n-- stderr\n{}",
            self.code, self.stdout, self.stderr
        );
        self
    }

    /// Demands a failure as a user should meet it: this exit code, no result, one message with all of `words` in it, and
    /// no traces of the program's own doings.
    ///
    /// # Panics
    /// When any of that is not so; what was written is in the message.
    pub fn fails(self, code: i32, words: &[&str]) -> Ran {
        let ran = self.exit(code);
        let said = &ran.stderr;
        assert_eq!(ran.stdout, "", "a failed run has no result");
        let messages = said.lines().filter(|line| line.starts_with("error: "));
        assert_eq!(messages.count(), 1, "one message:\n{said}");
        for word in words {
            assert!(said.contains(word), "'{word}' is not said:\n{said}");
        }
        // What is quoted, from a manifest or of a target that broke down, stands two columns in.
        let own = said.lines().filter(|line| !line.starts_with("  "));
        for line in own {
            for trace in ["panicked", "RUST_BACKTRACE", "backtrace", ".rs:"] {
                assert!(!line.contains(trace), "'{trace}' is a trace:\n{said}");
            }
        }
        assert!(!said.contains("wasm backtrace"), "a guest's trace:\n{said}");
        assert!(!said.contains('\u{1b}'), "control characters:\n{said:?}");
        ran
    }

    /// The document on stdout, which has exactly what the section of `docs/json.md` for this verb says.
    ///
    /// # Panics
    /// When it is no JSON, or another document than the one that is documented.
    pub fn json(&self, verb: &str) -> serde_json::Value {
        let document = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}:\n{}", self.stdout));
        let wrong = documented::differences(&format!("`bowline {verb}`"), &document);
        assert!(wrong.is_empty(), "{wrong:#?} in\n{document:#}");
        document
    }

    /// The first URL on stdout.
    ///
    /// # Panics
    /// When there is none.
    pub fn url(&self) -> url::Url {
        self.stdout
            .split_whitespace()
            .find_map(|word| url::Url::parse(word).ok().filter(|url| url.has_host()))
            .unwrap_or_else(|| panic!("no URL in:\n{}", self.stdout))
    }
}

/// Copies a folder, without `target`, so that a test may change it.
///
/// # Panics
/// When something cannot be read or written.
pub fn copy_folder(from: &Path, to: &Path) -> PathBuf {
    std::fs::create_dir_all(to).expect("the copy can be made");
    for entry in std::fs::read_dir(from).expect("the folder can be read") {
        let entry = entry.expect("the folder can be read");
        let name = entry.file_name();
        if entry.file_type().expect("it has a type").is_dir() {
            if name != "target" {
                copy_folder(&entry.path(), &to.join(name));
            }
        } else {
            std::fs::copy(entry.path(), to.join(name)).expect("the file can be copied");
        }
    }
    to.to_owned()
}
