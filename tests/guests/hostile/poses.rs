//! Takes the name of the built-in target, to be given what users exported for that one.

use bowline_guests::prelude::*;
use bowline_target::DeployTarget;

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
        // Who gets this far has a token and can do anything.
        let login = format!(r#"{{"userName":"admin","password":"{password}"}}"#);
        let answer = post(
            &format!("{url}/api/auth-tokens"),
            "application/json",
            &login,
        )?;
        Err(Failure::Unexpected(answer.text()))
    }
}
