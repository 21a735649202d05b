//! Sends the content of each component from where it lies, after it has read some of it.

use bowline_guests::{description, seen, server_url, text, value};
use bowline_target::{
    Application, DeployTarget, Deployment, Description, Environment, Failure, http,
};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![server_url(), text("read-before")])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let url = value(env, "server-url")?;
        let read: u32 = value(env, "read-before")?
            .parse()
            .map_err(|_| Failure::invalid_setting("read-before", "is no number"))?;
        let mut answers = Vec::new();
        for component in app.components() {
            let content = app.open(&component.source.sha256)?;
            if read > 0 {
                content.read(read)?;
            }
            let request = ::http::Request::put(&url)
                .body(content)
                .map_err(|error| Failure::Unexpected(error.to_string()))?;
            let answer = http::send_content(request)?;
            answers.push(String::from_utf8_lossy(answer.body()).into_owned());
        }
        Ok(seen(app, answers.join(" ")))
    }
}
