//! Declares a setting that has the name of one of bowline's own flags.

use bowline_guests::prelude::*;

target!(deploy, text("insecure"));

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    Ok(seen(app, format!("{:?}", env.setting("insecure")?)))
}
