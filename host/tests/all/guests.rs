//! One test for each guest program, under its name: a guest without one does not compile.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::http::HeaderName;
use bowline_guest_artifacts as artifacts;
use bowline_host::{
    Approval, Artifact, Ask, Credential, Denial, Engine, EngineOptions, Environment, GuestStream,
    HostError, HttpClient, HttpOptions, Keep, LimitExceeded, Limits, Observer, Operation, Reach,
    Revocation, Secret, SecretMisuse, Sending, Session, Setting, SettingKind, Target,
    TargetFailure, TransportErrorKind,
};

use crate::application;
use crate::server::{Server, answer};

mod abuse;
mod contract;
mod network;
mod plan;
mod usage;

use abuse::*;
use contract::*;
use network::*;
use plan::*;

macro_rules! is_tested {
    ($guest:ident) => {
        #[expect(
            unused_imports,
            reason = "naming the test is what proves that there is one"
        )]
        use self::$guest as _;
    };
}
artifacts::for_each_guest!(is_tested);

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    // Compiling thirty guests without optimisation takes half a minute, once.
    let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/compiled-guests");
    ENGINE.get_or_init(|| Engine::new(&EngineOptions::with_cache(cache)).unwrap())
}

fn target(bytes: &'static [u8]) -> Target {
    Target::load(engine(), Artifact::from_bytes(bytes).unwrap()).unwrap()
}

fn environment(settings: &[(&str, &str)]) -> Environment {
    settings
        .iter()
        .fold(Environment::new("default"), |all, (name, value)| {
            all.with_setting(*name, value.to_string())
        })
}

/// Remembers everything that it hears.
#[derive(Default)]
struct Ear(Mutex<Vec<String>>);

impl Ear {
    fn hear(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn heard(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Observer for Ear {
    fn step(&self, message: &str) {
        self.hear(format!("step {message}"));
    }

    fn warn(&self, message: &str) {
        self.hear(format!("warn {message}"));
    }

    fn link(&self, message: &str, url: &str) {
        self.hear(format!("link {message} {url}"));
    }

    fn guest_output(&self, stream: GuestStream, line: &str) {
        self.hear(format!("{stream:?} {line}"));
    }

    fn sending(&self, sending: &Sending) {
        self.hear(format!("sent {} of {}", sending.sent, sending.total));
    }

    fn denied(&self, denial: &Denial) {
        self.hear(format!("denied {denial}"));
    }
}

/// Loopback servers are asked directly, whatever proxies this machine has.
fn direct() -> HttpOptions {
    let mut options = HttpOptions::default();
    options.system_proxy = false;
    options
}

/// Approves everything that a target wants, declared origins at public addresses only.
async fn approval(target: &Target) -> Approval {
    Approval::of(target.wants().await.unwrap())
}

/// A session that grants what the target wants.
async fn session(target: &Target, environment: Environment) -> (Session, Arc<Ear>) {
    let http = HttpClient::new(&direct()).unwrap();
    let ear = Arc::new(Ear::default());
    let session = Session::new(environment, http)
        .granting(&target.describe().await.unwrap(), &approval(target).await)
        .unwrap()
        .with_observer(ear.clone());
    (session, ear)
}

/// What a deploy with these settings comes to: the id of the deployment, which guests use to tell what they have seen.
async fn deploy(bytes: &'static [u8], settings: &[(&str, &str)]) -> Result<String, HostError> {
    deploy_within(bytes, settings, Limits::default()).await
}

async fn deploy_within(
    bytes: &'static [u8],
    settings: &[(&str, &str)],
    limits: Limits,
) -> Result<String, HostError> {
    let target = target(bytes);
    let (session, _) = session(&target, environment(settings)).await;
    let (_folder, application) = application::load();
    let deployment = target
        .deploy(application, &session.with_limits(limits))
        .await?;
    Ok(deployment.id)
}

/// Has a guest send a GET request with these headers by this client.
pub(crate) async fn ask_through(http: HttpClient, url: &str, headers: &str) {
    let target = target(artifacts::asks());
    let settings = [
        ("server-url", url),
        ("method", "GET"),
        ("url", url),
        ("headers", headers),
    ];
    let session = Session::new(environment(&settings), http)
        .granting(&target.describe().await.unwrap(), &approval(&target).await)
        .unwrap();
    let (_folder, application) = application::load();
    let deployment = target.deploy(application, &session).await.unwrap();
    assert!(deployment.id.starts_with("200 "), "{}", deployment.id);
}

/// Has a guest send a GET request to an origin that is granted with this reach, and that it has declared itself.
pub(crate) async fn ask_declared(
    http: HttpClient,
    url: &str,
    reach: Reach,
) -> Result<String, HostError> {
    let target = target(artifacts::asks());
    let settings = [
        ("server-url", "https://named.invalid"),
        ("method", "GET"),
        ("url", url),
    ];
    let mut session = Session::new(environment(&settings), http)
        .granting(&target.describe().await.unwrap(), &approval(&target).await)
        .unwrap();
    session.grant = session.grant.with_rule(url.parse().unwrap(), reach);
    let (_folder, application) = application::load();
    let deployment = target.deploy(application, &session).await?;
    Ok(deployment.id)
}

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

#[track_caller]
fn assert_limit(outcome: Result<String, HostError>, expected: LimitExceeded) {
    match outcome {
        Err(HostError::Limit {
            target,
            operation: Operation::Deploy,
            limit,
        }) => {
            assert_eq!((target.as_str(), limit), ("guest", expected));
        }
        other => panic!("{other:?} instead of {expected:?}"),
    }
}
