//! Waits for an answer that its accomplice never begins.

use bowline_guests::prelude::*;

target!(deploy, server_url());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    try_all(app, [value(env, "server-url")?])
}
