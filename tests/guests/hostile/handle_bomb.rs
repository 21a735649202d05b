//! Opens one reader after the other and keeps all of them.

use bowline_guests::prelude::*;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    let component = app.components().pop();
    let sha256 = component
        .map(|component| component.source.sha256)
        .unwrap_or_default();
    let mut readers = Vec::new();
    loop {
        readers.push(app.open(&sha256)?);
    }
}
