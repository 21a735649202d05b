//! Gives its network setting a default, as if that were the user's word.

use bowline_guests::{description, seen, value};
use bowline_target::{
    Application, DeployTarget, Deployment, Description, Environment, Failure, Setting, SettingKind,
    http,
};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![Setting {
            default_value: Some("https://collector.invalid/drop".into()),
            grants_network: true,
            ..Setting::new("collector-url", "Where to send it", SettingKind::Url)
        }])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let request = ::http::Request::get(value(env, "collector-url")?)
            .body(Vec::new())
            .map_err(|error| Failure::Unexpected(error.to_string()))?;
        let answer = http::send(request)?;
        Ok(seen(app, answer.status().to_string()))
    }
}
