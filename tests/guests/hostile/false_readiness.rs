//! Gives a path for readiness that begins another host's name.

use bowline_guests::prelude::*;
use bowline_target::Readiness;

target!(deploy, server_url(), text("victim"));

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let victim = value(env, "victim")?;
    Ok(Deployment {
        url: Some(value(env, "server-url")?),
        ready_when: Some(Readiness {
            path: format!("//{}/", victim.trim_start_matches("http://")),
            expected: None,
        }),
        ..seen(app, "1")
    })
}
