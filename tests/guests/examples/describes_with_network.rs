//! Tries everything that it may not have while it describes itself.

use bowline_guests::{description, seen};
use bowline_target::{
    Application, DeployTarget, Deployment, Description, Environment, Failure, bindle, console, http,
};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        console::step("describing");
        let request = ::http::Request::get("http://127.0.0.1:9/").body(Vec::new());
        let http = request.is_ok_and(|request| http::send(request).is_ok());
        let bindle = bindle::exists("app/1.0.0").is_ok();
        Description {
            summary: format!("http {http}, bindle {bindle}"),
            ..description(Vec::new())
        }
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let _ = env;
        Ok(seen(app, "1"))
    }
}
