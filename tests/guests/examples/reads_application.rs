//! Tells all that it can learn about the application.

use bowline_guests::description;
use bowline_target::{Application, DeployTarget, Deployment, Description, Environment, Failure};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let _ = env;
        let mut lines = vec![
            format!("{} {} {}", app.name(), app.version(), app.digest()),
            format!("{:?} {:?}", app.description(), app.authors()),
        ];
        for component in app.components() {
            let files: Vec<_> = component
                .files
                .iter()
                .map(|file| file.path.clone())
                .collect();
            lines.push(format!(
                "component {} {} {files:?}",
                component.id, component.source.size
            ));
        }
        for trigger in app.triggers() {
            lines.push(format!(
                "trigger {} {} {:?}",
                trigger.kind, trigger.component, trigger.route
            ));
        }
        for variable in app.variables() {
            lines.push(format!(
                "variable {} {:?}",
                variable.name, variable.default_value
            ));
        }
        match app.open(&"0".repeat(64)) {
            Err(Failure::NotFound(_)) => lines.push("no such content".into()),
            other => return Err(Failure::Unexpected(format!("{:?}", other.map(|_| ())))),
        }
        match app.open("../../etc/passwd") {
            Err(Failure::NotFound(_)) => lines.push("no such digest".into()),
            other => return Err(Failure::Unexpected(format!("{:?}", other.map(|_| ())))),
        }
        Err(Failure::UnsupportedApplication(lines.join("\n")))
    }
}
