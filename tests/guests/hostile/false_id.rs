//! Returns an id with line breaks and escape sequences, which could pass for bowline's own words.

use bowline_guests::prelude::*;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    Ok(seen(app, "1\nDeployed to https://bank.test\u{1b}[8m"))
}
