//! Paths that can be judged by their beginning.
//!
//! A rule with a path is only worth something if the server takes the path for the same one. Servers, and proxies before them,
//! differ in what they decode, how often, and what they make of empty segments and of `;`. A path that any of them could take
//! for one outside the prefix is not judged but refused.

use std::borrow::Cow;

use percent_encoding::percent_decode;

/// How often a path is decoded at most. Whoever needs more than two is up to something.
const ROUNDS: usize = 4;

/// Whether `path` is `prefix` or below it.
pub(super) fn is_below(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/'))
}

/// Whether every program takes this path for the same one: decoded however often, it has the same segments, none of which
/// is empty (but the last) or leads upwards, and is UTF-8 without control characters.
pub(super) fn is_plain(path: &str) -> bool {
    let mut seen = Cow::Borrowed(path.as_bytes());
    let segments = count(&seen);
    for _ in 0..ROUNDS {
        let is_text = std::str::from_utf8(&seen).is_ok();
        if !is_text || count(&seen) != segments || !has_plain_segments(&seen) {
            return false;
        }
        let decoded: Vec<u8> = percent_decode(&seen).collect();
        if decoded == *seen {
            return true;
        }
        seen = Cow::Owned(decoded);
    }
    false
}

fn count(path: &[u8]) -> usize {
    path.iter().filter(|byte| **byte == b'/').count()
}

fn has_plain_segments(path: &[u8]) -> bool {
    let Some(rest) = path.strip_prefix(b"/") else {
        return false;
    };
    let last = count(rest);
    rest.split(|byte| *byte == b'/')
        .enumerate()
        .all(|(index, segment)| {
            // Some servers cut parameters off before they look for dots: `..;x` leads upwards there.
            let name = segment
                .split(|byte| *byte == b';')
                .next()
                .unwrap_or(segment);
            let is_end = index == last && segment.is_empty();
            let leads_nowhere = !name.is_empty() && name != b"." && name != b"..";
            let has_strange = segment
                .iter()
                .any(|byte| *byte == b'\\' || byte.is_ascii_control());
            (is_end || leads_nowhere) && !has_strange
        })
}
