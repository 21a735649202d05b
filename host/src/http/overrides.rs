//! Headers by which some servers take a request for another one than it looks like.

/// They stand for another method.
pub(super) const METHOD: [&str; 3] = [
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// They stand for another path.
pub(super) const PATH: [&str; 2] = ["x-original-url", "x-rewrite-url"];
