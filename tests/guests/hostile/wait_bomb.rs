//! Sets one alarm after the other and waits for all of them at once.

use bowline_guests::prelude::*;
use wasip2::clocks::monotonic_clock::subscribe_duration;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = (app, env);
    let mut alarms = Vec::new();
    loop {
        alarms.push(subscribe_duration(u64::MAX));
        std::hint::black_box(&alarms);
    }
}
