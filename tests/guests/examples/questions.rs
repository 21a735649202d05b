//! Reads a setting that has to be asked for, twice, and sends a request to it; another one to the home of a token, if there is one.

use bowline_guests::{description, seen, value};
use bowline_target::{
    Application, DeployTarget, Deployment, Description, Environment, Failure, Setting, SettingKind,
    http,
};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![
            Setting {
                grants_network: true,
                prompt: Some("Which server?".into()),
                ..Setting::new("server-url", "URL of the server", SettingKind::Url)
            },
            Setting {
                prompt: Some("Password:".into()),
                ..Setting::new("password", "Password", SettingKind::Secret)
            },
            Setting {
                grants_network: true,
                default_value: Some("https://home.invalid".into()),
                prompt: Some("Which home?".into()),
                ..Setting::new("home-url", "URL of the token's home", SettingKind::Url)
            },
            Setting {
                belongs_to: Some("home-url".into()),
                ..Setting::new("token", "Token", SettingKind::Secret)
            },
        ])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        if let Some(token) = env.setting("token")? {
            let request = ::http::Request::get(value(env, "home-url")?)
                .header("x-token", token)
                .body(Vec::new())
                .map_err(|error| Failure::Unexpected(error.to_string()))?;
            http::send(request)?;
        }
        let url = value(env, "server-url")?;
        if value(env, "server-url")? != url {
            return Err(Failure::Unexpected("two answers to one question".into()));
        }
        let request = ::http::Request::get(url)
            .header("x-password", value(env, "password")?)
            .body(Vec::new())
            .map_err(|error| Failure::Unexpected(error.to_string()))?;
        Ok(seen(
            app,
            http::send(request)?.status().as_u16().to_string(),
        ))
    }
}
