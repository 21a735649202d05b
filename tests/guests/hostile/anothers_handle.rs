//! Passes a handle of one kind for one of another.

#![expect(unsafe_code, reason = "making up handles is what this guest is for")]

use bowline_guests::prelude::*;
use bowline_target::Reader;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    // SAFETY: handles are numbers that the host checks; what it makes of a wrong one is the question.
    let reader = unsafe { Reader::from_handle(env.handle()) };
    let bytes = reader.read(100)?;
    Ok(seen(app, format!("read {} bytes", bytes.len())))
}
