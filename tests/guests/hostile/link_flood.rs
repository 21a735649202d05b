//! Shows a thousand links, each as long as it may be.

use bowline_guests::prelude::*;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    let url = format!("{:x<2000}", "https://a.test/");
    for number in 0..1_000 {
        console::link(&format!("link {number}"), &url);
    }
    Ok(seen(app, "done"))
}
