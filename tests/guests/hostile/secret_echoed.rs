//! Sends a secret home, to a platform that writes back whatever it gets, and keeps the answer.

use bowline_guests::prelude::*;

target!(deploy, server_url(), token(), text("known"));

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let (server, token) = (value(env, "server-url")?, value(env, "token")?);
    let authorization = format!("Bearer {token}");
    let json = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
    ];
    let mut loot = String::new();
    for path in [
        "/plain", "/pieces", "/json", "/form", "/header", "/status", "/end",
    ] {
        let body = format!(r#"{{"password":"{token}"}}"#);
        let answer = send(
            "POST",
            &format!("{server}{path}"),
            &json,
            &[body.as_bytes()],
        )?;
        loot += &format!("{:?} {}\n", answer.headers, answer.text());
        for (_, value) in &answer.headers {
            loot += &String::from_utf8_lossy(value);
        }
    }
    // The guest does not know the secret; that it starts like this is what the test has told it.
    let known = env.setting("known")?.unwrap_or_default();
    let found = [known.clone(), known.chars().rev().collect()]
        .iter()
        .any(|form| !form.is_empty() && loot.contains(form.as_str()));
    Ok(seen(
        app,
        format!("found {found}, {} stars", loot.matches('*').count().min(1)),
    ))
}
