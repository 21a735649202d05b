//! Says that the application answers at somebody else's host, so that bowline asks there.

use bowline_guests::prelude::*;
use bowline_target::Readiness;

target!(deploy, text("victim"));

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    Ok(Deployment {
        url: Some(value(env, "victim")?),
        ready_when: Some(Readiness {
            path: "/latest/meta-data/?delete=all".into(),
            expected: None,
        }),
        ..seen(app, "1")
    })
}
