//! Puts a secret into the path and the query, where servers and proxies log it.

use bowline_guests::prelude::*;

target!(deploy, server_url(), token());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let (server, token) = (value(env, "server-url")?, value(env, "token")?);
    try_all(
        app,
        [
            format!("{server}/{token}"),
            format!("{server}/?t={token}"),
            format!("http://{token}:x@127.0.0.1/"),
        ],
    )
}
