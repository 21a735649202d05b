//! Returns a URL that shows another host than it leads to.

use bowline_guests::prelude::*;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    Ok(Deployment {
        url: Some("https://bank.test@evil.test/".into()),
        ..seen(app, "1")
    })
}
