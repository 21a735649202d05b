//! Headers by which some servers take a request for another one than it looks like.

use http::HeaderMap;

/// They stand for another method.
const METHOD: [&str; 3] = [
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// They stand for another path.
const PATH: [&str; 2] = ["x-original-url", "x-rewrite-url"];

/// The header that stands for another method, if one does.
pub(crate) fn method(headers: &HeaderMap) -> Option<&'static str> {
    among(headers, &METHOD)
}

/// The header that stands for another method or path, if one does.
pub(super) fn method_or_path(headers: &HeaderMap) -> Option<&'static str> {
    method(headers).or_else(|| among(headers, &PATH))
}

fn among(headers: &HeaderMap, names: &[&'static str]) -> Option<&'static str> {
    let mut given = headers.keys();
    given.find_map(|given| {
        names
            .iter()
            .copied()
            .find(|name| is_same(given.as_str(), name))
    })
}

/// Whether this is how servers read the name: to those that hand headers on as variables (RFC 3875, section 4.1.18), `_` is `-`.
pub(super) fn is_same(given: &str, name: &str) -> bool {
    let plain = |byte| if byte == b'_' { b'-' } else { byte };
    given.len() == name.len() && given.bytes().map(plain).eq(name.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_as_servers_read_it() {
        let of = |name: &'static str| {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), "x".parse().unwrap())]);
            (method(&headers), method_or_path(&headers))
        };
        let same = Some("x-http-method-override");
        for name in [
            "X-HTTP-Method-Override",
            "x_http_method_override",
            "x-http_method-override",
        ] {
            assert_eq!(of(name), (same, same), "{name}");
        }
        assert_eq!(of("x_rewrite_url"), (None, Some("x-rewrite-url")));
        for name in ["x-http-methods", "http-method", "accept"] {
            assert_eq!(of(name), (None, None), "{name}");
        }
    }
}
