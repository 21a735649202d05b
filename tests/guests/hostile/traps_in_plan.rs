//! Breaks down while it plans.

#![expect(clippy::panic, reason = "breaking down is what this guest is for")]

use bowline_guests::prelude::*;
use bowline_target::{ChangeSet, Planning};

target!(deploy);

bowline_target::export_planning!(Guest);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    Ok(seen(app, "1"))
}

impl Planning for Guest {
    fn plan(app: &Application, env: &Environment) -> Result<ChangeSet, Failure> {
        panic!("{} {}", env.name(), app.name())
    }
}
