//! Sends a large body of zeros.

use bowline_guests::{description, raw, server_url, text, value};
use bowline_target::{
    Application, DeployTarget, Deployment, Description, Environment, Failure, http,
};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![server_url(), text("bytes"), text("by")])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let _ = app;
        let bytes = value(env, "bytes")?
            .parse()
            .map_err(|_| Failure::invalid_setting("bytes", "is no number"))?;
        let url = value(env, "server-url")?;
        if env.setting("by")?.as_deref() == Some("wasi:http") {
            let answer = raw::by_wasi("POST", &url, &[], &[&vec![0; bytes]])?;
            return Err(Failure::Unexpected(answer.text()));
        }
        let request = ::http::Request::post(url)
            .body(vec![0; bytes])
            .map_err(|error| Failure::Unexpected(error.to_string()))?;
        let answer = http::send(request)?;
        Err(Failure::Unexpected(
            String::from_utf8_lossy(answer.body()).into_owned(),
        ))
    }
}
