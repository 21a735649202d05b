//! Reads settings of every kind, and the credential of a login that it doesn't have, and tells what it got.

use bowline_guests::{description, seen};
use bowline_target::{
    Application, DeployTarget, Deployment, Description, Environment, Failure, Setting, SettingKind,
};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        let choices = vec!["small".into(), "large".into()];
        description(vec![
            Setting::new("page", "A URL that opens nothing", SettingKind::Url),
            Setting::new("fast", "Whether to hurry", SettingKind::Boolean),
            Setting::new("count", "How many", SettingKind::Integer),
            Setting::new("size", "How large", SettingKind::Choice(choices)),
            Setting::new("secret", "A secret", SettingKind::Secret),
        ])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let mut all = Vec::new();
        for name in ["page", "fast", "count", "size"] {
            all.push(format!("{:?}", env.setting(name)?));
        }
        env.setting("secret")?;
        if env.credential().is_some() {
            all.push("somebody else's credential".into());
        }
        Ok(seen(app, all.join(" ")))
    }
}
