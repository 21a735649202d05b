//! Reads a run's file back, whatever is in it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

use super::entry::{Answer, ApplicationRead, Denied, End, Entry, Request, SCHEMA, Sent, Start};
use super::{RunId, folder};

/// Longest line that is read. Ours have some hundred bytes.
const MAX_LINE: u64 = 64 << 10;
/// Most bytes of a file that are read.
const MAX_FILE: u64 = 64 << 20;

/// Why a run can't be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is no such run.
    #[error("there is no run {0}")]
    NoRun(RunId),
    /// Its file can't be read.
    #[error("the run {0} can't be read")]
    Io(RunId, #[source] io::Error),
    /// Its name belongs to something that is no file.
    #[error("what the run {0} should be in is no file")]
    NoFile(RunId),
    /// It was written by a program that uses other lines.
    #[error(
        "the run {run} was written by a newer program (its lines have the version {schema}, known is {SCHEMA})"
    )]
    Newer {
        /// The run.
        run: RunId,
        /// The version of its lines.
        schema: u32,
    },
}

/// What is wrong with a file. The rest of it was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Damage {
    /// Lines that are none of ours.
    pub unreadable: u64,
    /// The last line has no end: the process or the machine stopped while it was written.
    pub torn: bool,
    /// The file is longer than what is read of it.
    pub cut: bool,
}

/// What is known of a request by its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fate {
    /// It asks, and changes nothing.
    Asked,
    /// The server did what it says (status below 300, and all of the body was sent).
    Done,
    /// It left, or was about to, and no answer is known, or one that leaves it open: it came before all of the body was sent,
    /// points elsewhere (status 300 to 399), or tells of the server's own trouble (status 500 and above). It may have been done.
    MaybeDone,
    /// The server refused it (status 400 to 499).
    Refused,
    /// The server has not seen it.
    NeverSent,
}

/// One request and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The line before.
    pub request: Request,
    /// What has left of its body, if that was streamed.
    pub sent: Option<Sent>,
    /// The line after.
    pub answer: Option<Answer>,
}

impl Effect {
    /// What is known of it.
    pub fn fate(&self) -> Fate {
        match &self.answer {
            Some(answer) if answer.never_sent => Fate::NeverSent,
            _ if self.is_safe() => Fate::Asked,
            Some(Answer {
                status: Some(status),
                ..
            }) => match status {
                ..300 if self.is_cut() => Fate::MaybeDone,
                ..300 => Fate::Done,
                400..500 => Fate::Refused,
                _ => Fate::MaybeDone,
            },
            Some(Answer { status: None, .. }) | None => Fate::MaybeDone,
        }
    }

    /// Whether its body was broken off.
    fn is_cut(&self) -> bool {
        self.sent.as_ref().is_some_and(|sent| !sent.complete)
    }

    /// Whether it only asks, by RFC 9110, section 9.2.1, and no header says otherwise.
    pub fn is_safe(&self) -> bool {
        self.request.overridden_by.is_none()
            && matches!(self.request.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }
}

/// A run, read from its file. Its texts come from targets and servers: clean them before they reach a terminal.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RunLog {
    /// The run's name.
    pub run: RunId,
    /// What ran. `None` where the process was stopped before it had written it.
    pub start: Option<Start>,
    /// The application that it was about.
    pub application: Option<ApplicationRead>,
    /// Its requests, in their order.
    pub effects: Vec<Effect>,
    /// What was refused to the target.
    pub denied: Vec<Denied>,
    /// How it ended. `None` where it still runs, or was broken off.
    pub end: Option<End>,
    /// Whether a process still writes to it.
    pub live: bool,
    /// What is wrong with the file.
    pub damage: Damage,
}

impl RunLog {
    pub(super) fn open(run: RunId, path: &Path) -> Result<Self, ReadError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => ReadError::NoRun(run),
            _ => ReadError::Io(run, error),
        };
        if !fs::symlink_metadata(path).map_err(failed)?.is_file() {
            return Err(ReadError::NoFile(run));
        }
        let file = File::open(path).map_err(failed)?;
        let live = folder::is_live(&file);
        let mut log = Self::read(run, file).map_err(failed)?;
        log.live = live;
        match &log.start {
            Some(start) if start.schema > SCHEMA => Err(ReadError::Newer {
                run,
                schema: start.schema,
            }),
            _ => Ok(log),
        }
    }

    /// Reads the lines of a run's file from anywhere: at most 64 MiB, and of lines with more than 64 KiB nothing.
    ///
    /// # Errors
    /// Those of the source. Lines that make no sense are counted, see [`RunLog::damage`].
    pub fn read(run: RunId, source: impl io::Read) -> io::Result<Self> {
        let mut log = Self {
            run,
            start: None,
            application: None,
            effects: Vec::new(),
            denied: Vec::new(),
            end: None,
            live: false,
            damage: Damage::default(),
        };
        let mut at = HashMap::new();
        let mut source = BufReader::new(source.take(MAX_FILE + 1));
        let mut line = Vec::new();
        let mut total = 0;
        loop {
            line.clear();
            let mut size = (&mut source).take(MAX_LINE).read_until(b'\n', &mut line)? as u64;
            if size == 0 {
                break;
            }
            let mut ended = line.ends_with(b"\n");
            if !ended && size == MAX_LINE {
                (size, ended) = skip(&mut source, size)?;
                line.clear();
            }
            total += size;
            if total > MAX_FILE {
                log.damage.cut = true;
                break;
            }
            if !ended {
                log.damage.torn = true;
                break;
            }
            match serde_json::from_slice(&line) {
                Ok(entry) => log.add(entry, &mut at),
                Err(_) => log.damage.unreadable += 1,
            }
        }
        Ok(log)
    }

    /// `at` knows where the effect of each request is.
    fn add(&mut self, entry: Entry, at: &mut HashMap<u64, usize>) {
        match entry {
            Entry::Start(start) if self.start.is_none() && start.run == self.run => {
                self.start = Some(start);
            }
            Entry::Application(application) if self.application.is_none() => {
                self.application = Some(application);
            }
            Entry::Request(request) => {
                at.insert(request.n, self.effects.len());
                self.effects.push(Effect {
                    request,
                    sent: None,
                    answer: None,
                });
            }
            Entry::Sent(sent) => match self.effect(sent.n, at) {
                Some(effect) if effect.sent.is_none() => effect.sent = Some(sent),
                _ => self.damage.unreadable += 1,
            },
            Entry::Denied(denied) => self.denied.push(denied),
            Entry::End(end) if self.end.is_none() => self.end = Some(end),
            Entry::Answer(answer) => match self.effect(answer.n, at) {
                Some(effect) if effect.answer.is_none() => effect.answer = Some(answer),
                _ => self.damage.unreadable += 1,
            },
            // A second beginning or end, or the beginning of another run.
            Entry::Start(_) | Entry::Application(_) | Entry::End(_) => self.damage.unreadable += 1,
        }
    }

    fn effect(&mut self, n: u64, at: &HashMap<u64, usize>) -> Option<&mut Effect> {
        self.effects.get_mut(*at.get(&n)?)
    }

    /// Whether the process stopped in the middle.
    pub fn is_broken_off(&self) -> bool {
        self.end.is_none() && !self.live
    }
}

/// Reads on to the end of a line that is too long. Returns its size, and whether it has an end.
fn skip(source: &mut impl io::BufRead, mut size: u64) -> io::Result<(u64, bool)> {
    loop {
        let buffer = source.fill_buf()?;
        if buffer.is_empty() {
            return Ok((size, false));
        }
        let (used, ended) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(end) => (end + 1, true),
            None => (buffer.len(), false),
        };
        source.consume(used);
        size += used as u64;
        if ended {
            return Ok((size, true));
        }
    }
}
