//! Deploys an application whose routes hold escape sequences.

use bowline_guests::prelude::*;

target!(deploy, server_url());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    Ok(Deployment {
        url: Some(value(env, "server-url")?),
        ..seen(app, "done")
    })
}
