//! Breaks down while it logs in.

#![expect(clippy::panic, reason = "breaking down is what this guest is for")]

use bowline_guests::prelude::*;
use bowline_target::{Authentication, Credential};

target!(deploy);

bowline_target::export_authentication!(Guest);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = (app, env);
    Err(Failure::Unauthenticated("who are you?".into()))
}

impl Authentication for Guest {
    fn authenticate(env: &Environment) -> Result<Credential, Failure> {
        panic!("{}", env.name())
    }
}
