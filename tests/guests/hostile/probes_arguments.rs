//! Looks at the command line, on which there may be a password.

use bowline_guests::prelude::*;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    let mut found: Vec<_> = std::env::args().collect();
    found.extend(wasip2::cli::environment::get_arguments());
    found.extend(wasip2::cli::environment::initial_cwd());
    Ok(seen(app, format!("found {found:?}")))
}
