//! Waits for the host without end.

use bowline_guests::prelude::*;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = (app, env);
    loop {
        std::thread::sleep(std::time::Duration::from_secs(3600));
    }
}
