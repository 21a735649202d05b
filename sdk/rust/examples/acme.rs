//! Deploys to Acme, a made-up platform that takes a program as it is: the example of `docs/writing-a-target.md`.
//!
//! Acme's API is three requests, all with the header `authorization: Bearer <token>`:
//! - `GET /apps/<name>` answers `{"revision": "..."}`, or 404;
//! - `PUT /apps/<name>/contents/<sha256>` takes the bytes of a component;
//! - `PUT /apps/<name>` takes `{"revision": "...", "routes": {"<route>": "<sha256>"}}` and runs it.

use bowline_target::{
    Action, Application, Change, ChangeSet, DeployTarget, Deployment, Description, Environment,
    Failure, Planning, Readiness, Setting, SettingKind, console, http,
};
use serde_json::{Value, json};

struct Acme;

bowline_target::export_deploy_target!(Acme);
bowline_target::export_planning!(Acme);

impl DeployTarget for Acme {
    fn describe() -> Description {
        Description {
            name: "acme".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: "Deploys to Acme".into(),
            homepage: Some("https://acme.example".into()),
            settings: vec![
                Setting {
                    variable: Some("ACME_URL".into()),
                    required: true,
                    grants_network: true,
                    ..Setting::new("acme-url", "URL of the Acme server", SettingKind::Url)
                },
                Setting {
                    variable: Some("ACME_TOKEN".into()),
                    required: true,
                    belongs_to: Some("acme-url".into()),
                    ..Setting::new(
                        "acme-token",
                        "Token of the Acme account",
                        SettingKind::Secret,
                    )
                },
            ],
            network: Vec::new(),
            triggers: vec!["http".into()],
        }
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let acme = Server::of(env)?;
        let (name, revision) = (checked_name(app)?, app.revision());

        console::step(&format!("Looking for '{name}' on Acme"));
        let path = format!("/apps/{name}");
        if acme.running(&path)?.as_deref() != Some(revision.as_str()) {
            for component in app.components() {
                console::step(&format!("Sending component '{}'", component.id));
                let bytes = content(app, &component.source.sha256)?;
                let place = format!("{path}/contents/{}", component.source.sha256);
                acme.send("PUT", &place, &component.source.media_type, bytes)?;
            }
            console::step(&format!("Starting {name} {revision}"));
            let wish = json!({ "revision": revision, "routes": routes(app) });
            let wish = wish.to_string().into_bytes();
            acme.send("PUT", &path, "application/json", wish)?;
        }
        Ok(Deployment {
            id: name.clone(),
            url: Some(format!("{}/run/{name}", acme.url)),
            application: name,
            revision,
            ready_when: Some(Readiness {
                path: "/".into(),
                expected: None,
            }),
        })
    }
}

/// What `deploy` would do: the same questions, and no more. Without this, `bowline plan` says that Acme can't plan.
impl Planning for Acme {
    fn plan(app: &Application, env: &Environment) -> Result<ChangeSet, Failure> {
        let acme = Server::of(env)?;
        let (name, revision) = (checked_name(app)?, app.revision());
        let running = acme.running(&format!("/apps/{name}"))?;
        let (action, detail) = match &running {
            None => (Action::Create, None),
            Some(running) if *running == revision => (Action::Keep, None),
            Some(running) => {
                let detail = format!("runs {revision} instead of {running}");
                (Action::Update, Some(detail))
            }
        };
        Ok(ChangeSet {
            // Whoever sees the same server run the same revision would plan the same.
            basis: format!("{} {}", acme.url, running.unwrap_or_default()),
            changes: vec![Change {
                action,
                kind: "application".into(),
                name,
                detail,
            }],
        })
    }
}

/// The application's name, if Acme takes it.
fn checked_name(app: &Application) -> Result<String, Failure> {
    let name = app.name();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if name.len() > 40 || !name.bytes().all(plain) {
        return Err(Failure::UnsupportedApplication(format!(
            "Acme takes no application named '{name}': use at most 40 ASCII letters, digits and '-'"
        )));
    }
    Ok(name)
}

struct Server {
    url: String,
    token: String,
}

impl Server {
    fn of(env: &Environment) -> Result<Self, Failure> {
        let setting = |name: &str| {
            let value = env.setting(name)?;
            value.ok_or_else(|| Failure::invalid_setting(name, "is missing"))
        };
        Ok(Self {
            url: setting("acme-url")?.trim_end_matches('/').to_owned(),
            // A placeholder. The host puts the token in as the request leaves.
            token: setting("acme-token")?,
        })
    }

    /// The revision that runs now, if any.
    fn running(&self, path: &str) -> Result<Option<String>, Failure> {
        let Some(answer) = self.send("GET", path, "", Vec::new())? else {
            return Ok(None);
        };
        let answer: Value = serde_json::from_slice(&answer)
            .map_err(|error| Failure::Unexpected(format!("Acme answers no JSON: {error}")))?;
        Ok(answer["revision"].as_str().map(str::to_owned))
    }

    /// The answer's body; nothing if what was to be read is not there.
    fn send(
        &self,
        method: &str,
        path: &str,
        media_type: &str,
        body: Vec<u8>,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let mut request = ::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.token));
        if !body.is_empty() {
            request = request.header("content-type", media_type);
        }
        let request = request
            .body(body)
            .map_err(|error| Failure::invalid_setting("acme-url", format!("is no URL: {error}")))?;
        let answer = http::send(request)?;
        match answer.status().as_u16() {
            200..=299 => Ok(Some(answer.into_body())),
            404 if method == "GET" => Ok(None),
            401 => Err(Failure::Unauthenticated("Acme refuses the token".into())),
            403 => Err(Failure::Forbidden(format!("Acme refuses {method} {path}"))),
            429 | 500.. => Err(Failure::Unavailable("Acme is busy".into())),
            status => Err(Failure::Unexpected(format!(
                "Acme answers {method} {path} with status {status}"
            ))),
        }
    }
}

/// The bytes of one content of the application.
fn content(app: &Application, sha256: &str) -> Result<Vec<u8>, Failure> {
    let reader = app.open(sha256)?;
    let mut bytes = Vec::new();
    loop {
        let next = reader.read(1 << 20)?;
        if next.is_empty() {
            return Ok(bytes);
        }
        bytes.extend(next);
    }
}

/// The SHA-256 of the component behind each route.
fn routes(app: &Application) -> Value {
    let components = app.components();
    let behind = |id: &str| components.iter().find(|component| component.id == id);
    app.triggers()
        .into_iter()
        .filter_map(|trigger| {
            let component = behind(&trigger.component)?;
            Some((trigger.route?, component.source.sha256.clone().into()))
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}
