//! Asks for Bindle again and again, whatever it is told.

use bowline_guests::prelude::*;
use bowline_target::bindle;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    for _ in 0..10_000 {
        let _ = bindle::exists("app/1.0.0");
    }
    Ok(seen(app, "done"))
}
