//! Asks for more random numbers than there is memory.

use bowline_guests::prelude::*;
use wasip2::random::random::get_random_bytes;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = (app, env);
    let bytes = get_random_bytes(1 << 30).len();
    Err(Failure::Unexpected(format!("got {bytes} bytes")))
}
