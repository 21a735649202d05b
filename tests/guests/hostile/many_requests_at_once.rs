//! Sends requests without waiting for the answers to those before.

use bowline_guests::prelude::*;
use bowline_guests::raw::start;

target!(deploy, server_url());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = app;
    let url = value(env, "server-url")?;
    let mut waiting = Vec::new();
    for number in 0..200 {
        let (body, answer) = start("GET", &format!("{url}/{number}"), &[])?;
        wasip2::http::types::OutgoingBody::finish(body, None)
            .map_err(|error| Failure::Unexpected(error.to_string()))?;
        waiting.push(answer);
    }
    let all: Vec<_> = waiting.iter().map(|answer| answer.subscribe()).collect();
    let all: Vec<_> = all.iter().collect();
    wasip2::io::poll::poll(&all);
    Err(Failure::Unexpected("all of them were sent".into()))
}
