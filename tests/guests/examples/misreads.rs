//! Reads a setting that it has not declared.

use bowline_guests::{description, seen};
use bowline_target::{Application, DeployTarget, Deployment, Description, Environment, Failure};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let value = env.setting("hippo-token")?;
        Ok(seen(app, format!("{value:?}")))
    }
}
