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
    METHOD.into_iter().find(|name| headers.contains_key(*name))
}

/// The header that stands for another method or path, if one does.
pub(super) fn method_or_path(headers: &HeaderMap) -> Option<&'static str> {
    let path = || PATH.into_iter().find(|name| headers.contains_key(*name));
    method(headers).or_else(path)
}
