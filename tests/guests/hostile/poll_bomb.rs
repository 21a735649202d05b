//! Waits for the same thing a million times at once.

use bowline_guests::prelude::*;
use wasip2::clocks::monotonic_clock::subscribe_duration;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = (app, env);
    let alarm = subscribe_duration(0);
    let many: Vec<_> = std::iter::repeat_n(&alarm, 8 << 20).collect();
    let ready = wasip2::io::poll::poll(&many).len();
    Err(Failure::Unexpected(format!("{ready} are ready")))
}
