//! Sends bodies to a server that answers at once and reads none of them, to leave the host with all that it could not get rid of.

use bowline_guests::prelude::*;
use bowline_guests::raw::by_contract;

target!(deploy, server_url());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let url = value(env, "server-url")?;
    let body = vec![b'x'; 12 << 20];
    for _ in 0..100 {
        by_contract("POST", &url, &[], &[&body])?;
    }
    Ok(seen(app, "all of them were sent"))
}
