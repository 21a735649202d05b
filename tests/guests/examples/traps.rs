//! Writes to stderr and breaks down.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    reason = "writing and breaking down is what this guest is for"
)]

use bowline_guests::description;
use bowline_target::{Application, DeployTarget, Deployment, Description, Environment, Failure};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let _ = app;
        println!("before the fall");
        eprintln!("\u{1b}]0;owned\u{7}about to fall");
        let url = env
            .setting("no-such-setting")
            .expect("the guest's own words");
        Err(Failure::Unexpected(format!("{url:?}")))
    }
}
