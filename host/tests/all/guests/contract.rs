//! What the contract promises, kept by both sides.

use super::*;

#[tokio::test]
pub async fn deploys() {
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
    let environment = environment(&settings)
        .with_variable("greeting", "hi".to_owned())
        .with_secret_variable("api_key", "k3y \"x".to_owned());
    let (session, ear) = session(&target, environment).await;
    let (_folder, application) = application::load();
    let deployment = target
        .deploy(Arc::clone(&application), &session)
        .await
        .unwrap();
    let placeholder = deployment
        .id
        .strip_prefix("200 default greeting=hi,api_key=bowline-secret-");
    assert_eq!(placeholder.unwrap().len(), 32, "{}", deployment.id);
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
pub async fn logs_in() {
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

    let known = environment(&settings)
        .with_setting("credential", "another".to_owned())
        .with_credential(Some(credential));
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

impl Keep for Ear {
    fn refused(&self, credential: &Credential) {
        self.hear(format!("refused {}", credential.secret.expose()));
    }

    fn renewed(&self, credential: &Credential) {
        self.hear(format!("renewed {}", credential.secret.expose()));
    }
}

#[tokio::test]
async fn a_refused_credential_is_forgotten_and_the_renewed_one_kept_at_once() {
    let old = Credential {
        secret: Secret::new("old"),
        expires_at: None,
        belongs_to: Some("server-url".to_owned()),
    };
    let expected: [(bool, &[&str]); 2] = [
        (true, &["refused old", "renewed tok"]),
        (false, &["refused old", "renewed tok", "refused tok"]),
    ];
    for (accepts, expected) in expected {
        let server = platform(accepts).await;
        let target = target(artifacts::logs_in());
        let kept = Arc::new(Ear::default());
        let environment = environment(&[("server-url", &server.url), ("password", "pw")])
            .with_credential(Some(old.clone()))
            .with_keeper(kept.clone());
        let (session, _) = session(&target, environment).await;
        let (_folder, application) = application::load();
        let deployed = target.deploy_authenticated(application, &session).await;
        assert_eq!(deployed.is_ok(), accepts);
        assert_eq!(kept.heard(), expected);
    }
}

#[track_caller]
fn assert_unauthenticated(error: &HostError, expected: &str) {
    match error {
        HostError::Failed {
            failure: TargetFailure::Unauthenticated(reason),
            ..
        } => assert_eq!(reason, expected),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_credential_without_an_approved_login_is_neither_lent_nor_forgotten() {
    let server = platform(true).await;
    let target = target(artifacts::logs_in());
    let kept = Arc::new(Ear::default());
    let environment = environment(&[("server-url", &server.url), ("password", "pw")])
        .with_credential(Some(Credential {
            secret: Secret::new("tok"),
            expires_at: None,
            belongs_to: Some("server-url".to_owned()),
        }))
        .with_keeper(kept.clone());
    let mut wants = target.wants().await.unwrap();
    wants.login = false;
    let session = Session::new(environment, HttpClient::new(&direct()).unwrap())
        .granting(&target.describe().await.unwrap(), &Approval::of(wants))
        .unwrap();
    let (_folder, application) = application::load();
    let error = target
        .deploy_authenticated(application, &session)
        .await
        .unwrap_err();
    assert_unauthenticated(&error, "there is no credential");
    assert!(kept.heard().is_empty(), "{:?}", kept.heard());
    assert!(server.seen().is_empty());
}

#[tokio::test]
pub async fn a_second_refusal_is_final() {
    let server = platform(false).await;
    let target = target(artifacts::logs_in());
    let settings = [("server-url", server.url.as_str()), ("password", "pw")];
    let (session, _) = session(&target, environment(&settings)).await;
    let (_folder, application) = application::load();
    let error = target
        .deploy_authenticated(application, &session)
        .await
        .unwrap_err();
    assert_unauthenticated(&error, "the server refuses the credential");
    let paths: Vec<_> = server
        .seen()
        .into_iter()
        .map(|request| request.path)
        .collect();
    assert_eq!(
        paths,
        ["/login", "/apps", "/login", "/apps"],
        "it might have expired in between, but not twice"
    );
}

#[tokio::test]
pub async fn reads_application() {
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
pub async fn wants_bindle() {
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
pub(super) struct Answers(pub(super) String, pub(super) Mutex<Vec<String>>);

impl Ask for Answers {
    fn ask(&self, setting: &Setting) -> Option<Secret> {
        self.1.lock().unwrap().push(setting.prompt.clone().unwrap());
        Some(Secret::new(if setting.kind == SettingKind::Url {
            self.0.clone()
        } else {
            "typed".to_owned()
        }))
    }
}

#[tokio::test]
pub async fn questions() {
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

/// Not to the one that the target has by itself, which the user did not want.
#[tokio::test]
async fn a_secret_belongs_to_the_server_that_was_answered() {
    let server = Server::obliging().await;
    let target = target(artifacts::questions());
    let answers = Arc::new(Answers(server.url.clone(), Mutex::default()));
    let environment = environment(&[("token", "kept-token")]).with_questions(answers);
    let (asked, _) = session(&target, environment).await;
    let (_folder, application) = application::load();
    target.deploy(application, &asked).await.unwrap();
    assert_eq!(server.seen()[0].header("x-token"), "kept-token");
}

#[tokio::test]
async fn an_answer_of_another_kind_is_refused() {
    let target = target(artifacts::questions());
    let answers = Arc::new(Answers("example.com".to_owned(), Mutex::default()));
    let (asked, _) = session(&target, environment(&[]).with_questions(answers)).await;
    let (_folder, application) = application::load();
    let error = target.deploy(application, &asked).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the setting 'server-url' can't be used: it is not an absolute URL"),
        "{error}"
    );
}

#[tokio::test]
pub async fn operations_that_are_not_exported_are_unsupported() {
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
