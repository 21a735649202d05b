//! Plans: looks at what the server has, then does once what it is told, and gives its plan whatever came of that.

use bowline_guests::{description, seen, server_url, text, value};
use bowline_target::{
    Ability, Action, Application, Authentication, Change, ChangeSet, Credential, DeployTarget,
    Deployment, Description, Environment, Failure, Offer, Planning, Platform, Setting, SettingKind,
    bindle, http,
};

struct Guest;

bowline_target::export_deploy_target!(Guest);

bowline_target::export_authentication!(Guest);

bowline_target::export_planning!(Guest);

bowline_target::export_platform!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![
            server_url(),
            Setting::new("password", "Password", SettingKind::Secret),
            text("method"),
            text("header"),
            text("ending"),
        ])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        Ok(seen(app, act(app, env)?))
    }
}

impl Authentication for Guest {
    fn authenticate(env: &Environment) -> Result<Credential, Failure> {
        let header = format!("x-password: {}", value(env, "password")?);
        let (_, secret) = send(env, "POST", "/login", &header)?;
        Ok(Credential {
            secret,
            expires_at: None,
            belongs_to: None,
        })
    }
}

impl Planning for Guest {
    fn plan(app: &Application, env: &Environment) -> Result<ChangeSet, Failure> {
        let credential = env
            .credential()
            .ok_or_else(|| Failure::Unauthenticated("there is no credential".into()))?;
        let header = format!("authorization: Bearer {credential}");
        let (status, _) = send(env, "HEAD", "/state", &header)?;
        let (_, basis) = send(env, "GET", "/state", &header)?;
        let done = act(app, env).unwrap_or_else(|failure| failure.to_string());
        match env.setting("ending")?.as_deref() {
            Some("fails") => Err(Failure::Conflict("it fails in the end".into())),
            Some("traps") => unreachable!("it traps in the end"),
            _ => Ok(ChangeSet {
                changes: vec![
                    Change {
                        action: Action::Keep,
                        kind: "state".into(),
                        name: status.to_string(),
                        detail: None,
                    },
                    Change {
                        action: Action::Update,
                        kind: "\u{1b}[31mapp".into(),
                        name: app.name(),
                        detail: Some(done),
                    },
                ],
                basis,
            }),
        }
    }
}

impl Platform for Guest {
    fn runs(env: &Environment) -> Result<Vec<Offer>, Failure> {
        // A push is none, and is tried later.
        let method = env.setting("method")?.filter(|method| method != "push");
        let method = method.unwrap_or_else(|| "GET".into());
        // Whatever comes of it, it has an answer.
        let place = match send(env, &method, "/version", "") {
            Ok((_, version)) => version,
            Err(failure) => failure.to_string(),
        };
        Ok(vec![
            Offer {
                ability: Ability::Imports("wasi:http/*@0.2".into()),
                only_on: None,
            },
            Offer {
                ability: Ability::Exports("wasi:http/incoming-handler@0.2".into()),
                only_on: None,
            },
            Offer {
                ability: Ability::CoreModules,
                only_on: Some(env.setting("ending")?.unwrap_or(place)),
            },
        ])
    }
}

/// Sends a request with the method and header that the settings name, or pushes, or does nothing without a method.
fn act(app: &Application, env: &Environment) -> Result<String, Failure> {
    match env.setting("method")?.as_deref() {
        None => Ok("nothing".into()),
        Some("push") => bindle::push(app, &format!("{}/{}", app.name(), app.revision()))
            .map(|receipt| receipt.id),
        Some(method) => {
            let header = env.setting("header")?.unwrap_or_default();
            let (status, _) = send(env, method, "/thing", &header)?;
            Ok(status.to_string())
        }
    }
}

fn send(
    env: &Environment,
    method: &str,
    path: &str,
    header: &str,
) -> Result<(u16, String), Failure> {
    let mut request = ::http::Request::builder()
        .method(method)
        .uri(format!("{}{path}", value(env, "server-url")?));
    if let Some((name, value)) = header.split_once(": ") {
        request = request.header(name, value);
    }
    let request = request
        .body(Vec::new())
        .map_err(|error| Failure::Unexpected(error.to_string()))?;
    let answer = http::send(request)?;
    let body = String::from_utf8_lossy(answer.body()).into_owned();
    Ok((answer.status().as_u16(), body))
}
