//! Reads a setting that it has not declared.

use bowline_guests::prelude::*;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    Ok(seen(app, format!("{:?}", env.setting("hippo-token")?)))
}
