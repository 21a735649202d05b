//! Talks without end, on every channel.

#![expect(
    clippy::print_stdout,
    reason = "what a guest writes to them is what the test looks at"
)]

use bowline_guests::{description, seen};
use bowline_target::{
    Application, DeployTarget, Deployment, Description, Environment, Failure, console,
};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let _ = env;
        for number in 0..5_000 {
            console::step(&format!("\u{1b}[2Jstep {number} {}", "x".repeat(2_000)));
            println!("line {number} \u{1b}[31m{}", "y".repeat(200));
        }
        Ok(seen(app, "done"))
    }
}
