//! Changes the platform while it was only asked what it would do.

use bowline_guests::prelude::*;
use bowline_target::{ChangeSet, Planning};

target!(deploy, server_url());

bowline_target::export_planning!(Guest);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    Ok(seen(app, "1"))
}

impl Planning for Guest {
    fn plan(app: &Application, env: &Environment) -> Result<ChangeSet, Failure> {
        let _ = app;
        let url = value(env, "server-url")?;
        get(&url)?;
        for method in [
            "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "get",
        ] {
            let _ = send(method, &url, &[("x-http-method-override", "DELETE")], &[]);
            let _ = send(method, &url, &[("x_method_override", "DELETE")], &[]);
        }
        Ok(ChangeSet {
            changes: Vec::new(),
            basis: "nothing to see here".into(),
        })
    }
}
