//! The smallest target: it only deploys.

use bowline_target::{
    Application, DeployTarget, Deployment, Description, Environment, Failure, Setting, SettingKind,
    console, http,
};

struct Minimal;

bowline_target::export_deploy_target!(Minimal);

impl DeployTarget for Minimal {
    fn describe() -> Description {
        Description {
            name: "minimal".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: "Tells a server which revision to run".into(),
            homepage: None,
            settings: vec![Setting {
                variable: Some("MINIMAL_URL".into()),
                required: true,
                grants_network: true,
                ..Setting::new("minimal-url", "URL of the server", SettingKind::Url)
            }],
            network: Vec::new(),
            triggers: vec!["http".into()],
        }
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let Some(url) = env.setting("minimal-url")? else {
            return Err(Failure::invalid_setting("minimal-url", "is missing"));
        };
        let (application, revision) = (app.name(), app.revision());
        console::step(&format!("Asking for revision {revision}"));
        let request = ::http::Request::put(format!("{url}/revision"))
            .body(revision.clone().into_bytes())
            .map_err(|error| Failure::invalid_setting("minimal-url", error.to_string()))?;
        let answer = http::send(request)?;
        if !answer.status().is_success() {
            return Err(Failure::Unexpected(format!(
                "the server answered {}",
                answer.status()
            )));
        }
        Ok(Deployment {
            id: application.clone(),
            application,
            revision,
            url: Some(url),
            ready_when: None,
        })
    }
}
