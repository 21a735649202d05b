//! Needs a login: deploys with the credential that the server gave it for the password. A setting of it is called `credential`, too.

use bowline_guests::{description, seen, server_url, text, value};
use bowline_target::{
    Application, Authentication, Credential, DeployTarget, Deployment, Description, Environment,
    Failure, Setting, SettingKind, http,
};

struct Guest;

bowline_target::export_deploy_target!(Guest);

bowline_target::export_authentication!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![
            server_url(),
            Setting::new("password", "Password", SettingKind::Secret),
            Setting::new("credential", "Another secret", SettingKind::Secret),
            text("tries"),
        ])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let credential = env
            .credential()
            .ok_or_else(|| Failure::Unauthenticated("there is no credential".into()))?;
        if env.setting("credential")?.as_ref() == Some(&credential) {
            return Err(Failure::Unexpected(
                "two secrets have one placeholder".into(),
            ));
        }
        let request = ::http::Request::get(format!("{}/apps", value(env, "server-url")?))
            .header("authorization", format!("Bearer {credential}"))
            .body(Vec::new())
            .map_err(|error| Failure::Unexpected(error.to_string()))?;
        match http::send(request)?.status().as_u16() {
            200 => Ok(seen(app, credential)),
            401 => Err(Failure::Unauthenticated(
                "the server refuses the credential".into(),
            )),
            other => Err(Failure::Unexpected(format!("the server answered {other}"))),
        }
    }
}

impl Authentication for Guest {
    fn authenticate(env: &Environment) -> Result<Credential, Failure> {
        if env.credential().is_some() {
            return Err(Failure::Unexpected(
                "a login should start from nothing".into(),
            ));
        }
        if let Some(url) = env.setting("tries")? {
            let request = ::http::Request::get(url)
                .body(Vec::new())
                .map_err(|error| Failure::Unexpected(error.to_string()))?;
            // A refusal is nothing that it tells of.
            drop(http::send(request));
        }
        let request = ::http::Request::post(format!("{}/login", value(env, "server-url")?))
            .header("content-type", "application/json")
            .body(format!(r#"{{"password":"{}"}}"#, value(env, "password")?).into_bytes())
            .map_err(|error| Failure::Unexpected(error.to_string()))?;
        let answer = http::send(request)?;
        let secret = String::from_utf8_lossy(answer.body()).into_owned();
        Ok(Credential {
            secret,
            expires_at: None,
            belongs_to: Some("server-url".into()),
        })
    }
}
