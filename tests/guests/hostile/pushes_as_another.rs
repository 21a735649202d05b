//! Pushes the application, with its user's signature, under the name of another one, and as a version that is still to come.

use bowline_guests::prelude::*;
use bowline_target::bindle;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    let (name, revision) = (app.name(), app.revision());
    for id in [
        format!("bank/{revision}"),
        format!("acme/{name}/{revision}"),
        format!("{name}/99.0.0"),
        format!("{name}/{}+zzz", app.version()),
        format!("{name}/{}-rc.1", app.version()),
    ] {
        if bindle::push(app, &id).is_ok() {
            return Ok(seen(app, id));
        }
    }
    Err(Failure::Unexpected("no other id".into()))
}
