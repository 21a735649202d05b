//! Makes up what could stand for a secret that it has not read.

use bowline_guests::prelude::*;

target!(deploy, server_url(), token());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let server = value(env, "server-url")?;
    let made_up = format!("bowline-secret-{}", "0".repeat(32));
    send("GET", &server, &[("authorization", &made_up)], &[])?;
    send(
        "GET",
        &server,
        &[("authorization", "bowline-secret-token")],
        &[],
    )?;
    send(
        "GET",
        &server,
        &[("authorization", "${token} {{token}} %TOKEN%")],
        &[],
    )?;
    Ok(seen(app, "sent"))
}
