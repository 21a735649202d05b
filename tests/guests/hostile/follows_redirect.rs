//! Follows a redirect that leads to an origin that it was not granted.

use bowline_guests::prelude::*;

target!(deploy, server_url());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let answer = get(&value(env, "server-url")?)?;
    try_all(app, answer.header("location"))
}
