//! Sends the same request again and again.

use bowline_guests::{description, server_url, value};
use bowline_target::{
    Application, DeployTarget, Deployment, Description, Environment, Failure, http,
};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![server_url()])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let _ = app;
        let url = value(env, "server-url")?;
        loop {
            let request = ::http::Request::get(&url)
                .body(Vec::new())
                .map_err(|error| Failure::Unexpected(error.to_string()))?;
            http::send(request)?;
        }
    }
}
