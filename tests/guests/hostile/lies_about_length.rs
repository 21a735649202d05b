//! Announces a shorter body than it sends, so that the rest looks like the next request.

use bowline_guests::prelude::*;

target!(deploy, server_url());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let url = value(env, "server-url")?;
    let body = b"abcGET /smuggled HTTP/1.1\r\nhost: bank.test\r\n\r\n";
    let mut accepted = Vec::new();
    for length in ["3", "0", "+3", "3, 48", "0x3", "-1", "99999999999999999999"] {
        if send("POST", &url, &[("content-length", length)], &[body]).is_ok() {
            accepted.push(length);
        }
    }
    let twice = [("content-length", "3"), ("content-length", "48")];
    if send("POST", &url, &twice, &[body]).is_ok() {
        accepted.push("twice");
    }
    Ok(seen(app, format!("accepted {accepted:?}")))
}
