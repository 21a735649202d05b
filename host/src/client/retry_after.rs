//! When a server asks for patience.

use std::time::{Duration, SystemTime};

use http::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// How long the server asks to wait before the next request (RFC 9110, section 10.2.3): in seconds, or until a time. That time is by
/// the server's clock, so it is compared with the time that the answer says it was sent at, where it says so. `None` where the header is
/// missing or makes no sense. Nobody has to wait that long: it is for the caller to bound.
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let now = time(headers, &DATE).unwrap_or_else(SystemTime::now);
    Some(until.duration_since(now).unwrap_or_default())
}

fn time(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(headers: &[(&'static str, &str)]) -> Option<u64> {
        let map = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        retry_after(&map).map(|pause| pause.as_secs())
    }

    #[test]
    fn seconds_and_times() {
        assert_eq!(asked(&[]), None);
        assert_eq!(asked(&[("retry-after", "7")]), Some(7));
        assert_eq!(asked(&[("retry-after", " 0 ")]), Some(0));
        for nonsense in ["", "-1", "1.5", "soon", "99999999999999999999999"] {
            assert_eq!(asked(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
        // Whatever this machine's clock says.
        let sent = ("date", "Wed, 21 Oct 2015 07:28:00 GMT");
        let later = ("retry-after", "Wed, 21 Oct 2015 07:28:30 GMT");
        assert_eq!(asked(&[sent, later]), Some(30));
        let earlier = ("retry-after", "Wed, 21 Oct 2015 07:27:00 GMT");
        assert_eq!(asked(&[sent, earlier]), Some(0));
        assert_eq!(asked(&[later]), Some(0), "it is long past");
    }
}
