//! Sends one request as it is told, and tells what came of it.

use bowline_guests::{description, raw, seen, server_url, text, value};
use bowline_target::{
    Application, DeployTarget, Deployment, Description, Environment, Failure, http,
};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![
            server_url(),
            text("method"),
            text("url"),
            text("headers"),
            text("by"),
        ])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        if env.setting("by")?.as_deref() == Some("wasi:http") {
            let (method, url) = (value(env, "method")?, value(env, "url")?);
            let answer = raw::by_wasi(&method, &url, &[], &[])?;
            return Ok(seen(app, answer.body.len().to_string()));
        }
        let mut request = ::http::Request::builder()
            .method(value(env, "method")?.as_str())
            .uri(value(env, "url")?);
        for line in env.setting("headers")?.unwrap_or_default().lines() {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            request = request.header(name, value);
        }
        let request = request
            .body(Vec::new())
            .map_err(|error| Failure::Unexpected(error.to_string()))?;
        let answer = http::send(request)?;
        let location = answer
            .headers()
            .get("location")
            .map(|value| String::from_utf8_lossy(value.as_bytes()));
        Ok(seen(
            app,
            format!(
                "{} {} {location:?}",
                answer.status().as_u16(),
                answer.body().len()
            ),
        ))
    }
}
