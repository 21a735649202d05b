//! Sends a request to an origin that it was not granted.

use bowline_guests::prelude::*;

target!(deploy, server_url(), text("victim"));

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    try_all(app, [value(env, "victim")?])
}
