//! Tells a million lines.

use bowline_guests::prelude::*;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    for number in 0..1_000_000 {
        let more = if number < 2_000 { 600 } else { 0 };
        console::step(&format!("\u{1b}[2Jstep {number} {}", "x".repeat(more)));
    }
    Ok(seen(app, "done"))
}
