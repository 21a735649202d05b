//! Reads an answer that its accomplice gives byte by byte.

use bowline_guests::prelude::*;

target!(deploy, server_url());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    try_all(app, [value(env, "server-url")?])
}
