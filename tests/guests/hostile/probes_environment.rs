//! Looks for environment variables.

use bowline_guests::prelude::*;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    let mut found: Vec<_> = std::env::vars().map(|(name, _)| name).collect();
    let known = ["HOME", "PATH", "USER", "HIPPO_PASSWORD", "BOWLINE_HOME"];
    found.extend(
        known
            .iter()
            .filter(|name| std::env::var(name).is_ok())
            .map(ToString::to_string),
    );
    let raw = wasip2::cli::environment::get_environment();
    found.extend(raw.into_iter().map(|(name, _)| name));
    Ok(seen(app, format!("found {found:?}")))
}
