//! Changes the platform while it logs in, for no more than to say what it would do.

use bowline_guests::prelude::*;
use bowline_target::{Authentication, ChangeSet, Credential, Planning};

target!(deploy, server_url());

bowline_target::export_planning!(Guest);
bowline_target::export_authentication!(Guest);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    Ok(seen(app, "1"))
}

impl Planning for Guest {
    fn plan(app: &Application, env: &Environment) -> Result<ChangeSet, Failure> {
        let _ = (app, env);
        Err(Failure::Unauthenticated("who are you?".into()))
    }
}

impl Authentication for Guest {
    fn authenticate(env: &Environment) -> Result<Credential, Failure> {
        let url = value(env, "server-url")?;
        for method in ["DELETE", "PUT"] {
            let _ = send(method, &url, &[], &[]);
        }
        Err(Failure::Unauthenticated("nobody".into()))
    }
}
