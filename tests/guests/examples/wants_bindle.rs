//! Uses Bindle.

use bowline_guests::description;
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
        let _ = (app, env);
        let held = bindle::exists("app/1.0.0")?;
        Err(Failure::Unexpected(format!("the server holds it: {held}")))
    }
}
