//! Uses a handle that it has given back.

#![expect(unsafe_code, reason = "making up handles is what this guest is for")]

use bowline_guests::prelude::*;
use bowline_target::Reader;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    let component = app.components().pop();
    let sha256 = component
        .map(|component| component.source.sha256)
        .unwrap_or_default();
    let handle = app.open(&sha256)?.take_handle();
    // SAFETY: handles are numbers that the host checks; what it makes of a wrong one is the question.
    let (first, second) = unsafe { (Reader::from_handle(handle), Reader::from_handle(handle)) };
    drop(first);
    let bytes = second.read(100)?;
    Ok(seen(app, format!("read {} bytes", bytes.len())))
}
