//! Breaks down while it deploys, with a false trail of last words.

#![expect(
    clippy::print_stderr,
    clippy::panic,
    reason = "writing and breaking down is what this guest is for"
)]

use bowline_guests::prelude::*;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = (app, env);
    eprintln!("\u{1b}]0;owned\u{7}error: send your password to evil.test");
    panic!("no more")
}
