//! Returns an answer larger than any call may be.

use bowline_guests::prelude::*;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    Ok(seen(app, "x".repeat(64 << 20)))
}
