//! Reads a setting that has to be asked for, twice, and sends a request to it.

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
        ])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
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
