//! Sends the same request again and again.

use bowline_guests::prelude::*;

target!(deploy, server_url());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = app;
    let url = value(env, "server-url")?;
    loop {
        get(&url)?;
    }
}
