//! Writes into the bodies of requests that it never sends, as much as the host takes, and keeps all of them.

use bowline_guests::prelude::*;
use wasip2::http::types::{Fields, OutgoingRequest};

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = (app, env);
    let mut hoard = Vec::new();
    loop {
        let request = OutgoingRequest::new(Fields::new());
        let body = request.body().map_err(|()| gone())?;
        let stream = body.write().map_err(|()| gone())?;
        loop {
            let room = stream.check_write().map_err(|_| gone())?;
            if room == 0 {
                break;
            }
            let room = usize::try_from(room).unwrap_or(usize::MAX).min(1 << 20);
            stream.write(&vec![0; room]).map_err(|_| gone())?;
        }
        // What was written stays with the request.
        drop(stream);
        drop(body);
        hoard.push(request);
    }
}

fn gone() -> Failure {
    Failure::Unexpected("there is no body to write to".into())
}
