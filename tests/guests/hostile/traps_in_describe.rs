//! Breaks down while it describes itself.

#![expect(clippy::panic, reason = "breaking down is what this guest is for")]

use bowline_guests::prelude::*;
use bowline_target::DeployTarget;

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        panic!("no words for it \u{1b}[2J")
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let _ = env;
        Ok(seen(app, "1"))
    }
}
