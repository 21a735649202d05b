//! Keeps the host busy with calls that are quick by themselves.

use bowline_guests::prelude::*;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    loop {
        std::hint::black_box(app.components());
    }
}
