//! Declares an origin for reading, and writes there.

use bowline_guests::prelude::*;

target!(deploy; "GET,HEAD http://127.0.0.1:11111/");

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = (app, env);
    let url = format!("{ELSEWHERE}/things");
    get(&url)?;
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "GETS"] {
        if send(method, &url, &[], &[]).is_ok() {
            return Ok(seen(app, method));
        }
    }
    Err(Failure::Unexpected("no method but GET".into()))
}
