//! What can go wrong, by who is to blame.

use std::fmt;
use std::net::IpAddr;

use crate::artifact::ArtifactError;
use crate::client::TransportError;
use crate::contract::{InvalidDescription, TargetFailure};
use crate::grant::Origin;
use crate::limits::LimitExceeded;

/// An operation of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Operation {
    /// `deploy-target.describe`
    Describe,
    /// `deploy-target.deploy`
    Deploy,
    /// `authentication.authenticate`
    Authenticate,
    /// `planning.plan`
    Plan,
    /// `platform.runs`
    Runs,
}

impl Operation {
    /// Whether it only looks, so that what may change something is refused to it.
    pub fn only_looks(self) -> bool {
        matches!(self, Self::Plan | Self::Runs)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Describe => "describe",
            Self::Deploy => "deploy",
            Self::Authenticate => "authenticate",
            Self::Plan => "plan",
            Self::Runs => "runs",
        })
    }
}

/// Something that the host refused to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denial {
    /// A request to an origin that isn't granted.
    Origin(Origin),
    /// A request with a method that isn't granted for that origin.
    Method {
        /// The method, cleaned and cut.
        method: String,
        /// Where the request was to go.
        origin: Origin,
    },
    /// A request to an origin of which other paths are granted. A path that could be taken for another one is
    /// granted to nobody who has only some.
    Path {
        /// The path, cut.
        path: String,
        /// Where the request was to go.
        origin: Origin,
    },
    /// A request to an origin that the target named itself, and that is not at a public address.
    Private {
        /// Where the request was to go.
        origin: Origin,
        /// The address.
        address: IpAddr,
    },
    /// Anything that needs the grant, after it was taken back.
    Revoked,
    /// The value of a setting that isn't granted.
    Setting(String),
    /// An answer in a content coding such as `gzip`, or a part of one, from an origin to which a secret may go: the host can't see
    /// whether the secret is in it.
    Opaque(Origin),
    /// A request whose URL or headers can't be allowed, in words.
    Request(String),
    /// Use of Bindle without the right to it.
    Bindle,
    /// A secret on its way to where it doesn't belong.
    Secret {
        /// The setting that holds it, or `login credential`.
        name: String,
        /// Where the request was to go.
        origin: Origin,
        /// Why it can't go there that way.
        reason: SecretMisuse,
    },
    /// A capability was used where none is lent, e.g. the network in `describe`.
    Capability(&'static str),
    /// What may change something, in an operation that only looks, or more than a login is made of. The operation fails by it, whatever
    /// the target makes of the refusal.
    Write {
        /// What it is, in words.
        what: String,
        /// The operation.
        during: Operation,
    },
}

/// What was wrong with sending a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretMisuse {
    /// It belongs to another origin.
    Origin,
    /// It was part of the URL, where servers and proxies log it.
    Url,
    /// It was part of the method or of a header's name, which are no places for secrets.
    Name,
    /// It was in a body that is neither JSON nor an URL-encoded form, or that is too large to be searched.
    Body,
    /// It was put right behind the beginning of an escape (`%4`, `\u00`), which its first characters would have completed: a server
    /// that repeats it would have repeated something that can't be recognised.
    Escape,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Origin(origin) => write!(f, "a request to {origin}, which is not granted"),
            Self::Method { method, origin } => write!(
                f,
                "a request to {origin} with the method {method}, which is not granted for it"
            ),
            Self::Path { path, origin } => write!(
                f,
                "a request to {origin} for the path {path}, which is not granted of it"
            ),
            Self::Private { origin, address } => write!(
                f,
                "a request to {origin}, which is at the private address {address}"
            ),
            Self::Revoked => f.write_str("what it was granted until the grant was revoked"),
            Self::Setting(name) => write!(f, "the setting '{name}', which is not granted"),
            Self::Opaque(origin) => write!(
                f,
                "an answer of {origin} that is encoded or a part only, so that secrets in it can't be found"
            ),
            Self::Request(what) => f.write_str(what),
            Self::Bindle => f.write_str("the use of Bindle, which is not granted"),
            Self::Secret {
                name,
                origin,
                reason: SecretMisuse::Origin,
            } => {
                write!(
                    f,
                    "sending the secret '{name}' to {origin}, where it does not belong"
                )
            }
            Self::Secret {
                name,
                origin,
                reason: SecretMisuse::Url,
            } => {
                write!(f, "sending the secret '{name}' to {origin} within a URL")
            }
            Self::Secret {
                name,
                origin,
                reason: SecretMisuse::Name,
            } => write!(
                f,
                "sending the secret '{name}' to {origin} as a method or within a header's name"
            ),
            Self::Secret {
                name,
                origin,
                reason: SecretMisuse::Body,
            } => write!(
                f,
                "sending the secret '{name}' to {origin} in a body that is neither JSON nor a form, or is larger than 1 MiB"
            ),
            Self::Secret {
                name,
                origin,
                reason: SecretMisuse::Escape,
            } => write!(
                f,
                "sending the secret '{name}' to {origin} behind the beginning of an escape, which would swallow a part of it"
            ),
            Self::Capability(what) => {
                write!(f, "the use of {what}, which this operation does not have")
            }
            Self::Write { what, during } => match during {
                Operation::Authenticate => {
                    write!(f, "{what} while logging in, which only looks and posts")
                }
                Operation::Runs => write!(
                    f,
                    "{what} while saying what its platform runs, which only looks"
                ),
                _ => write!(f, "{what} while planning, which only looks"),
            },
        }
    }
}

/// How a guest broke down. Its message is the reason; its source, wasmtime's own error, has the guest's call stack.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
#[non_exhaustive]
pub struct Trap {
    /// The operation during which it happened.
    pub operation: Operation,
    /// What wasmtime says about it, one line.
    pub reason: String,
    /// The last lines that the guest wrote to stdout and stderr, clean and bounded; empty if there are none.
    pub output: String,
    pub(crate) source: wasmtime::Error,
}

/// Why an operation with a target did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The file is no target that this host can run.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The target's answer to `describe` breaks the contract.
    #[error("target '{target}' describes itself wrongly")]
    Description {
        /// Name of the target, as its artifact has it.
        target: String,
        /// What is wrong.
        #[source]
        source: InvalidDescription,
    },
    /// The target's answer to an operation breaks the contract.
    #[error("target '{target}' gave an answer to {operation} that can't be used: {reason}")]
    Answer {
        /// Name of the target.
        target: String,
        /// What it was asked for.
        operation: Operation,
        /// What is wrong.
        reason: String,
    },
    /// The target tried what it has no right to, and did not succeed without.
    #[error("target '{target}' was refused {denial}")]
    Denied {
        /// Name of the target.
        target: String,
        /// What was refused.
        denial: Denial,
        /// What the target itself reported.
        #[source]
        failure: Option<Box<TargetFailure>>,
    },
    /// The target reports why it did not succeed.
    #[error("{failure}")]
    Failed {
        /// Name of the target.
        target: String,
        /// What it reports.
        failure: TargetFailure,
        /// The last request that got no answer, if there was one.
        #[source]
        transport: Option<Box<TransportError>>,
    },
    /// The environment's Bindle server refuses the user that the host pushes as, or asks for one. The target has no part in
    /// that login, so neither is it the target's credential that is wrong.
    #[error(transparent)]
    BindleLogin(Box<crate::bindle::Error>),
    /// The target broke down.
    #[error("target '{target}' broke down in {}", .trap.operation)]
    Trap {
        /// Name of the target.
        target: String,
        /// How, and what it had written.
        #[source]
        trap: Box<Trap>,
    },
    /// The target wanted more than it may use.
    #[error("target '{target}' used {limit} in {operation}")]
    Limit {
        /// Name of the target.
        target: String,
        /// The operation.
        operation: Operation,
        /// Which limit, and its value.
        limit: LimitExceeded,
    },
    /// The target has no such operation.
    #[error("target '{target}' has no operation {operation}")]
    Unsupported {
        /// Name of the target.
        target: String,
        /// The operation.
        operation: Operation,
    },
    /// wasmtime itself failed: there is no memory for a guest, or the like.
    #[error("the WebAssembly runtime failed: {0}")]
    Runtime(String, #[source] wasmtime::Error),
}
