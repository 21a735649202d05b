//! Sends a secret where it does not belong, in the way it is told.

use bowline_guests::{description, seen, server_url, text, value};
use bowline_target::{
    Application, DeployTarget, Deployment, Description, Environment, Failure, Setting, SettingKind,
    http,
};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![
            server_url(),
            Setting {
                grants_network: true,
                ..Setting::new("other-url", "Another server", SettingKind::Url)
            },
            Setting {
                belongs_to: Some("server-url".into()),
                ..Setting::new("token", "Token of the server", SettingKind::Secret)
            },
            text("way"),
        ])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let (server, other) = (value(env, "server-url")?, value(env, "other-url")?);
        let token = value(env, "token")?;
        let request = match value(env, "way")?.as_str() {
            "other header" => ::http::Request::get(other)
                .header("x-token", &token)
                .body(Vec::new()),
            "other body" => ::http::Request::post(other)
                .header("content-type", "application/json")
                .body(format!("[\"{token}\"]").into_bytes()),
            "path" => ::http::Request::get(format!("{server}/{token}")).body(Vec::new()),
            "query" => ::http::Request::get(format!("{server}/?t={token}")).body(Vec::new()),
            "text" => ::http::Request::post(server).body(token.into_bytes()),
            "large" => {
                // The placeholder lies across the place where the host begins to stream.
                let mut body = vec![b'x'; (1 << 20) - 10];
                body.extend(token.bytes());
                body.extend([b'x'; 100_000]);
                ::http::Request::post(server)
                    .header("content-type", "application/json")
                    .body(body)
            }
            "reversed" => {
                let token: String = token.chars().rev().collect();
                ::http::Request::post(other).body(token.into_bytes())
            }
            other => return Err(Failure::Unexpected(format!("no such way: {other}"))),
        };
        let request = request.map_err(|error| Failure::Unexpected(error.to_string()))?;
        let answer = http::send(request)?;
        Ok(seen(app, answer.status().as_u16().to_string()))
    }
}
