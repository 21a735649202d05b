//! Loads and runs deploy targets: WebAssembly components that know one platform each, and can do nothing but what they are lent.
//!
//! ```text
//! Engine ── Artifact ── Target ── describe ──▶ Description
//!                         │
//!                         ├─ plan(Application, Session) ──▶ Plan
//!                         └─ deploy(Application, Session) ──▶ Deployment ── readiness::wait
//! ```
//!
//! An [`Engine`] compiles and runs. An [`Artifact`] is a target's file, checked without running any of it. A [`Target`] is loaded once
//! and called many times; each operation gets a store of its own, so that nothing of one call is left for the next. A
//! [`Session`] holds what the operations are lent: the environment's settings, one HTTP client, a Bindle server, a [`Grant`] that says
//! what of it may be used, and [`Limits`].
//!
//! The library prints nothing, reads no arguments and no environment variables (unless told so for the HTTP client's proxies, see
//! [`HttpOptions::system_proxy`]) and knows no configuration files. What happens is told to an [`Observer`].
//!
//! # What it needs
//! Operations are futures that can be sent between threads and run on tokio, with its I/O and time drivers, on one thread or
//! several. [`Target::load`], [`Artifact::read`] and [`HttpClient::new`] block or compute: call them where that holds nobody up.
//! Dropping an operation's future ends its guest at once, and gives up what it has begun to send. On a runtime with several threads, put the operation into
//! a task (`tokio::spawn`): polled by `block_on`, it has to be woken from another thread for each answer.
//!
//! # What a target can't do
//! - See files, sockets, arguments, environment variables or input: none are lent.
//! - Send a request that no [`Rule`] of the [`Grant`] allows. Redirects are handed to it, never followed.
//! - See a secret setting or the credential. It handles placeholders, and the host puts the real value into header values
//!   and into JSON and form bodies of requests to where the secret belongs. A placeholder that the target has encoded (in `Basic`
//!   authentication, which is base64, or in a signature) is not found and goes out as it is.
//! - Use more than its [`Limits`].
//!
//! # Example
//! `examples/deploy.rs` deploys an application in some thirty lines.

mod application;
pub mod artifact;
mod bindings;
pub mod bindle;
mod cache;
pub mod client;
mod console;
pub mod contract;
mod engine;
mod environment;
mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod grant;
mod http;
pub mod journal;
pub mod limits;
mod meter;
mod observer;
mod output;
pub mod readiness;
mod secrets;
mod session;
mod state;
mod target;
pub mod text;
mod usage;

pub use artifact::{Artifact, ArtifactError, CONTRACT_VERSION, Inspection};
pub use client::{
    ClientIdentity, HttpClient, HttpClientError, HttpOptions, IdentityError, Proxies,
    TransportError, TransportErrorKind, retry_after,
};
pub use contract::{
    Action, Change, Credential, Deployment, Description, Feature, InvalidPlan, Need, Offers, Plan,
    Readiness, Setting, SettingKind, TargetFailure,
};
pub use engine::{Engine, EngineError, EngineOptions};
pub use error::{Denial, HostError, Operation, SecretMisuse, Trap};
pub use grant::{
    Approval, Grant, GrantError, Origin, OriginError, Reach, Revocation, Rule, RuleError, Want,
    Wants,
};
pub use limits::{LimitError, LimitExceeded, Limits};
pub use observer::{GuestStream, Observer, Sending, Silent, Upload};
pub use secrets::Secret;
pub use session::{Ask, Environment, Keep, Session};
pub use target::{Deployed, Planned, Target};
pub use usage::{Figure, Usage};
