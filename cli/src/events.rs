//! What happens during a run, as lines of JSON in the file of `--events`: for programs that show or watch deploys. `docs/events.md`
//! says what is in them.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::error::Error;
use crate::exit::Exit;
use crate::output;
use crate::text;

/// Form of the lines. What is added keeps it; a member that changes its meaning or goes away does not.
const FORM: u32 = 1;

/// How often the lines say how far a push is.
const INTERVAL: Duration = Duration::from_millis(500);

/// Lines of one run. A target that says more than this is cut short; how the run ends is always told.
const MOST: u32 = 10_000;

/// Where the lines go. Without a file they go nowhere.
#[derive(Default)]
pub struct Events(Option<Mutex<Stream>>);

struct Stream {
    path: PathBuf,
    /// Closed after the first failure: a reader that has gone away is told of once.
    file: Option<File>,
    lines: u32,
    upload: Option<Upload>,
}

struct Upload {
    said: Instant,
    total: u64,
    parcels: u32,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    #[serde(flatten)]
    event: Event<'a>,
}

/// One thing that happened.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Event<'a> {
    /// The first line.
    Started {
        form: u32,
        verb: &'a str,
        program: &'static str,
    },
    /// The run's name in the journal, and what it works with.
    Run {
        run: &'a str,
        target: &'a str,
        target_version: &'a str,
        target_digest: &'a str,
        environment: &'a str,
    },
    Phase {
        message: String,
    },
    Upload {
        sent: u64,
        total: u64,
        parcels: u32,
    },
    Warning {
        message: String,
    },
    Denied {
        message: String,
    },
    Link {
        message: String,
        url: String,
    },
    Deployed {
        result: serde_json::Value,
    },
    Planned {
        result: serde_json::Value,
    },
    Error {
        #[serde(flatten)]
        error: serde_json::Value,
    },
    /// The last line.
    Ended {
        exit: u8,
    },
}

impl Events {
    /// Opens the file, for this user only (0600). A regular file is emptied: it holds the events of one run. A pipe or a device is
    /// written to as it is.
    ///
    /// # Errors
    /// As usage, when it can't be opened or is a folder or a symbolic link.
    pub fn open(path: &Path, verb: &str) -> Result<Self, Error> {
        let file = open(path).map_err(|error| {
            let path = text::one_line(&path.display().to_string());
            Error::new(Exit::Usage, format!("can't write events to {path}"))
                .cause(&error)
                .hint("`--events` takes a file that may be made or emptied, or a pipe")
        })?;
        let events = Self(Some(Mutex::new(Stream {
            path: path.to_owned(),
            file: Some(file),
            lines: 0,
            upload: None,
        })));
        events.write(Event::Started {
            form: FORM,
            verb,
            program: concat!("bowline ", env!("CARGO_PKG_VERSION")),
        });
        Ok(events)
    }

    /// A run has begun.
    pub fn run(&self, run: &str, target: (&str, &str, &str), environment: &str) {
        let (target, target_version, target_digest) = target;
        self.write(Event::Run {
            run,
            target,
            target_version,
            target_digest,
            environment,
        });
    }

    /// A step starts.
    pub fn phase(&self, message: &str) {
        let message = text::one_line(message);
        self.write(Event::Phase { message });
    }

    /// Something that should be known.
    pub fn warning(&self, message: &str) {
        let message = text::one_line(message);
        self.write(Event::Warning { message });
    }

    /// Something was refused to the target.
    pub fn denied(&self, message: &str) {
        let message = text::one_line(message);
        self.write(Event::Denied { message });
    }

    /// A page to open, for a login that finishes in a browser.
    pub fn link(&self, message: &str, url: &str) {
        self.write(Event::Link {
            message: text::one_line(message),
            url: text::one_line(url),
        });
    }

    /// A push got further. The beginning and the end are told, and what is between them now and then.
    pub fn upload(&self, sent: u64, total: u64, parcels: u32) {
        let Some(mut stream) = self.stream() else {
            return;
        };
        let now = Instant::now();
        let is_new = stream
            .upload
            .as_ref()
            .is_none_or(|upload| upload.total != total || upload.parcels != parcels);
        let is_due = stream
            .upload
            .as_ref()
            .is_some_and(|upload| now.duration_since(upload.said) >= INTERVAL);
        if !is_new && !is_due && sent < total {
            return;
        }
        stream.upload = Some(Upload {
            said: now,
            total,
            parcels,
        });
        stream.write(Event::Upload {
            sent,
            total,
            parcels,
        });
    }

    /// What a deploy came to, as `--output json` has it.
    pub fn deployed(&self, result: &impl Serialize) {
        // Serialising our own structures to a value can't fail.
        let result = serde_json::to_value(result).unwrap_or_default();
        self.write(Event::Deployed { result });
    }

    /// What a plan came to, as `--output json` has it.
    pub fn planned(&self, result: &impl Serialize) {
        let result = serde_json::to_value(result).unwrap_or_default();
        self.write(Event::Planned { result });
    }

    /// What went wrong, as `--output json` has it.
    pub fn error(&self, error: &Error) {
        let error = output::error_value(error);
        self.last(Event::Error { error });
    }

    /// The run has ended with this exit code.
    pub fn ended(&self, exit: u8) {
        self.last(Event::Ended { exit });
    }

    fn write(&self, event: Event<'_>) {
        if let Some(mut stream) = self.stream() {
            stream.write(event);
        }
    }

    fn last(&self, event: Event<'_>) {
        if let Some(mut stream) = self.stream() {
            stream.lines = 0;
            stream.write(event);
        }
    }

    fn stream(&self) -> Option<MutexGuard<'_, Stream>> {
        let stream = self.0.as_ref()?;
        // A panic elsewhere leaves whole lines behind: each is written at once.
        Some(stream.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Stream {
    fn write(&mut self, event: Event<'_>) {
        if self.lines >= MOST {
            return;
        }
        self.lines += 1;
        let line = Line { time: now(), event };
        let written = serde_json::to_vec(&line)
            .map_err(io::Error::from)
            .and_then(|mut bytes| {
                bytes.push(b'\n');
                match &mut self.file {
                    Some(file) => file.write_all(&bytes),
                    None => Ok(()),
                }
            });
        if let Err(error) = written {
            self.file = None;
            output::warning(&format!(
                "events are not written to {} any more: {error}",
                self.path.display()
            ));
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let is_file = match std::fs::symlink_metadata(path) {
        // Somebody else may have put it there, to have another file emptied. `/dev/stderr` and the like are links, too, and lead to
        // nothing that can be emptied.
        Ok(found) if found.is_symlink() => match std::fs::metadata(path) {
            Ok(behind) if !behind.is_file() => false,
            _ => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "it is a symbolic link",
                ));
            }
        },
        Ok(found) => found.is_file(),
        Err(_) => true,
    };
    let mut options = OpenOptions::new();
    options.write(true);
    if is_file {
        options.create(true).truncate(true);
    }
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    if is_file {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.map_or(0, |since| since.as_millis());
    output::journal::rfc3339(u64::try_from(millis).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &Path) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_file_holds_one_run_and_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events");
        std::fs::write(&path, "of an earlier run\n").unwrap();
        let events = Events::open(&path, "deploy").unwrap();
        events.phase("Reading\u{1b}[2J");
        events.ended(0);
        let lines = lines(&path);
        let names: Vec<&str> = lines
            .iter()
            .map(|it| it["event"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["started", "phase", "ended"]);
        assert_eq!(lines[1]["message"], "Reading[2J");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            let link = folder.path().join("link");
            std::os::unix::fs::symlink(&path, &link).unwrap();
            let refused = Events::open(&link, "deploy").err().unwrap();
            assert_eq!(refused.exit(), Exit::Usage);
        }
    }

    #[test]
    fn uploads_are_told_now_and_then() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events");
        let events = Events::open(&path, "deploy").unwrap();
        for sent in 0..=100_000 {
            events.upload(sent, 100_000, 3);
        }
        let lines = lines(&path);
        assert_eq!(lines[1]["sent"], 0);
        assert_eq!(lines.last().unwrap()["sent"], 100_000);
        // However slow this machine is: two a second.
        assert!(lines.len() < 1000, "{}", lines.len());
    }

    #[test]
    fn however_much_is_said_the_end_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events");
        let events = Events::open(&path, "deploy").unwrap();
        for _ in 0..MOST + 10 {
            events.phase("again");
        }
        events.error(&Error::new(Exit::Conflict, "it moved"));
        events.ended(7);
        let lines = lines(&path);
        assert_eq!(lines.len() as u32, MOST + 2);
        let [.., error, ended] = lines.as_slice() else {
            panic!("{lines:?}")
        };
        assert_eq!(
            (&error["error"]["code"], &ended["exit"]),
            (&"conflict".into(), &7.into())
        );
    }
}
