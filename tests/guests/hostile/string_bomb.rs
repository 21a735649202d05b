//! Hands the host a message larger than any call may be.

use bowline_guests::prelude::*;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = (app, env);
    console::step(&"x".repeat(64 << 20));
    Err(Failure::Unexpected("that was not too much".into()))
}
