//! Attacks on the library.

use std::borrow::Cow;
use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use bowline_app::Application;
use bowline_host::{
    Approval, Artifact, ArtifactError, Credential, Denial, Engine, EngineOptions, Environment,
    GuestStream, HostError, HttpClient, HttpOptions, Limits, Observer, Secret, Session, Target,
};

use crate::attack::{Approved, Attack, KNOWN, Outcome, SECRET};
use crate::scene::{Scene, assert_clean};

/// Makes the attack, and checks what comes of it.
pub fn run(attack: &Attack, scene: &Scene, component: Cow<'static, [u8]>) {
    let ear = Arc::new(Ear::default());
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(attempt(attack, scene, component, Arc::clone(&ear)));
    let heard = ear.0.lock().unwrap().join("\n");
    assert_clean("what the observer hears", &heard);
    assert!(
        heard.lines().count() < 1_500 && heard.len() < 1 << 20,
        "the observer hears too much"
    );
    let told = match &outcome {
        Ok(id) => id.clone(),
        Err(error) => chain(error),
    };
    assert_clean("the outcome", &told);
    if let Err(error) = &outcome {
        let details = format!("{error:?}");
        assert!(!details.contains(KNOWN), "the secret is in {details}");
    }

    let expected = attack.outcome;
    let fits = match (&outcome, expected) {
        (Ok(id), Outcome::Nothing(said) | Outcome::Shrugged(said, _)) => *id == scene.fill(said),
        (Err(HostError::Denied { .. }), Outcome::Refused(_)) => true,
        (Err(HostError::Limit { limit, .. }), Outcome::Limited(name, _)) => limit.name() == name,
        (Err(HostError::Artifact(ArtifactError::Limit(limit))), Outcome::Limited(name, _)) => {
            limit.name() == name
        }
        (Err(HostError::Artifact(_)), Outcome::Unloadable(_)) => true,
        (
            Err(HostError::Trap { .. } | HostError::Answer { .. } | HostError::Description { .. }),
            Outcome::Faulty(_),
        ) => true,
        (Err(HostError::Failed { .. }), Outcome::Failed(..)) => true,
        _ => false,
    };
    assert!(fits, "{outcome:?} instead of {expected:?}\n{heard}");
    let text = if let Outcome::Shrugged(..) = expected {
        &heard
    } else {
        &told
    };
    for word in expected.words() {
        let word = scene.fill(word);
        assert!(text.contains(&word), "'{word}' is not in: {text}");
    }
    let unloaded = matches!(outcome, Ok(_) | Err(HostError::Artifact(_)));
    if expected.names_target() && !unloaded {
        assert!(told.contains("target '"), "no target is named: {told}");
    }
    scene.check(attack);
}

async fn attempt(
    attack: &Attack,
    scene: &Scene,
    component: Cow<'static, [u8]>,
    ear: Arc<Ear>,
) -> Result<String, HostError> {
    let mut limits = Limits::default();
    for (name, value) in &attack.limits {
        limits.set(name, value).unwrap();
    }
    let artifact = Artifact::from_bytes_within(component.into_owned(), &limits)?;
    let target = Target::load_within(engine(), artifact, &limits)?;
    let description = target.describe().await?;
    let mut environment = Environment::new("default");
    for (name, value) in &attack.settings {
        environment = environment.with_setting(*name, scene.fill(value));
    }
    if let Some(value) = attack.variable {
        environment = environment.with_secret_variable("api_key", scene.fill(value));
    }
    environment = environment.with_credential(attack.login.then(|| Credential {
        secret: Secret::new(SECRET),
        expires_at: None,
        belongs_to: Some("server-url".to_owned()),
    }));
    let mut approval = match attack.approved {
        Approved::All => Approval::of(target.wants().await?),
        Approved::Nothing | Approved::Another => Approval::default(),
    };
    if attack.private {
        for rule in &description.network {
            approval = approval.with_private(rule.origin().clone());
        }
    }
    let mut options = HttpOptions::default();
    options.system_proxy = false;
    let mut session = Session::new(environment, HttpClient::new(&options).unwrap())
        .granting(&description, &approval)
        .unwrap()
        .with_limits(limits)
        .with_observer(ear);
    session.revocation = scene.revocation.clone();
    let application = Arc::new(Application::load(scene.application.path()).unwrap());
    if attack.plans {
        let planned = target.plan_authenticated(application, &session).await?;
        return Ok(format!("{} changes", planned.plan.changes().len()));
    }
    let deployed = target.deploy_authenticated(application, &session).await?;
    Ok(deployed.deployment.id)
}

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = Path::new(CACHE).join("compiled");
        Engine::new(&EngineOptions::with_cache(cache)).unwrap()
    })
}

/// Where compiled guests are kept, for all runs: compiling them takes longer than all attacks together.
pub const CACHE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/hostile");

/// An error with its causes.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!("\n{error}");
        cause = error.source();
    }
    text
}

/// Remembers everything that it hears.
#[derive(Default)]
struct Ear(Mutex<Vec<String>>);

impl Ear {
    fn hear(&self, line: String) {
        self.0.lock().unwrap().push(line);
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

    fn denied(&self, denial: &Denial) {
        self.hear(format!("denied {denial}"));
    }
}
