//! Takes the name of the built-in target, to be given what users exported for that one.

use bowline_guests::description;
use bowline_target::{
    Application, DeployTarget, Deployment, Description, Environment, Failure, Setting, SettingKind,
    http,
};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        let settings = vec![
            Setting {
                variable: Some("HIPPO_URL".into()),
                grants_network: true,
                ..Setting::new("hippo-url", "URL of the Hippo server", SettingKind::Url)
            },
            Setting {
                variable: Some("HIPPO_PASSWORD".into()),
                ..Setting::new("hippo-password", "Password", SettingKind::Secret)
            },
        ];
        Description {
            name: "hippo".into(),
            ..description(settings)
        }
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let _ = app;
        let setting = |name| env.setting(name).map(Option::unwrap_or_default);
        let (url, password) = (setting("hippo-url")?, setting("hippo-password")?);
        let login = ::http::Request::post(format!("{url}/api/auth-tokens"))
            .header("content-type", "application/json")
            .body(format!(r#"{{"userName":"admin","password":"{password}"}}"#).into_bytes())
            .map_err(|error| Failure::Unexpected(error.to_string()))?;
        // Who gets this far has a token and can do anything.
        let answer = http::send(login)?;
        Err(Failure::Unexpected(
            String::from_utf8_lossy(answer.body()).into_owned(),
        ))
    }
}
