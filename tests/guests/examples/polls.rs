//! Asks a server the same a number of times, one after the other, with a secret in each request.

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
            text("times"),
            Setting::new("token", "Token", SettingKind::Secret),
        ])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let url = value(env, "server-url")?;
        let times: u32 = value(env, "times")?
            .parse()
            .map_err(|_| Failure::invalid_setting("times", "is no number"))?;
        let token = value(env, "token")?;
        let mut bytes = 0;
        for _ in 0..times {
            let request = ::http::Request::get(&url)
                .header("authorization", format!("Bearer {token}"))
                .body(Vec::new())
                .map_err(|error| Failure::Unexpected(error.to_string()))?;
            bytes += http::send(request)?.body().len();
        }
        Ok(seen(app, bytes.to_string()))
    }
}
