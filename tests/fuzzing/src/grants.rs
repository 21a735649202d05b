//! What a target may reach.

use bowline_host::grant::{Grant, Reach};
use bowline_host::{Origin, Rule};
use url::Url;

/// Two rules, a line each, and then requests: a method, a blank, a URL.
///
/// A rule is read back from its text, and the `url` crate sees the origin and the path in it that the rule has. A request that is
/// allowed has the rule's origin, method and path. A rule that covers another allows all that the other one does.
///
/// # Panics
/// When that does not hold.
pub fn rule(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let mut lines = text.split('\n');
    let mut next = || {
        let rule: Option<Rule> = lines.next()?.parse().ok();
        rule
    };
    let (first, second) = (next(), next());
    for rule in [&first, &second].into_iter().flatten() {
        reads_back(rule);
    }
    let grant = |rule: &Rule| Grant::none().with_rule(rule.clone(), Reach::PublicOnly);
    for line in lines {
        let Some((method, url)) = line.split_once(' ') else {
            continue;
        };
        let Ok(url) = Url::parse(url) else { continue };
        let is_allowed = |rule: &Rule| grant(rule).check(method, &url).is_ok();
        for rule in [&first, &second].into_iter().flatten() {
            if is_allowed(rule) {
                is_within(rule, method, &url);
            }
        }
        if let (Some(first), Some(second)) = (&first, &second) {
            let (one, other) = (is_allowed(first), is_allowed(second));
            assert!(
                !(first.covers(second) && other && !one),
                "{first} covers {second}, not {line:?}"
            );
            assert!(
                !(second.covers(first) && one && !other),
                "{second} covers {first}, not {line:?}"
            );
        }
    }
}

fn reads_back(rule: &Rule) {
    let shown = rule.to_string();
    assert_eq!(shown.parse().as_ref(), Ok(rule), "{shown:?}");
    let json = serde_json::to_string(rule).expect("a rule can be written");
    assert_eq!(
        serde_json::from_str::<Rule>(&json).ok().as_ref(),
        Some(rule),
        "{json}"
    );
    assert!(shown.chars().all(|c| !c.is_control()), "{shown:?}");
    assert!(
        rule.covers(rule) && Rule::any(rule.origin().clone()).covers(rule),
        "{shown}"
    );

    let address = shown.rsplit(' ').next().unwrap_or(&shown);
    let url = Url::parse(address).expect("a rule ends with a URL");
    assert_eq!(Origin::of(&url).as_ref(), Ok(rule.origin()), "{shown}");
    assert_eq!(
        url.origin().ascii_serialization(),
        rule.origin().to_string(),
        "{shown}"
    );
    assert_eq!(url.path(), rule.path().unwrap_or("/"), "{shown}");
    assert_eq!(
        shown.split(' ').count(),
        1 + usize::from(rule.methods().is_some()),
        "{shown}"
    );
}

fn is_within(rule: &Rule, method: &str, url: &Url) {
    let origin = rule.origin();
    let shown = format!("{rule} for {method} {url}");
    assert_eq!(url.scheme(), origin.scheme(), "{shown}");
    assert_eq!(url.port_or_known_default(), Some(origin.port()), "{shown}");
    let host = url.host_str().unwrap_or("");
    assert_eq!(
        host.strip_suffix('.').unwrap_or(host),
        origin.host(),
        "{shown}"
    );
    assert!(
        url.username().is_empty() && url.password().is_none(),
        "{shown}"
    );
    let mut methods = rule.methods();
    assert!(
        methods
            .as_mut()
            .is_none_or(|methods| methods.any(|allowed| allowed == method)),
        "{shown}"
    );
    assert!(
        !["CONNECT", "TRACE"].contains(&method.to_ascii_uppercase().as_str()),
        "{shown}"
    );
    if let Some(prefix) = rule.path() {
        // However often it is decoded, it stays below.
        let mut path = url.path().as_bytes().to_vec();
        loop {
            let segments: Vec<&[u8]> = path.split(|byte| matches!(byte, b'/' | b'\\')).collect();
            assert!(
                segments
                    .iter()
                    .all(|segment| *segment != b".." && *segment != b"."),
                "{shown}"
            );
            let decoded = decode(&path);
            if decoded == path {
                break;
            }
            path = decoded;
        }
        assert!(url.path().starts_with(prefix), "{shown}");
        let rest = &url.path()[prefix.len()..];
        assert!(
            rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/'),
            "{shown}"
        );
    }
}

/// Percent-decoding, written once more.
fn decode(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = path;
    while let Some((first, after)) = rest.split_first() {
        let digits = after
            .get(..2)
            .filter(|two| two.iter().all(u8::is_ascii_hexdigit));
        let value = digits
            .filter(|_| *first == b'%')
            .and_then(|two| std::str::from_utf8(two).ok())
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        out.push(value.unwrap_or(*first));
        rest = if value.is_some() { &after[2..] } else { after };
    }
    out
}
