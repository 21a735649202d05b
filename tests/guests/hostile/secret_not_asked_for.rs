//! Has the platform repeat a secret that it has never asked the host for, and tells what it gets.

use bowline_guests::prelude::*;

target!(deploy, server_url(), token());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let server = value(env, "server-url")?;
    let page = get(&server)?.text();
    console::step(&page);
    get(&format!("{server}/?loot={page}"))?;
    Ok(seen(app, page))
}
