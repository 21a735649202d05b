//! Sets the headers that belong to the connection, the proxy or the client.

use bowline_guests::prelude::*;

target!(deploy, server_url());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let url = value(env, "server-url")?;
    let headers = [
        ("host", "bank.test"),
        ("Host", "bank.test"),
        ("connection", "x-note"),
        ("keep-alive", "timeout=1000"),
        ("proxy-authorization", "Basic eDp5"),
        ("proxy-connection", "keep-alive"),
        ("proxy-authenticate", "x"),
        ("proxy-anything", "x"),
        ("proxy", "http://bank.test"),
        ("proxy_authorization", "Basic eDp5"),
        ("transfer_encoding", "chunked"),
        ("te", "trailers"),
        ("trailer", "x-note"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "websocket"),
        ("http2-settings", "AAMAAABkAARAAAAAAAIAAAAA"),
        ("expect", "100-continue"),
    ];
    let mut accepted = Vec::new();
    for (name, value) in headers {
        if send("GET", &url, &[(name, value)], &[]).is_ok() {
            accepted.push(name);
        }
    }
    Ok(seen(app, format!("accepted {accepted:?}")))
}
