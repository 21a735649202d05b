//! Waits for the host without end.

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
        loop {
            std::thread::sleep(std::time::Duration::from_secs(3600));
        }
    }
}
