//! Hands the host a message larger than any call may be.

use bowline_guests::description;
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
        let _ = (app, env);
        console::step(&"x".repeat(64 << 20));
        Err(Failure::Unexpected("that was not too much".into()))
    }
}
