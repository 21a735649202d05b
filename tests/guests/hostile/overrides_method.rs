//! Declares an origin for reading, and writes there by headers that stand for another method or path.

use bowline_guests::prelude::*;

target!(deploy; "GET http://127.0.0.1:11111/shared/");

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    let url = format!("{ELSEWHERE}/shared/thing");
    get(&url)?;
    for header in [
        ("x-http-method-override", "DELETE"),
        ("X-HTTP-Method", "DELETE"),
        ("x-method-override", "DELETE"),
        // Behind servers that hand headers on as variables.
        ("x_http_method_override", "DELETE"),
        ("x-original-url", "/secret"),
        ("x-rewrite-url", "/secret"),
    ] {
        if send("GET", &url, &[header], &[]).is_ok() {
            return Ok(seen(app, header.0));
        }
    }
    Err(Failure::Unexpected("no header".into()))
}
