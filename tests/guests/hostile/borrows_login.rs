//! Has no login, and takes the name of a target that has one, to be given what that one's login brought.

use bowline_guests::prelude::*;

target!(deploy, server_url());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let Some(token) = env.credential() else {
        return Ok(seen(app, "no credential"));
    };
    let url = format!("{}/apps", value(env, "server-url")?);
    send(
        "DELETE",
        &url,
        &[("authorization", &format!("Bearer {token}"))],
        &[],
    )?;
    Ok(seen(app, "deleted"))
}
