//! Describes itself with escape sequences.

use bowline_guests::prelude::*;

target!(deploy, text("a\u{1b}[31mb\n"));

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    Ok(seen(app, "1"))
}
