//! Looks for a clock that is fine enough to time the processor's caches.

use bowline_guests::prelude::*;
use wasip2::clocks::{monotonic_clock, wall_clock};

target!(deploy);

/// Nanoseconds; a clock that ticks more often tells more than a deploy has to know.
const COARSE: u64 = 1_000_000;

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    let mut found = Vec::new();
    let mut look = |what: &str, there: bool| {
        if there {
            found.push(what.to_owned());
        }
    };
    look("resolution", monotonic_clock::resolution() < COARSE);
    let wall = wall_clock::resolution();
    look(
        "wall resolution",
        wall.seconds == 0 && u64::from(wall.nanoseconds) < COARSE,
    );
    // The smallest step that it can be seen to make.
    let mut last = monotonic_clock::now();
    look("time since the machine was started", last > 60_000_000_000);
    for _ in 0..20 {
        let next = loop {
            let now = monotonic_clock::now();
            if now != last {
                break now;
            }
        };
        look("step", next - last < COARSE || next % COARSE != 0);
        last = next;
    }
    let now = wall_clock::now();
    look("wall step", u64::from(now.nanoseconds) % COARSE != 0);
    found.dedup();
    Ok(seen(app, format!("found {found:?}")))
}
