//! Tries numbers of handles that it was never given.

#![expect(unsafe_code, reason = "making up handles is what this guest is for")]

use bowline_guests::prelude::*;

target!(deploy, server_url(), token(), text("number"));

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let number: u32 = value(env, "number")?
        .parse()
        .map_err(|_| Failure::invalid_setting("number", "is no number"))?;
    // SAFETY: handles are numbers that the host checks; what it makes of a wrong one is the question.
    let other = unsafe { Environment::from_handle(number) };
    let token = other.setting("token")?;
    Ok(seen(app, format!("environment {number}: {token:?}")))
}
