//! A terminal of its own with somebody before it, who reads and types: util-linux's `script` makes the pseudo-terminal.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::command::Bowline;

/// How long a test waits for a text. Generous: targets are compiled meanwhile, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A program that runs on a terminal.
pub struct Terminal {
    child: Child,
    keys: Option<ChildStdin>,
    screen: Arc<Screen>,
    reader: Option<JoinHandle<()>>,
    /// How much of the screen was waited for.
    read: usize,
}

#[derive(Default)]
struct Screen {
    text: Mutex<Shown>,
    changed: Condvar,
}

#[derive(Default)]
struct Shown {
    text: String,
    over: bool,
}

impl Terminal {
    /// Runs the program on a terminal of so many columns.
    ///
    /// # Panics
    /// When `script` can't be started.
    pub fn start(bowline: Bowline, columns: u16) -> Terminal {
        let program = bowline.command();
        let words = std::iter::once(program.get_program()).chain(program.get_args());
        let quoted: Vec<String> = words
            .map(|word| {
                let word = word.to_str().expect("the arguments are text");
                format!("'{}'", word.replace('\'', r"'\''"))
            })
            .collect();
        let line = format!("stty cols {columns} rows 40; exec {}", quoted.join(" "));
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).env_clear();
        for (name, value) in program.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        command
            .env("TERM", "xterm")
            .env("PATH", "/usr/bin:/bin")
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some(folder) = program.get_current_dir() {
            command.current_dir(folder);
        }
        let mut child = command.spawn().expect("`script` of util-linux is there");
        let mut output = child.stdout.take().expect("it is piped");
        let screen = Arc::new(Screen::default());
        let shared = Arc::clone(&screen);
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            let mut held = Vec::new();
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                held.extend_from_slice(&bytes[..read]);
                let mut shown = shared.lock();
                // All of it anew: a character may have come in two pieces.
                shown.text = String::from_utf8_lossy(&held).into_owned();
                shared.changed.notify_all();
            }
            shared.lock().over = true;
            shared.changed.notify_all();
        });
        Terminal {
            keys: child.stdin.take(),
            child,
            screen,
            reader: Some(reader),
            read: 0,
        }
    }

    /// Waits until this text is shown, after what was waited for before.
    ///
    /// # Panics
    /// When it isn't, within a long time or until the program ends.
    pub fn expect(&mut self, text: &str) -> &mut Terminal {
        let deadline = Instant::now() + PATIENCE;
        let mut shown = self.screen.lock();
        loop {
            if let Some(at) = shown.text[self.read..].find(text) {
                self.read += at + text.len();
                break;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !shown.over && !left.is_zero(),
                "'{text}' is not shown:\n{}",
                shown.text
            );
            let waited = self.screen.changed.wait_timeout(shown, left);
            shown = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(shown);
        self
    }

    /// Types these keys. `\r` is Enter, `\u{3}` Ctrl-C.
    ///
    /// # Panics
    /// When the terminal is gone.
    pub fn press(&mut self, keys: &str) -> &mut Terminal {
        // A question is shown a moment before its answer is read, and a terminal may throw away what is typed too early.
        std::thread::sleep(Duration::from_millis(200));
        let to = self.keys.as_mut().expect("it runs");
        to.write_all(keys.as_bytes())
            .expect("the terminal is there");
        to.flush().expect("the terminal is there");
        self
    }

    /// Waits until the program ends. Its exit code, and all that was shown.
    ///
    /// # Panics
    /// When the end can't be waited for.
    pub fn end(mut self) -> (Option<i32>, String) {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the screen was read");
        }
        let status = self.child.wait().expect("it ends");
        drop(self.keys.take());
        let text = self.screen.lock().text.clone();
        (status.code(), text)
    }
}

impl Screen {
    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.keys.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
