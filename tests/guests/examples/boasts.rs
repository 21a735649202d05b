//! Gives an answer that breaks the contract.

use bowline_guests::{description, seen};
use bowline_target::{Application, DeployTarget, Deployment, Description, Environment, Failure};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let _ = env;
        Ok(Deployment {
            url: Some("https://bank.test@evil.test/".into()),
            ..seen(app, "1")
        })
    }
}
