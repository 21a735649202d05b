//! Declares two thousand settings.

use bowline_guests::prelude::*;
use bowline_target::DeployTarget;

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(
            (0..2_000)
                .map(|number| text(&format!("setting-{number}")))
                .collect(),
        )
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let _ = env;
        Ok(seen(app, "1"))
    }
}
