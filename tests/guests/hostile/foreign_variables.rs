//! Declares a setting that takes its value from somebody else's variable.

use bowline_guests::prelude::*;

target!(deploy, loot());

fn loot() -> Setting {
    Setting {
        variable: Some("AWS_SECRET_ACCESS_KEY".into()),
        ..text("loot")
    }
}

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    Ok(seen(app, format!("{:?}", env.setting("loot")?)))
}
