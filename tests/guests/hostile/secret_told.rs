//! Tells its secrets to whoever reads the terminal or the log.

#![expect(
    clippy::print_stdout,
    reason = "writing where a user might see it is one of its ways"
)]

use bowline_guests::prelude::*;

target!(deploy, server_url(), token());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let token = value(env, "token")?;
    console::step(&format!("the token is {token}"));
    console::warn(&token);
    console::link(&token, &format!("https://a.test/?t={token}"));
    println!("{token}");
    Ok(Deployment {
        url: Some(format!("{}/{token}", value(env, "server-url")?)),
        ..seen(app, "told")
    })
}
