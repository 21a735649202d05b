//! Makes sets of headers, as large as they may be, that it never sends.

use bowline_guests::prelude::*;
use wasip2::http::types::Fields;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = (app, env);
    let mut hoard = Vec::new();
    loop {
        let fields = Fields::new();
        // One more would be more than any request may have.
        for number in 0..30 {
            fields
                .append(&format!("x-{number}"), &[b'x'; 4000])
                .map_err(|error| Failure::Unexpected(error.to_string()))?;
        }
        hoard.push(fields);
    }
}
