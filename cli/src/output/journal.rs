//! What `bowline journal` says.

use std::fmt::Write as _;

use bowline_host::journal::{Damage, Effect, Entry, Fate, Outcome, Request, RunLog};
use serde::Serialize;
use time::OffsetDateTime;

use super::{GOOD, Report, STRONG, WARNING, size, table};
use crate::text;

/// Digits of a run's name that are shown: its time, to the millisecond.
const SHORT: usize = 13;

/// The latest runs.
#[derive(Clone, Debug, Serialize)]
pub struct Listing {
    /// The latest first.
    pub runs: Vec<Summary>,
}

/// One line of the list.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The run's name.
    pub run: String,
    /// When it began, in RFC 3339.
    pub began: String,
    /// What was asked for.
    pub operation: Option<String>,
    /// In which environment.
    pub environment: Option<String>,
    /// The target's own name.
    pub target: Option<String>,
    /// The application's name.
    pub application: Option<String>,
    /// How it ended.
    pub state: State,
    /// Requests that left or were about to.
    pub requests: usize,
    /// Of these, those that may have been done: no answer is known, or one that tells of the server's own trouble.
    pub maybe_done: usize,
    /// What was refused to the target.
    pub denied: usize,
}

/// How a run ended, if it did.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It goes on.
    Running,
    /// It did what was asked for.
    Done,
    /// It ended with an error.
    Failed,
    /// The user stopped it.
    Cancelled,
    /// The process or the machine stopped in the middle.
    BrokenOff,
}

impl State {
    fn of(log: &RunLog) -> Self {
        match &log.end {
            None if log.live => Self::Running,
            None => Self::BrokenOff,
            Some(end) => match end.outcome {
                Outcome::Done => Self::Done,
                Outcome::Cancelled => Self::Cancelled,
                _ => Self::Failed,
            },
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::BrokenOff => "broken off",
        }
    }
}

impl Summary {
    /// That of this run.
    #[must_use]
    pub fn of(log: &RunLog) -> Self {
        let start = log.start.as_ref();
        Self {
            run: log.run.to_string(),
            began: rfc3339(log.run.began()),
            operation: start.map(|start| start.operation.clone()),
            environment: start.map(|start| start.environment.clone()),
            target: start.map(|start| start.target.name.clone()),
            application: log.application.as_ref().map(|app| app.name.clone()),
            state: State::of(log),
            requests: log.effects.len(),
            maybe_done: count(log, Fate::MaybeDone),
            denied: log.denied.len(),
        }
    }
}

fn count(log: &RunLog, fate: Fate) -> usize {
    let fates = log.effects.iter().map(Effect::fate);
    fates.filter(|found| *found == fate).count()
}

impl Report for Listing {
    fn text(&self) -> String {
        if self.runs.is_empty() {
            return "The journal is empty.\n".to_owned();
        }
        let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
        let head = [
            "RUN",
            "BEGAN",
            "WHAT",
            "APPLICATION",
            "TARGET",
            "ENVIRONMENT",
            "STATE",
            "REQUESTS",
        ];
        let mut rows = vec![head.map(str::to_owned)];
        for run in &self.runs {
            let mut state = run.state.text().to_owned();
            if run.maybe_done > 0 {
                let _ = write!(state, ", {} unclear", run.maybe_done);
            }
            if run.denied > 0 {
                let _ = write!(state, ", {} denied", run.denied);
            }
            rows.push([
                run.run.chars().take(SHORT).collect(),
                run.began.clone(),
                known(&run.operation),
                known(&run.application),
                known(&run.target),
                known(&run.environment),
                state,
                run.requests.to_string(),
            ]);
        }
        table(&rows)
    }
}

/// One run in full.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// The same as in the list.
    #[serde(flatten)]
    pub summary: Summary,
    /// Version of the target.
    pub target_version: Option<String>,
    /// `sha256:...` of the target.
    pub target_digest: Option<String>,
    /// The revision that stands for the application's content.
    pub revision: Option<String>,
    /// The error's message, if it failed.
    pub error: Option<String>,
    /// What the servers did.
    pub done: Vec<Did>,
    /// What they may have done.
    pub may_have_been_done: Vec<Did>,
    /// What they refused, and what never reached them.
    pub not_done: Vec<Did>,
    /// What was only asked of them.
    pub asked: Vec<Did>,
    /// What the host refused to the target, in words. Nothing left for it.
    pub refused: Vec<String>,
    /// Lines of the file that are none of the journal's.
    pub unreadable_lines: u64,
    /// The file's end is missing.
    pub torn: bool,
    /// The file is too long to be read to its end.
    pub cut: bool,
}

/// One request.
#[derive(Clone, Debug, Serialize)]
pub struct Did {
    /// Its number in the run.
    pub number: u64,
    /// When it was about to leave, in RFC 3339.
    pub at: String,
    /// Who sent it: `target`, `bindle` or `host`.
    pub by: String,
    /// Its method.
    pub method: String,
    /// Name of a header by which some servers take it for a request with another method.
    pub overridden_by: Option<String>,
    /// Its URL, without the values of its query.
    pub url: String,
    /// Bytes of its body, where they are known; of a streamed body as many as have left.
    pub size: Option<u64>,
    /// SHA-256 of these bytes, with placeholders where secrets are.
    pub digest: Option<String>,
    /// Of a streamed body, whether these are all of it.
    pub sent_whole: Option<bool>,
    /// Names of the secrets in it.
    pub secrets: Vec<String>,
    /// The answer's status.
    pub status: Option<u16>,
    /// Bytes of the answer's body.
    pub answer_size: Option<u64>,
    /// SHA-256 of the answer's body.
    pub answer_digest: Option<String>,
    /// Microseconds until the answer had been read.
    pub took: Option<u64>,
    /// Why there is no answer.
    pub error: Option<String>,
}

impl Did {
    fn of(effect: &Effect) -> Self {
        let Effect {
            request,
            sent,
            answer,
        } = effect;
        let answer = answer.as_ref();
        let body = sent.as_ref().map(|sent| sent.body).or(request.body);
        let received = answer.and_then(|answer| answer.body);
        Self {
            number: request.n,
            at: rfc3339(request.at),
            by: by(request),
            method: request.method.clone(),
            overridden_by: request.overridden_by.clone(),
            url: request.url.clone(),
            size: body.and_then(|body| body.size),
            digest: hex(body.and_then(|body| body.digest)),
            sent_whole: sent.as_ref().map(|sent| sent.complete),
            secrets: request.secrets.clone(),
            status: answer.and_then(|answer| answer.status),
            answer_size: received.and_then(|body| body.size),
            answer_digest: hex(received.and_then(|body| body.digest)),
            took: answer.map(|answer| answer.took),
            error: answer.and_then(|answer| answer.error.clone()),
        }
    }

    fn line(&self) -> String {
        let mut line = format!(
            "  {:>4}  {:<6}  {:<6}  {}",
            self.number,
            self.by,
            text::one_line(&self.method),
            text::one_line(&self.url)
        );
        if let Some(header) = &self.overridden_by {
            let _ = write!(line, " (with the header {})", text::one_line(header));
        }
        if let Some(size) = self.size {
            let cut = match self.sent_whole {
                Some(false) => ", then broken off",
                _ => "",
            };
            let _ = write!(line, " ({}{cut})", super::size(size));
        }
        let _ = match (self.status, &self.error) {
            (Some(status), None) => write!(line, " → {status}"),
            (Some(status), Some(error)) => write!(line, " → {status}, {}", text::one_line(error)),
            (None, Some(error)) => write!(line, " → {}", text::one_line(error)),
            (None, None) => write!(line, " → nothing is known"),
        };
        line.push('\n');
        line
    }
}

fn by(request: &Request) -> String {
    use bowline_host::journal::By;
    match request.by {
        By::Target => "target",
        By::Bindle => "bindle",
        By::Host => "host",
        _ => "?",
    }
    .to_owned()
}

fn hex(digest: Option<bowline_app::Digest>) -> Option<String> {
    digest.map(|digest| format!("sha256:{digest}"))
}

impl Run {
    /// All of this run.
    #[must_use]
    pub fn of(log: &RunLog) -> Self {
        let of = |fates: &[Fate]| {
            let effects = log.effects.iter();
            let those = effects.filter(|effect| fates.contains(&effect.fate()));
            those.map(Did::of).collect()
        };
        let target = log.start.as_ref().map(|start| &start.target);
        let Damage {
            unreadable,
            torn,
            cut,
            ..
        } = log.damage;
        Self {
            summary: Summary::of(log),
            target_version: target.map(|target| target.version.clone()),
            target_digest: hex(target.map(|target| target.digest)),
            revision: log.application.as_ref().map(|app| app.revision.clone()),
            error: log.end.as_ref().and_then(|end| end.error.clone()),
            done: of(&[Fate::Done]),
            may_have_been_done: of(&[Fate::MaybeDone]),
            not_done: of(&[Fate::Refused, Fate::NeverSent]),
            asked: of(&[Fate::Asked]),
            refused: log
                .denied
                .iter()
                .map(|denied| denied.what.clone())
                .collect(),
            unreadable_lines: unreadable,
            torn,
            cut,
        }
    }
}

impl Report for Run {
    fn text(&self) -> String {
        let line = |text: &Option<String>| text::one_line(text.as_deref().unwrap_or("?"));
        let Summary {
            run,
            began,
            operation,
            environment,
            target,
            application,
            state,
            ..
        } = &self.summary;
        let mut text = format!("Run {STRONG}{run}{STRONG:#}, {}\n", state.text());
        let _ = writeln!(text, "  began        {began}");
        let _ = writeln!(text, "  what         {}", line(operation));
        if application.is_some() {
            let (name, revision) = (line(application), line(&self.revision));
            let _ = writeln!(text, "  application  {name} {revision}");
        }
        let _ = writeln!(
            text,
            "  target       {} {} ({})",
            line(target),
            line(&self.target_version),
            line(&self.target_digest)
        );
        let _ = writeln!(text, "  environment  {}", line(environment));
        if let Some(error) = &self.error {
            let _ = writeln!(text, "  error        {}", text::one_line(error));
        }
        let mut group = |style: anstyle::Style, head: &str, of: &[Did]| {
            if !of.is_empty() {
                let _ = writeln!(text, "\n{style}{head}{style:#}");
                of.iter().for_each(|did| text.push_str(&did.line()));
            }
        };
        group(GOOD, "Done:", &self.done);
        let maybe = "May have been done, look before you do it again:";
        group(WARNING, maybe, &self.may_have_been_done);
        group(STRONG, "Not done:", &self.not_done);
        group(STRONG, "Asked only:", &self.asked);
        if !self.refused.is_empty() {
            let _ = writeln!(
                text,
                "\n{STRONG}Refused to the target, nothing left:{STRONG:#}"
            );
            for refused in &self.refused {
                let _ = writeln!(text, "  {}", text::one_line(refused));
            }
        }
        if self.cut {
            text.push_str(
                "\nIts file is too long to be read to its end: more may have been done than this.\n",
            );
        } else if self.done.is_empty() && self.may_have_been_done.is_empty() {
            text.push_str("\nNothing was changed anywhere.\n");
        }
        if self.torn {
            text.push_str("\nThe last line of its file was not written to the end.\n");
        }
        if self.unreadable_lines > 0 {
            let lines = self.unreadable_lines;
            let _ = writeln!(
                text,
                "\n{lines} lines of its file make no sense and were passed over."
            );
        }
        text
    }
}

/// A line of the journal, as `bowline journal tail` shows it, without line end.
#[must_use]
pub fn follow(entry: &Entry) -> String {
    let line = |text: &str| text::one_line(text);
    let (at, what) = match entry {
        Entry::Start(start) => {
            let target = format!("{} {}", start.target.name, start.target.version);
            let (what, environment) = (line(&start.operation), line(&start.environment));
            (
                start.at,
                format!("{what} with {} in {environment}", line(&target)),
            )
        }
        Entry::Application(app) => {
            let (name, revision) = (line(&app.name), line(&app.revision));
            (app.at, format!("application {name} {revision}"))
        }
        Entry::Request(request) => {
            let (method, url) = (line(&request.method), line(&request.url));
            let (n, by) = (request.n, by(request));
            (request.at, format!("{n:>4} {by} {method} {url}"))
        }
        Entry::Sent(sent) => {
            let bytes = size(sent.body.size.unwrap_or(0));
            let end = if sent.complete {
                ""
            } else {
                ", then broken off"
            };
            (sent.at, format!("{:>4} sent {bytes}{end}", sent.n))
        }
        Entry::Answer(answer) => {
            let mut what = format!("{:>4} ", answer.n);
            let _ = match (answer.status, &answer.error) {
                (Some(status), None) => write!(what, "→ {status}"),
                (Some(status), Some(error)) => write!(what, "→ {status}, {}", line(error)),
                (None, error) => write!(what, "→ {}", line(error.as_deref().unwrap_or("nothing"))),
            };
            if let Some(bytes) = answer.body.and_then(|body| body.size) {
                let _ = write!(what, ", {}", size(bytes));
            }
            let _ = write!(
                what,
                " in {}.{:03} ms",
                answer.took / 1000,
                answer.took % 1000
            );
            (answer.at, what)
        }
        Entry::Denied(denied) => (denied.at, format!("refused: {}", line(&denied.what))),
        Entry::End(end) => {
            let error = end
                .error
                .as_deref()
                .map(|error| format!(": {}", line(error)));
            let outcome = match end.outcome {
                Outcome::Done => "done",
                Outcome::Cancelled => "cancelled",
                _ => "failed",
            };
            (end.at, format!("{outcome}{}", error.unwrap_or_default()))
        }
        _ => return String::new(),
    };
    format!("{} {what}", rfc3339(at))
}

/// Milliseconds since 1970 in RFC 3339, UTC.
pub(crate) fn rfc3339(millis: u64) -> String {
    let at = i128::from(millis) * 1_000_000;
    let Ok(at) = OffsetDateTime::from_unix_timestamp_nanos(at) else {
        return millis.to_string();
    };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    )
}

#[cfg(test)]
mod tests {
    use bowline_host::journal::RunId;

    use super::*;
    use crate::output::{json, uncoloured};

    const FILE: &str = r#"{"line":"start","at":1763892000000,"schema":1,"run":"019aafcf-0500-7000-8000-000000000000","program":"bowline 0.1.0","operation":"deploy","environment":"staging","target":{"name":"hippo","version":"0.1.0","digest":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}
{"line":"application","at":1763892000001,"name":"shop","revision":"1.0.0+q0123456789abcdef","digest":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
{"line":"request","at":1763892000002,"n":1,"by":"target","during":"deploy","method":"GET","url":"https://hippo.test/api/apps?name=*"}
{"line":"answer","at":1763892000003,"n":1,"status":200,"body":{"size":2},"complete":true,"took":1500}
{"line":"request","at":1763892000004,"n":2,"by":"target","during":"deploy","method":"POST","url":"https://hippo.test/api/apps","body":{"size":40},"secrets":["hippo-token"]}
{"line":"answer","at":1763892000005,"n":2,"status":201,"body":{"size":10},"complete":true,"took":2500}
{"line":"request","at":1763892000006,"n":3,"by":"bindle","method":"POST","url":"https://bindle.test/v1/_i","body":{"size":2048}}
{"line":"answer","at":1763892000007,"n":3,"complete":false,"took":900,"error":"connection refused","never_sent":true}
{"line":"denied","at":1763892000008,"during":"deploy","what":"a request to https://evil.test, which is not granted"}
{"line":"request","at":1763892000009,"n":4,"by":"target","during":"deploy","method":"PATCH","url":"https://hippo.test/api/channels/1"}
{"line":"answ"#;

    fn log() -> RunLog {
        let run: RunId = "019aafcf-0500-7000-8000-000000000000".parse().unwrap();
        RunLog::read(run, FILE.as_bytes()).unwrap()
    }

    #[test]
    fn a_broken_off_run_says_what_is_known() {
        insta::assert_snapshot!(uncoloured(&Run::of(&log()).text()), @r"
        Run 019aafcf-0500-7000-8000-000000000000, broken off
          began        2025-11-23T08:22:51.392Z
          what         deploy
          application  shop 1.0.0+q0123456789abcdef
          target       hippo 0.1.0 (sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855)
          environment  staging

        Done:
             2  target  POST    https://hippo.test/api/apps (40 B) → 201

        May have been done, look before you do it again:
             4  target  PATCH   https://hippo.test/api/channels/1 → nothing is known

        Not done:
             3  bindle  POST    https://bindle.test/v1/_i (2.00 KiB) → connection refused

        Asked only:
             1  target  GET     https://hippo.test/api/apps?name=* → 200

        Refused to the target, nothing left:
          a request to https://evil.test, which is not granted

        The last line of its file was not written to the end.
        ");
    }

    #[test]
    fn a_list_has_a_line_for_each_run() {
        let listing = Listing {
            runs: vec![Summary::of(&log())],
        };
        insta::assert_snapshot!(uncoloured(&listing.text()), @r"
        RUN            BEGAN                     WHAT    APPLICATION  TARGET  ENVIRONMENT  STATE                            REQUESTS
        019aafcf-0500  2025-11-23T08:22:51.392Z  deploy  shop         hippo   staging      broken off, 1 unclear, 1 denied  4
        ");
        assert_eq!(Listing { runs: vec![] }.text(), "The journal is empty.\n");
    }

    #[test]
    fn as_json_it_has_stable_names() {
        insta::assert_snapshot!(json(&Run::of(&log())).unwrap());
    }

    #[test]
    fn followed_it_is_line_by_line() {
        let lines: Vec<String> = FILE
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .map(|entry: Entry| follow(&entry))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        2025-11-23T10:00:00.000Z deploy with hippo 0.1.0 in staging
        2025-11-23T10:00:00.001Z application shop 1.0.0+q0123456789abcdef
        2025-11-23T10:00:00.002Z    1 target GET https://hippo.test/api/apps?name=*
        2025-11-23T10:00:00.003Z    1 → 200, 2 B in 1.500 ms
        2025-11-23T10:00:00.004Z    2 target POST https://hippo.test/api/apps
        2025-11-23T10:00:00.005Z    2 → 201, 10 B in 2.500 ms
        2025-11-23T10:00:00.006Z    3 bindle POST https://bindle.test/v1/_i
        2025-11-23T10:00:00.007Z    3 → connection refused in 0.900 ms
        2025-11-23T10:00:00.008Z refused: a request to https://evil.test, which is not granted
        2025-11-23T10:00:00.009Z    4 target PATCH https://hippo.test/api/channels/1
        ");
    }
}
