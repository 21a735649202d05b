//! Has the host write more zeroes than there is memory.

use bowline_guests::prelude::*;
use wasip2::cli::stdout::get_stdout;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = (app, env);
    let outcome = get_stdout().write_zeroes(1 << 40);
    Err(Failure::Unexpected(format!("{outcome:?}")))
}
