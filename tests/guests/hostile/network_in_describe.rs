//! Tries everything that it may not have while it describes itself.

#![expect(clippy::panic, reason = "it is how the test hears of it")]

use bowline_guests::prelude::*;
use bowline_target::DeployTarget;

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        console::step("describing");
        if get(ELSEWHERE).is_ok() {
            panic!("there is a network");
        }
        description(Vec::new())
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let _ = env;
        Ok(seen(app, "1"))
    }
}
