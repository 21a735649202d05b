//! Puts what stands for a secret into the names of headers, where no secret is put in for it.

use bowline_guests::prelude::*;

target!(deploy, server_url(), token());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let (server, token) = (value(env, "server-url")?, value(env, "token")?);
    let names = [token.clone(), format!("x-{token}-y"), token.to_uppercase()];
    let outcomes = names.map(|name| send("GET", &server, &[(&name, "1")], &[]));
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    match done {
        0 => Err(Failure::Unexpected("nothing was sent".into())),
        _ => Ok(seen(app, format!("{done} sent"))),
    }
}
