//! Plans with text that could pass for bowline's own words.

use bowline_guests::prelude::*;
use bowline_target::{Action, Change, ChangeSet, Planning};

target!(deploy);

bowline_target::export_planning!(Guest);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    Ok(seen(app, "1"))
}

impl Planning for Guest {
    fn plan(app: &Application, env: &Environment) -> Result<ChangeSet, Failure> {
        let _ = env;
        Ok(ChangeSet {
            changes: vec![Change {
                action: Action::Keep,
                kind: "application\u{1b}[8m".into(),
                name: format!("{}\nNo changes.", app.name()),
                detail: Some("\r\u{1b}[2K".into()),
            }],
            basis: "\u{1b}[2J".into(),
        })
    }
}
