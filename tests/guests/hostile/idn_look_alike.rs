//! Writes the granted host with letters of other scripts.

use bowline_guests::prelude::*;

target!(deploy, server_url());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let server = value(env, "server-url")?;
    let (before, after) = server
        .split_once("localhost")
        .ok_or_else(|| Failure::invalid_setting("server-url", "is not at localhost"))?;
    let names = [
        "l\u{43e}calhost",
        "l%D0%BEcalhost",
        "xn--lcalhost-nbh",
        "localh\u{3bf}st",
        "loc\u{200d}alhost.evil",
        "localhost.evil",
    ];
    try_all(app, names.map(|name| format!("{before}{name}{after}")))
}
