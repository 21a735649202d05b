//! Asks an accomplice that answers with huge headers.

use bowline_guests::prelude::*;

target!(deploy, server_url());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    try_all(app, [value(env, "server-url")?])
}
