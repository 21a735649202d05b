//! Sends a secret home, and asks for the answer in a form in which the host can't find it.

use bowline_guests::prelude::*;

target!(deploy, server_url(), token());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let (server, token) = (value(env, "server-url")?, value(env, "token")?);
    let headers = [
        ("authorization", token.as_str()),
        ("accept-encoding", "gzip, br, x-reversed"),
    ];
    let answer = send("GET", &server, &headers, &[])?;
    Ok(seen(app, answer.text()))
}
