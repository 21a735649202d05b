//! One test for each guest program, under its name: a guest without one does not compile.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::http::HeaderName;
use bowline_guest_artifacts as artifacts;
use bowline_host::{
    Artifact, ArtifactError, Ask, Denial, Engine, EngineOptions, Environment, GuestStream,
    HostError, HttpClient, HttpOptions, LimitExceeded, Limits, Observer, Operation, Secret,
    SecretMisuse, Session, Setting, SettingKind, Target, TargetFailure, TransportErrorKind,
};

use crate::application;
use crate::server::{Server, answer};

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
    ENGINE.get_or_init(|| Engine::new(&EngineOptions::default()).unwrap())
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

/// A session that grants what the settings open.
async fn session(target: &Target, environment: Environment) -> (Session, Arc<Ear>) {
    let http = HttpClient::new(&direct()).unwrap();
    let ear = Arc::new(Ear::default());
    let session = Session::new(environment, http)
        .granting(&target.describe().await.unwrap(), &BTreeSet::new())
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

#[tokio::test]
async fn deploys() {
    let server = Server::obliging().await;
    let target = target(artifacts::deploys());
    let description = target.describe().await.unwrap();
    assert_eq!(
        (target.name(), description.triggers.as_slice()),
        ("guest", &["http".to_owned()][..])
    );
    assert_eq!(
        description.setting("token").unwrap().kind,
        SettingKind::Secret
    );
    assert!(!target.can_authenticate());

    let settings = [
        ("server-url", server.url.as_str()),
        ("token", "real-token"),
        ("password", "real \"& password"),
    ];
    let environment = environment(&settings).with_variable("greeting", "hi");
    let (session, ear) = session(&target, environment).await;
    let (_folder, application) = application::load();
    let deployment = target
        .deploy(Arc::clone(&application), &session)
        .await
        .unwrap();
    assert_eq!(deployment.id, "200 default greeting=hi");
    assert_eq!(deployment.revision, application.revision());
    assert_eq!(deployment.url.unwrap().as_str(), format!("{}/", server.url));
    assert_eq!(deployment.ready_when.unwrap().path, "/ready");

    let seen = server.seen();
    let paths: Vec<_> = seen
        .iter()
        .map(|request| (request.method.as_str(), request.path.as_str()))
        .collect();
    assert_eq!(
        paths,
        [("POST", "/json"), ("POST", "/form"), ("POST", "/deploy")]
    );
    assert!(
        seen.iter()
            .all(|request| request.header("authorization") == "Bearer real-token")
    );
    assert_eq!(seen[0].body, r#"{"password":"real \"& password"}"#);
    assert_eq!(seen[1].body, "user=me&password=real+%22%26+password");
    assert_eq!(
        seen[2].body,
        format!(
            "{} {}",
            application.revision(),
            application::COMPONENT.len()
        )
    );
    for request in &seen {
        assert_eq!(
            request.header("content-length"),
            request.body.len().to_string()
        );
        assert_eq!(
            request.header("host"),
            server.url.strip_prefix("http://").unwrap()
        );
    }

    let heard = ear.heard();
    let placeholder = |line: &str, name: &str| line.starts_with(&format!("{name}=bowline-secret-"));
    assert_eq!(heard[0], "step Reading");
    assert_eq!(heard[1], "warn [31mred[0m second line");
    assert_eq!(heard[2], "link Log in https://example.test/login");
    assert_eq!(
        heard[3],
        "warn Trick (the target gave a link that can't be opened)"
    );
    assert!(
        placeholder(heard[4].strip_prefix("Stdout ").unwrap(), "token"),
        "{heard:?}"
    );
    assert!(
        placeholder(heard[5].strip_prefix("Stderr ").unwrap(), "password"),
        "{heard:?}"
    );
    assert_eq!(heard[6..], ["step Sending"]);
}

/// A platform with the login `pw` and the credential `tok`, which it accepts or not.
async fn platform(accepts: bool) -> Server {
    Server::start(move |request| match request.path.as_str() {
        "/login" if request.body == r#"{"password":"pw"}"# => answer(200, "tok"),
        "/apps" if accepts && request.header("authorization") == "Bearer tok" => answer(200, ""),
        _ => answer(401, ""),
    })
    .await
}

#[tokio::test]
async fn logs_in() {
    let server = platform(true).await;
    let target = target(artifacts::logs_in());
    let settings = [("server-url", server.url.as_str()), ("password", "pw")];
    let (first, _) = session(&target, environment(&settings)).await;
    let (_folder, application) = application::load();
    let deployed = target
        .deploy_authenticated(Arc::clone(&application), &first)
        .await
        .unwrap();
    let credential = deployed.credential.expect("there was a login");
    assert_eq!(credential.secret.expose(), "tok");
    assert_eq!(credential.belongs_to.as_deref(), Some("server-url"));
    assert!(
        deployed.deployment.id.starts_with("bowline-secret-"),
        "the guest sees no credential"
    );
    assert_eq!(server.seen().len(), 2);

    let known = environment(&settings).with_credential(Some(credential));
    let (second, _) = session(&target, known).await;
    let deployed = target
        .deploy_authenticated(application, &second)
        .await
        .unwrap();
    assert!(
        deployed.credential.is_none(),
        "a good credential needs no login"
    );
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_second_refusal_is_final() {
    let server = platform(false).await;
    let target = target(artifacts::logs_in());
    let settings = [("server-url", server.url.as_str()), ("password", "pw")];
    let (session, _) = session(&target, environment(&settings)).await;
    let (_folder, application) = application::load();
    let error = target
        .deploy_authenticated(application, &session)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, HostError::Failed { failure: TargetFailure::Unauthenticated(reason), .. }
            if reason == "the server refuses the credential"),
        "{error:?}"
    );
    let paths: Vec<_> = server
        .seen()
        .into_iter()
        .map(|request| request.path)
        .collect();
    assert_eq!(paths, ["/login", "/apps"]);
}

#[tokio::test]
async fn reads_application() {
    let error = deploy(artifacts::reads_application(), &[])
        .await
        .unwrap_err();
    let (_folder, application) = application::load();
    let expected = format!(
        "hello 1.2.0 {}\nSome(\"Says hello\") [\"A <a@b.test>\"]\ncomponent hello 8 []\ntrigger http hello \
         Some(\"/hello/...\")\nvariable greeting Some(\"hello\")\nno such content\nno such digest",
        application.digest()
    );
    assert!(
        matches!(&error, HostError::Failed { failure: TargetFailure::UnsupportedApplication(text), .. } if *text == expected),
        "{error:?}"
    );
}

#[tokio::test]
async fn traps() {
    let error = deploy(artifacts::traps(), &[]).await.unwrap_err();
    let HostError::Trap { target, trap } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (target.as_str(), trap.operation),
        ("guest", Operation::Deploy)
    );
    assert!(trap.reason.contains("unreachable"), "{}", trap.reason);
    assert!(
        trap.output
            .starts_with("before the fall\n]0;ownedabout to fall\n"),
        "{:?}",
        trap.output
    );
    assert!(
        trap.output.contains("the guest's own words"),
        "{:?}",
        trap.output
    );
    assert_eq!(error.to_string(), "target 'guest' broke down in deploy");
}

#[tokio::test]
async fn exits() {
    let error = deploy(artifacts::exits(), &[]).await.unwrap_err();
    let HostError::Trap { trap, .. } = error else {
        panic!("{error:?}")
    };
    assert!(
        trap.reason.starts_with("it ended itself with exit code "),
        "{}",
        trap.reason
    );
}

#[tokio::test]
async fn spins() {
    let limit = Duration::from_millis(100);
    let outcome = deploy_within(
        artifacts::spins(),
        &[],
        limits(|limits| limits.compute = limit),
    )
    .await;
    assert_limit(outcome, LimitExceeded::Compute(limit));
}

#[tokio::test]
async fn sleeps() {
    let limit = Duration::from_millis(200);
    let outcome = deploy_within(
        artifacts::sleeps(),
        &[],
        limits(|limits| limits.wall_clock = limit),
    )
    .await;
    assert_limit(outcome, LimitExceeded::WallClock(limit));
}

#[tokio::test]
async fn eats_memory() {
    let limit = 20 << 20;
    let outcome = deploy_within(
        artifacts::eats_memory(),
        &[],
        limits(|limits| limits.memory = limit),
    )
    .await;
    assert_limit(outcome, LimitExceeded::Memory(limit));
}

#[tokio::test]
async fn recurses() {
    let error = deploy(artifacts::recurses(), &[]).await.unwrap_err();
    // Rust's own stack lies in linear memory and may run out before wasmtime's does.
    match error {
        HostError::Limit {
            limit: LimitExceeded::Stack,
            ..
        } => {}
        HostError::Trap { trap, .. } => {
            assert!(trap.reason.contains("out of bounds"), "{}", trap.reason)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn hoards_handles() {
    let outcome = deploy_within(
        artifacts::hoards_handles(),
        &[],
        limits(|limits| limits.handles = 50),
    )
    .await;
    assert_limit(outcome, LimitExceeded::Handles(50));
}

#[tokio::test]
async fn shouts() {
    let outcome = deploy(artifacts::shouts(), &[]).await;
    assert_limit(
        outcome,
        LimitExceeded::CallBytes(Limits::default().call_bytes),
    );
}

#[tokio::test]
async fn floods_console() {
    let target = target(artifacts::floods_console());
    let (session, ear) = session(&target, environment(&[])).await;
    let (_folder, application) = application::load();
    let session = session.with_limits(limits(|limits| limits.console_lines = 10));
    target.deploy(application, &session).await.unwrap();
    let heard = ear.heard();
    let (said, written): (Vec<_>, Vec<_>) = heard.iter().partition(|line| !line.starts_with("Std"));
    assert_eq!(said.len(), 11, "ten messages, and that there are more");
    assert!(
        said.iter()
            .all(|line| line.chars().count() <= 510 && !line.contains('\u{1b}'))
    );
    assert!(said[10].contains("its further messages are not shown"));
    let bytes: usize = written.iter().map(|line| line.len()).sum();
    assert!(
        bytes < 100_000 && written.len() > 100,
        "{bytes} bytes in {} lines",
        written.len()
    );
}

#[tokio::test]
async fn probes() {
    assert_eq!(deploy(artifacts::probes(), &[]).await.unwrap(), "found []");
    assert!(!std::path::Path::new("/tmp/bowline-was-here").exists());
}

/// Runs `asks` with this request.
async fn ask(server: &Server, method: &str, url: &str, headers: &str) -> Result<String, HostError> {
    let settings = [
        ("server-url", server.url.as_str()),
        ("method", method),
        ("url", url),
        ("headers", headers),
    ];
    deploy(artifacts::asks(), &settings).await
}

#[tokio::test]
async fn asks() {
    let other = Server::obliging().await;
    let away = other.url.clone();
    let server = Server::start(move |request| match request.path.as_str() {
        "/away" => {
            let mut answer = answer(302, "");
            answer
                .headers_mut()
                .insert("location", away.parse().unwrap());
            answer
        }
        _ => answer(200, "12345"),
    })
    .await;
    let url = |path: &str| format!("{}{path}", server.url);

    assert_eq!(
        ask(&server, "GET", &url("/a?b=c"), "x-note: yes")
            .await
            .unwrap(),
        "200 5 None"
    );
    let first = server.seen().remove(0);
    assert_eq!(
        (first.method.as_str(), first.path.as_str()),
        ("GET", "/a?b=c")
    );
    assert_eq!(first.header("x-note"), "yes");
    assert!(
        !first.headers.contains_key("transfer-encoding")
            && !first.headers.contains_key("content-length")
    );
    assert_eq!(
        ask(&server, "GET", &url("/away"), "").await.unwrap(),
        format!("302 0 Some({:?})", other.url),
        "redirects are handed to the guest"
    );
    assert!(
        ask(&server, "HEAD", &url("/"), "")
            .await
            .unwrap()
            .starts_with("200 0")
    );

    for denied in [
        other.url.clone(),
        server.url.replace("http://", "https://"),
        "http://127.0.0.1:1/".to_owned(),
    ] {
        let error = ask(&server, "GET", &denied, "").await.unwrap_err();
        assert!(
            matches!(&error, HostError::Denied { target, denial: Denial::Origin(_), failure: Some(_) } if target == "guest"),
            "{denied}: {error:?}"
        );
        assert!(
            error.to_string().ends_with(", which is not granted"),
            "{error}"
        );
    }
    assert!(other.seen().is_empty());

    let tricky = server.url.replace("http://", "http://me:pw@");
    for (method, url) in [
        ("GET", tricky.as_str()),
        ("TRACE", &server.url),
        ("CONNECT", &server.url),
    ] {
        let outcome = ask(&server, method, url, "").await;
        assert!(
            matches!(
                outcome,
                Err(HostError::Denied {
                    denial: Denial::Request(_),
                    ..
                } | HostError::Failed { .. })
            ),
            "{method} {url}: {outcome:?}"
        );
    }
    for header in [
        "host: evil.test",
        "connection: x-note",
        "proxy-authorization: x",
        "te: trailers",
        "upgrade: x",
    ] {
        let before = server.seen().len();
        assert!(
            ask(&server, "GET", &server.url, header).await.is_err(),
            "{header}"
        );
        assert_eq!(server.seen().len(), before, "{header}");
    }
}

#[tokio::test]
async fn a_dead_server_is_named_with_the_failure() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let settings = [
        ("server-url", url.as_str()),
        ("method", "GET"),
        ("url", &url),
    ];
    let error = deploy(artifacts::asks(), &settings).await.unwrap_err();
    let HostError::Failed {
        transport: Some(transport),
        ..
    } = error
    else {
        panic!("{error:?}")
    };
    assert_eq!(transport.kind(), TransportErrorKind::Refused);
    assert_eq!(transport.origin(), url);
}

#[tokio::test]
async fn answers_are_bounded() {
    let endless = || {
        let zeros = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'0'; 16 << 10]));
        axum::body::Body::from_stream(zeros)
    };
    let server = Server::start(move |request| match request.path.as_str() {
        "/endless" => answer(200, endless()),
        "/headers" => {
            let mut answer = answer(200, "");
            for number in 0..50 {
                let name: HeaderName = format!("x-{number}").parse().unwrap();
                answer
                    .headers_mut()
                    .insert(name, "y".repeat(100).parse().unwrap());
            }
            answer
        }
        _ => answer(200, "x"),
    })
    .await;
    let ask = async |path: &str, limits: Limits| {
        let url = format!("{}{path}", server.url);
        let settings = [
            ("server-url", server.url.as_str()),
            ("method", "GET"),
            ("url", &url),
        ];
        deploy_within(artifacts::asks(), &settings, limits).await
    };
    let outcome = ask("/endless", limits(|limits| limits.response_body = 1 << 20)).await;
    assert_limit(outcome, LimitExceeded::ResponseBody(1 << 20));
    let outcome = ask("/headers", limits(|limits| limits.headers = 4_000)).await;
    assert_limit(outcome, LimitExceeded::Headers(4_000));
}

#[tokio::test]
async fn shrugs() {
    let server = Server::obliging().await;
    let target = target(artifacts::shrugs());
    let (session, ear) = session(&target, environment(&[("url", &server.url)])).await;
    let (_folder, application) = application::load();
    let deployment = target.deploy(application, &session).await.unwrap();
    assert!(deployment.id.contains("Err"), "{}", deployment.id);
    assert_eq!(
        ear.heard(),
        [format!(
            "denied a request to {}, which is not granted",
            server.url
        )]
    );
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn repeats() {
    let server = Server::obliging().await;
    let settings = [("server-url", server.url.as_str())];
    let outcome = deploy_within(
        artifacts::repeats(),
        &settings,
        limits(|limits| limits.requests = 5),
    )
    .await;
    assert_limit(outcome, LimitExceeded::Requests(5));
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn uploads() {
    let server = Server::start(|request| answer(200, request.body.len().to_string())).await;
    for size in [0_usize, 1, 1 << 20, (1 << 20) + 1, 5_000_000] {
        let settings = [
            ("server-url", server.url.as_str()),
            ("bytes", &size.to_string()),
        ];
        let error = deploy(artifacts::uploads(), &settings).await.unwrap_err();
        assert!(
            matches!(&error, HostError::Failed { failure: TargetFailure::Unexpected(seen), .. } if *seen == size.to_string()),
            "{size}: {error:?}"
        );
    }
    for size in [100_000, 5_000_000] {
        let settings = [
            ("server-url", server.url.as_str()),
            ("bytes", &size.to_string()),
        ];
        let limits =
            limits(|limits| limits.request_body = if size > 1 << 20 { 3 << 20 } else { 1_000 });
        let expected = LimitExceeded::RequestBody(limits.request_body);
        assert_limit(
            deploy_within(artifacts::uploads(), &settings, limits).await,
            expected,
        );
    }
    assert_eq!(server.seen().len(), 5, "what is too large does not arrive");
}

#[tokio::test]
async fn leaks() {
    let (server, other) = (Server::obliging().await, Server::obliging().await);
    for (way, expected) in [
        ("other header", SecretMisuse::Origin),
        ("other body", SecretMisuse::Origin),
        ("path", SecretMisuse::Url),
        ("query", SecretMisuse::Url),
        ("text", SecretMisuse::Body),
        ("large", SecretMisuse::Body),
    ] {
        let settings = [
            ("server-url", server.url.as_str()),
            ("other-url", other.url.as_str()),
            ("token", "real-token"),
            ("way", way),
        ];
        let error = deploy(artifacts::leaks(), &settings).await.unwrap_err();
        let HostError::Denied {
            denial: Denial::Secret { name, reason, .. },
            ..
        } = &error
        else {
            panic!("{way}: {error:?}")
        };
        assert_eq!((name.as_str(), *reason), ("token", expected), "{way}");
        assert!(!error.to_string().contains("real-token"), "{error}");
    }
    assert!(server.seen().is_empty() && other.seen().is_empty());

    // What the host can't recognise goes out, and is worth nothing.
    let settings = [
        ("server-url", server.url.as_str()),
        ("other-url", other.url.as_str()),
        ("token", "real-token"),
        ("way", "reversed"),
    ];
    deploy(artifacts::leaks(), &settings).await.unwrap();
    assert!(
        !other.seen()[0].body.contains("nekot-laer"),
        "{:?}",
        other.seen()
    );
}

#[tokio::test]
async fn wants_bindle() {
    let target = target(artifacts::wants_bindle());
    assert!(target.artifact().imports_bindle());
    let (session, ear) = session(&target, environment(&[])).await;
    let (_folder, application) = application::load();
    let error = target.deploy(application, &session).await.unwrap_err();
    assert!(
        matches!(
            error,
            HostError::Denied {
                denial: Denial::Bindle,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(
        ear.heard(),
        ["denied the use of Bindle, which is not granted"]
    );
}

/// Answers questions by the setting's name and counts them.
struct Answers(String, Mutex<Vec<String>>);

impl Ask for Answers {
    fn ask(&self, setting: &Setting) -> Option<Secret> {
        self.1.lock().unwrap().push(setting.prompt.clone().unwrap());
        Some(Secret::new(if setting.name == "server-url" {
            self.0.clone()
        } else {
            "typed".to_owned()
        }))
    }
}

#[tokio::test]
async fn questions() {
    let server = Server::obliging().await;
    let target = target(artifacts::questions());
    let answers = Arc::new(Answers(server.url.clone(), Mutex::default()));
    let (asked, _) = session(&target, environment(&[]).with_questions(answers.clone())).await;
    let (_folder, application) = application::load();
    let deployment = target
        .deploy(Arc::clone(&application), &asked)
        .await
        .unwrap();
    assert_eq!(deployment.id, "200");
    assert_eq!(
        *answers.1.lock().unwrap(),
        ["Which server?", "Password:"],
        "each is asked once"
    );
    assert_eq!(server.seen()[0].header("x-password"), "typed");
    assert_eq!(
        asked.environment.value("server-url").unwrap().expose(),
        server.url
    );

    let (silent, _) = session(&target, environment(&[])).await;
    let error = target.deploy(application, &silent).await.unwrap_err();
    assert!(
        matches!(&error, HostError::Failed { failure: TargetFailure::InvalidSetting { name, .. }, .. } if name == "server-url"),
        "{error:?}"
    );
}

#[tokio::test]
async fn misreads() {
    let error = deploy(artifacts::misreads(), &[("hippo-token", "real")])
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "setting 'hippo-token': the target does not declare it"
    );
}

#[tokio::test]
async fn boasts() {
    let error = deploy(artifacts::boasts(), &[]).await.unwrap_err();
    assert!(
        matches!(
            error,
            HostError::Answer {
                operation: Operation::Deploy,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        error
            .to_string()
            .ends_with("'https://bank.test@evil.test/' is no http or https URL"),
        "{error}"
    );
}

#[tokio::test]
async fn describes_nonsense() {
    let error = target(artifacts::describes_nonsense())
        .describe()
        .await
        .unwrap_err();
    assert!(matches!(error, HostError::Description { .. }), "{error:?}");
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "the setting 'a[31mb' is no lower-case name"
    );
}

#[tokio::test]
async fn describes_with_network() {
    let description = target(artifacts::describes_with_network())
        .describe()
        .await
        .unwrap();
    assert_eq!(description.summary, "http false, bindle false");
}

#[tokio::test]
async fn operations_that_are_not_exported_are_unsupported() {
    let target = target(artifacts::shrugs());
    let (session, _) = session(&target, environment(&[])).await;
    let error = target.authenticate(&session).await.unwrap_err();
    assert!(
        matches!(
            error,
            HostError::Unsupported {
                operation: Operation::Authenticate,
                ..
            }
        ),
        "{error:?}"
    );
}

/// The guest with every occurrence of these bytes replaced.
fn patched(from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = artifacts::boasts().to_vec();
    let at: Vec<_> = (0..bytes.len())
        .filter(|&at| bytes[at..].starts_with(from.as_bytes()))
        .collect();
    assert!(!at.is_empty());
    for at in at {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

#[test]
fn the_contract_version_is_read_before_compiling() {
    let newer = patched(
        "bowline:deploy/deploy-target@0.1.0",
        "bowline:deploy/deploy-target@0.2.0",
    );
    let error = Artifact::from_bytes(newer).unwrap_err();
    assert!(
        matches!(&error, ArtifactError::ContractVersion { built } if built == "0.2.0"),
        "{error:?}"
    );
    let foreign = patched("wasi:cli/stderr@", "wasi:cli/secret@");
    let error = Artifact::from_bytes(foreign).unwrap_err();
    assert!(
        matches!(&error, ArtifactError::Imports { imports } if imports.len() == 1),
        "{error:?}"
    );
}

#[test]
fn broken_code_is_found_when_it_is_compiled() {
    let mut bytes = artifacts::boasts().to_vec();
    let code = bytes
        .windows(4)
        .position(|window| window == b"\0asm")
        .unwrap();
    let module = code
        + bytes[code + 1..]
            .windows(4)
            .position(|window| window == b"\0asm")
            .unwrap();
    // An import section of the first core module that says more than there is.
    for byte in &mut bytes[module + 20..module + 60] {
        *byte ^= 0xff;
    }
    if let Ok(artifact) = Artifact::from_bytes(bytes) {
        let error = Target::load(engine(), artifact).unwrap_err();
        assert!(
            matches!(error, HostError::Artifact(ArtifactError::Compile(_))),
            "{error:?}"
        );
    }
}

#[test]
fn compiled_code_is_taken_from_the_cache() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("compiled");
    let load = || {
        let engine = Engine::new(&EngineOptions::with_cache(&folder)).unwrap();
        Target::load(&engine, Artifact::from_bytes(artifacts::boasts()).unwrap()).unwrap()
    };
    let entries = || {
        std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect::<Vec<_>>()
    };
    assert_eq!(load().name(), load().name());
    let [entry] = &entries()[..] else {
        panic!("{:?}", entries())
    };
    // A broken entry is noticed and replaced.
    std::fs::write(entry, "junk").unwrap();
    load();
    assert!(std::fs::metadata(entry).unwrap().len() > 1_000);
}
