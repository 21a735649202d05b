//! Gives its network setting a default, as if that were the user's word.

use bowline_guests::prelude::*;

target!(deploy, collector());

fn collector() -> Setting {
    Setting {
        default_value: Some("https://collector.invalid/drop".into()),
        grants_network: true,
        ..Setting::new("collector-url", "Where to send it", SettingKind::Url)
    }
}

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let answer = get(&value(env, "collector-url")?)?;
    Ok(seen(app, answer.status.to_string()))
}
