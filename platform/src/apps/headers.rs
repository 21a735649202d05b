//! What Spin tells a component about its request, and what it keeps from it.

use std::net::SocketAddr;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::{PathAndQuery, Scheme};
use http::{Uri, request};

use super::routes::Match;

/// Headers that concern one connection only (RFC 9110 section 7.6.1), and those of the time before
/// that section.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Headers that only the platform may set.
const OURS: &str = "spin-";

/// Host of a request that names none.
const DEFAULT_HOST: &str = "localhost";

/// The authority that the client asked.
pub fn authority(parts: &request::Parts) -> String {
    parts
        .uri
        .authority()
        .map(|authority| authority.as_str())
        .or_else(|| parts.headers.get(header::HOST)?.to_str().ok())
        .unwrap_or(DEFAULT_HOST)
        .to_owned()
}

/// Makes the head of a client's request the head of the component's: the URL becomes absolute,
/// connection headers and forged `spin-` headers go, Spin's own come.
///
/// # Errors
/// The host that the client named can't stand in a URL.
pub fn prepare(
    parts: &mut request::Parts,
    found: &Match<'_>,
    client: Option<SocketAddr>,
) -> Result<(), http::Error> {
    let authority = authority(parts);
    let path = parts
        .uri
        .path_and_query()
        .cloned()
        .unwrap_or_else(|| PathAndQuery::from_static("/"));
    parts.uri = Uri::builder()
        .scheme(Scheme::HTTP)
        .authority(authority.as_str())
        .path_and_query(path)
        .build()?;
    strip(&mut parts.headers);

    let full_url = parts.uri.to_string();
    set(&mut parts.headers, "spin-full-url", &full_url);
    set(&mut parts.headers, "spin-path-info", &found.path_info);
    set(&mut parts.headers, "spin-matched-route", found.based_route);
    set(&mut parts.headers, "spin-base-path", found.base);
    set(
        &mut parts.headers,
        "spin-raw-component-route",
        found.raw_route,
    );
    let prefix = found
        .raw_route
        .strip_suffix("/...")
        .unwrap_or(found.raw_route);
    set(&mut parts.headers, "spin-component-route", prefix);
    if let Some(client) = client {
        set(&mut parts.headers, "spin-client-addr", &client.to_string());
    }
    for (name, value) in &found.named {
        let name = format!("spin-path-match-{}", name.to_ascii_lowercase());
        set(&mut parts.headers, &name, value);
    }
    Ok(())
}

/// Removes what the client may not pass on.
fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let forged = headers
        .keys()
        .filter(|name| name.as_str().starts_with(OURS))
        .cloned();
    let gone: Vec<HeaderName> = HOP_BY_HOP.into_iter().chain(named).chain(forged).collect();
    for name in gone {
        headers.remove(name);
    }
}

/// A name or value that can't be a header (the manifest's routes allow more than headers do) is
/// left out.
fn set(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::routes::Routes;

    fn prepared(base: &str, route: &str, request: request::Builder) -> request::Parts {
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let routes = Routes::new(base, [(route, 0)]).unwrap();
        let path = parts.uri.path().to_owned();
        let found = routes.find(&path).unwrap();
        prepare(&mut parts, &found, "127.0.0.1:4711".parse().ok()).unwrap();
        parts
    }

    #[test]
    fn all_of_spins_headers_are_there() {
        let parts = prepared(
            "/",
            "/hello/:name/...",
            http::Request::get("/hello/ada/x/y?a=b").header("host", "app.localhost:5309"),
        );
        let mut headers: Vec<_> = parts
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        headers.sort();
        assert_eq!(
            headers,
            [
                "host: app.localhost:5309",
                "spin-base-path: /",
                "spin-client-addr: 127.0.0.1:4711",
                "spin-component-route: /hello/:name",
                "spin-full-url: http://app.localhost:5309/hello/ada/x/y?a=b",
                "spin-matched-route: /hello/:name/...",
                "spin-path-info: /x/y",
                "spin-path-match-name: ada",
                "spin-raw-component-route: /hello/:name/...",
            ]
        );
        assert_eq!(parts.uri, "http://app.localhost:5309/hello/ada/x/y?a=b");
    }

    #[test]
    fn the_base_is_part_of_the_matched_route_only() {
        let parts = prepared("/base", "/x", http::Request::get("/base/x"));
        assert_eq!(parts.headers["spin-base-path"], "/base");
        assert_eq!(parts.headers["spin-matched-route"], "/base/x");
        assert_eq!(parts.headers["spin-raw-component-route"], "/x");
        assert_eq!(parts.uri, "http://localhost/base/x");
    }

    #[test]
    fn forged_and_connection_headers_are_gone() {
        let parts = prepared(
            "/",
            "/...",
            http::Request::get("/")
                .header("spin-client-addr", "1.2.3.4:5")
                .header("Spin-Path-Match-User", "admin")
                .header("connection", "close, X-Hop")
                .header("x-hop", "1")
                .header("te", "trailers")
                .header("transfer-encoding", "chunked")
                .header("upgrade", "websocket")
                .header("x-kept", "1"),
        );
        assert_eq!(parts.headers["spin-client-addr"], "127.0.0.1:4711");
        assert_eq!(parts.headers["x-kept"], "1");
        for gone in [
            "spin-path-match-user",
            "connection",
            "x-hop",
            "te",
            "transfer-encoding",
            "upgrade",
        ] {
            assert!(!parts.headers.contains_key(gone), "{gone}");
        }
    }

    #[test]
    fn a_host_that_is_none_is_refused() {
        let (mut parts, ()) = http::Request::get("/")
            .header("host", "a b")
            .body(())
            .unwrap()
            .into_parts();
        let routes = Routes::new("/", [("/...", 0)]).unwrap();
        let found = routes.find("/").unwrap();
        assert!(prepare(&mut parts, &found, None).is_err());
    }
}
