//! Tries an origin that it was not granted, and goes on without it.

use bowline_guests::{description, seen, text, value};
use bowline_target::{
    Application, DeployTarget, Deployment, Description, Environment, Failure, http,
};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![text("url")])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let request = ::http::Request::get(value(env, "url")?)
            .body(Vec::new())
            .map_err(|error| Failure::Unexpected(error.to_string()))?;
        let outcome = http::send(request).map(|answer| answer.status().as_u16());
        Ok(seen(app, format!("{outcome:?}")))
    }
}
