//! Writes into the bodies of requests that it never sends, as much as the host takes, and keeps all of them.

use bowline_guests::{description, text, value};
use bowline_target::{Application, DeployTarget, Deployment, Description, Environment, Failure};
use wasip2::http::types::{Fields, OutgoingRequest};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![text("requests")])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let _ = app;
        let count = value(env, "requests")?
            .parse()
            .map_err(|_| Failure::invalid_setting("requests", "is no number"))?;
        let mut hoard = Vec::new();
        let mut written = 0;
        for _ in 0..count {
            let request = OutgoingRequest::new(Fields::new());
            let body = request.body().map_err(|()| gone())?;
            let stream = body.write().map_err(|()| gone())?;
            loop {
                let room = stream.check_write().map_err(|_| gone())?;
                if room == 0 {
                    break;
                }
                let room = usize::try_from(room).unwrap_or(usize::MAX).min(4 << 20);
                stream.write(&vec![0; room]).map_err(|_| gone())?;
                written += room;
            }
            // What was written stays with the request.
            drop(stream);
            drop(body);
            hoard.push(request);
        }
        Err(Failure::Unexpected(written.to_string()))
    }
}

fn gone() -> Failure {
    Failure::Unexpected("there is no body to write to".into())
}
