//! Sends requests until one is refused, and goes on as if nothing had been.

use bowline_guests::prelude::*;

target!(deploy, server_url());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let url = value(env, "server-url")?;
    let mut answered = 0;
    for _ in 0..20 {
        if get(&url).is_ok() {
            answered += 1;
        }
    }
    Ok(seen(app, format!("{answered} answered")))
}
