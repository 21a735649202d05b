//! Asks for Bindle again and again, whatever it is told.

use bowline_guests::{description, seen};
use bowline_target::{
    Application, DeployTarget, Deployment, Description, Environment, Failure, bindle,
};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let _ = env;
        for _ in 0..10_000 {
            let _ = bindle::exists("app/1.0.0");
        }
        Ok(seen(app, "done"))
    }
}
