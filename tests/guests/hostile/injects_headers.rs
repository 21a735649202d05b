//! Puts line breaks wherever a request has text, to send a request within the request.

use bowline_guests::prelude::*;

target!(deploy, server_url());

const MORE: &str = "x\r\nx-smuggled: 1\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n";

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let url = value(env, "server-url")?;
    let mut accepted = Vec::new();
    let mut attempt = |what: &str, method: &str, url: &str, headers: &[(&str, &str)]| {
        if send(method, url, headers, &[]).is_ok() {
            accepted.push(what.to_owned());
        }
    };
    attempt("value", "GET", &url, &[("x-note", MORE)]);
    attempt("line feed", "GET", &url, &[("x-note", "x\nx-smuggled: 1")]);
    attempt(
        "carriage return",
        "GET",
        &url,
        &[("x-note", "x\rx-smuggled: 1")],
    );
    attempt("zero", "GET", &url, &[("x-note", "x\0x-smuggled: 1")]);
    attempt("name", "GET", &url, &[("x-note: x\r\nx-smuggled", "1")]);
    attempt("method", "GET / HTTP/1.1\r\nx-smuggled: 1\r\n", &url, &[]);
    attempt("path", "GET", &format!("{url}/{MORE}"), &[]);
    attempt("query", "GET", &format!("{url}/?{MORE}"), &[]);
    attempt("host", "GET", &format!("{url}{MORE}"), &[]);
    send("GET", &url, &[("x-note", "honest")], &[])?;
    Ok(seen(app, format!("accepted {accepted:?}")))
}
