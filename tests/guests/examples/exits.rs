//! Ends itself without an answer.

use bowline_guests::description;
use bowline_target::{Application, DeployTarget, Deployment, Description, Environment, Failure};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let _ = (app, env);
        std::process::exit(3)
    }
}
