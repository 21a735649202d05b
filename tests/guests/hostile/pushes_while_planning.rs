//! Pushes the application while it was only asked what it would do.

use bowline_guests::prelude::*;
use bowline_target::{ChangeSet, Planning, bindle};

target!(deploy);

bowline_target::export_planning!(Guest);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    Ok(seen(app, "1"))
}

impl Planning for Guest {
    fn plan(app: &Application, env: &Environment) -> Result<ChangeSet, Failure> {
        let _ = env;
        let id = format!("{}/{}", app.name(), app.revision());
        let receipt = bindle::push(app, &id)?;
        Ok(ChangeSet {
            changes: Vec::new(),
            basis: receipt.id,
        })
    }
}
