//! The lines of a run's file.

use bowline_app::Digest;
use serde::{Deserialize, Serialize};

use super::RunId;

/// The version of these lines. It changes when a reader of the old ones would misunderstand the new.
pub const SCHEMA: u32 = 1;

/// One line. Times are milliseconds since 1970 by this machine's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Entry {
    /// The first line.
    Start(Start),
    /// The application was read.
    Application(ApplicationRead),
    /// A request is about to leave.
    Request(Request),
    /// The streamed body of a request has ended.
    Sent(Sent),
    /// What became of a request.
    Answer(Answer),
    /// Something was refused; nothing left.
    Denied(Denied),
    /// The last line of a run that was not broken off.
    End(End),
}

/// The first line: what runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// When.
    pub at: u64,
    /// [`SCHEMA`] of the program that wrote it.
    pub schema: u32,
    /// The run's name, which is its file's, too.
    pub run: RunId,
    /// Who wrote it, as in `bowline 0.1.0`.
    pub program: String,
    /// What the user asked for: `deploy`, `plan`, ...
    pub operation: String,
    /// The environment's name.
    pub environment: String,
    /// The target that runs.
    pub target: TargetNote,
}

/// Which target runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetNote {
    /// The name that it gives itself.
    pub name: String,
    /// The version that it gives itself.
    pub version: String,
    /// SHA-256 of its file: what it really is.
    pub digest: Digest,
}

/// The application that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationRead {
    /// When.
    pub at: u64,
    /// Its name.
    pub name: String,
    /// The revision that stands for its content.
    pub revision: String,
    /// Its digest.
    pub digest: Digest,
}

/// Who sent a request, or was refused something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum By {
    /// The target, through `wasi:http`.
    Target,
    /// The host, to the Bindle server.
    Bindle,
    /// The host, for itself: asking whether a deployment answers.
    Host,
}

/// How much was sent or received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Bytes, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// SHA-256 of them, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

impl Content {
    /// These bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            size: Some(bytes.len() as u64),
            digest: Some(Digest::of(bytes)),
        }
    }
}

/// A request that is about to leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// When.
    pub at: u64,
    /// Counts the run's requests from 1; the answer has the same.
    pub n: u64,
    /// Who sends it.
    pub by: By,
    /// The target's operation that sends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub during: Option<String>,
    /// The method.
    pub method: String,
    /// Name of a header by which some servers take it for a request with another method, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overridden_by: Option<String>,
    /// Scheme, host, port and path; of the query the parameters' names only, because values may be secrets. Cut after 2,000 characters.
    pub url: String,
    /// The body, if it has one. A body that is streamed has no digest here, and a size only if it was announced: see [`Sent`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Content>,
    /// Names of the secrets that the host put in. The digest is over the body without them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
}

/// What was handed to the connection of a streamed body. It can come after the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// When.
    pub at: u64,
    /// The request's number.
    pub n: u64,
    /// What was handed over.
    pub body: Content,
    /// Whether that is all of the body.
    #[serde(default)]
    pub complete: bool,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// When.
    pub at: u64,
    /// The request's number.
    pub n: u64,
    /// The status, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What was received of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Content>,
    /// Whether that is all of the body.
    #[serde(default)]
    pub complete: bool,
    /// Microseconds from the request's line to this one.
    pub took: u64,
    /// Why there is no answer, or no whole one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether it is certain that the server has not seen the request.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub never_sent: bool,
}

/// Something that the target was refused. No request left for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denied {
    /// When.
    pub at: u64,
    /// The target's operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub during: Option<String>,
    /// What was refused, in words.
    pub what: String,
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// When.
    pub at: u64,
    /// How the run ended.
    pub outcome: Outcome,
    /// The error's message, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// It did what was asked for.
    Done,
    /// It ended with an error.
    Failed,
    /// The user stopped it.
    Cancelled,
}
