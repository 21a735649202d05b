//! Tries the numbers of handles that it was never given.

#![expect(unsafe_code, reason = "making up handles is what this guest is for")]

use bowline_guests::prelude::*;

target!(deploy, server_url(), token());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    for number in [u32::MAX, 0, 1 << 20, 7, 8, 9] {
        // SAFETY: handles are numbers that the host checks; what it makes of a wrong one is the question.
        let other = unsafe { Environment::from_handle(number) };
        if number != env.handle() && other.setting("token").is_ok() {
            return Ok(seen(app, format!("environment {number}")));
        }
    }
    Err(Failure::Unexpected("no other environment".into()))
}
