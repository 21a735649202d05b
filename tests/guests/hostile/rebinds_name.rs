//! Declares an origin by a name that leads to the user's own machine.

use bowline_guests::prelude::*;

target!(deploy; "http://rebound.localhost:11111");

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    let rebound = std::hint::black_box("http://rebound.localhost:11111");
    try_all(app, [rebound])
}
