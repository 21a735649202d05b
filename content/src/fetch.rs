//! Gets content from web servers: bounded, hashed as it comes, straight into the cache.

use std::path::PathBuf;

use bowline_app::Digest;
use bowline_host::text;
use bowline_host::{HttpClient, Origin, TransportError};
use url::{Host, Url};

use crate::cache::Cache;
use crate::error::ContentError;
use crate::{MAX_SIZE, Watch};

/// Redirects that are followed. Release pages need one or two.
const REDIRECTS: usize = 5;

/// Bytes of an answer that says why not.
const EXPLANATION: usize = 300;

/// Gets the content at `url`, unless the cache has it. Redirects are followed within one origin, or to an `https` URL elsewhere.
///
/// # Errors
/// When it can't be had, has more than [`MAX_SIZE`] bytes, or another digest than `expected`.
pub(crate) async fn fetch(
    http: &HttpClient,
    cache: &Cache,
    url: &Url,
    expected: &Digest,
    watch: &dyn Watch,
) -> Result<PathBuf, ContentError> {
    if let Some(path) = cache.find(expected)? {
        return Ok(path);
    }
    let answer = ask(http, url).await?;
    let place = shown(url);
    let mut unfinished = cache.begin()?;
    let length = answer.content_length();
    let too_large = || ContentError::TooLarge {
        place: place.clone(),
        limit: MAX_SIZE,
    };
    if length.is_some_and(|length| length > MAX_SIZE) {
        return Err(too_large());
    }
    watch.fetching(&place, length);
    let mut answer = answer;
    while let Some(chunk) = answer
        .chunk()
        .await
        .map_err(|error| ContentError::Transport(TransportError::at(url, error)))?
    {
        if unfinished.size() + chunk.len() as u64 > MAX_SIZE {
            return Err(too_large());
        }
        cache.write(&mut unfinished, &chunk)?;
        watch.fetched(chunk.len() as u64);
    }
    let found = unfinished.digest();
    if found != *expected {
        return Err(ContentError::OtherContent {
            place,
            expected: *expected,
            found,
        });
    }
    Ok(cache.keep(unfinished)?.1)
}

/// The small answer to a GET, or `None` where the server has nothing there. For what registries say of themselves.
///
/// # Errors
/// When it can't be had, or has more than `limit` bytes.
pub(crate) async fn small(
    http: &HttpClient,
    url: &Url,
    limit: usize,
) -> Result<Option<Vec<u8>>, ContentError> {
    let mut answer = match ask(http, url).await {
        Ok(answer) => answer,
        Err(ContentError::Refused { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    while let Some(chunk) = answer
        .chunk()
        .await
        .map_err(|error| ContentError::Transport(TransportError::at(url, error)))?
    {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > limit {
            return Err(ContentError::TooLarge {
                place: shown(url),
                limit: limit as u64,
            });
        }
    }
    Ok(Some(bytes))
}

async fn ask(http: &HttpClient, first: &Url) -> Result<reqwest::Response, ContentError> {
    let mut url = first.clone();
    for _ in 0..=REDIRECTS {
        // Where one is redirected to is shown no client certificate (docs/adr/0024).
        let client = if url.origin() == first.origin() {
            http.reqwest()
        } else {
            http.unidentified()
        };
        let answer = client
            .get(url.clone())
            .send()
            .await
            .map_err(|error| ContentError::Transport(TransportError::at(&url, error)))?;
        match answer.status().as_u16() {
            200 => return Ok(answer),
            301 | 302 | 303 | 307 | 308 => {
                let next = answer.headers().get("location");
                url = redirected(&url, next.and_then(|value| value.to_str().ok()))?;
            }
            status => return Err(refused(&url, status, answer).await),
        }
    }
    Err(ContentError::Redirect {
        url: shown(first),
        where_to: format!("more than {REDIRECTS} times"),
    })
}

fn redirected(from: &Url, to: Option<&str>) -> Result<Url, ContentError> {
    let strange = |where_to: &str| {
        Err(ContentError::Redirect {
            url: shown(from),
            where_to: where_to.to_owned(),
        })
    };
    let Some(to) = to else {
        return strange("without saying where");
    };
    let Ok(next) = from.join(to) else {
        return strange("to something that is no URL");
    };
    let (Ok(here), Ok(there)) = (Origin::of(from), Origin::of(&next)) else {
        return strange("to something that can't be asked");
    };
    if there == here || (next.scheme() == "https" && !is_this_machine(&next)) {
        Ok(next)
    } else {
        strange(&format!("to {there}, which is not followed"))
    }
}

async fn refused(url: &Url, status: u16, mut answer: reqwest::Response) -> ContentError {
    let mut said = Vec::new();
    while said.len() < EXPLANATION
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        said.extend_from_slice(&chunk);
    }
    said.truncate(EXPLANATION);
    let said = text::line(String::from_utf8_lossy(&said).trim(), EXPLANATION);
    ContentError::Refused {
        url: shown(url),
        status,
        said: if said.is_empty() {
            said
        } else {
            format!(": {said}")
        },
    }
}

/// A URL without what may be secret in it.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Only URLs without a host have no place for these.
    url.set_username("").ok();
    url.set_password(None).ok();
    url.to_string()
}

/// Whether it is a server on this machine.
pub(crate) fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn redirects_lead_to_the_same_origin_or_to_https() {
        let from = url("http://a.test/x/y.wasm?token=1");
        for (to, found) in [
            ("z.wasm", Some("http://a.test/x/z.wasm")),
            ("https://b.test/z", Some("https://b.test/z")),
            ("http://a.test:80/z", Some("http://a.test/z")),
            ("http://b.test/z", None),
            ("https://127.0.0.1/z", None),
            ("https://x.localhost/z", None),
            ("file:///etc/passwd", None),
            ("http://", None),
        ] {
            let next = redirected(&from, Some(to)).ok().map(String::from);
            assert_eq!(next.as_deref(), found, "{to}");
        }
        assert!(redirected(&from, None).is_err());
    }

    #[test]
    fn what_may_be_secret_is_not_shown() {
        let shown = shown(&url("https://ann:canary@a.test/x.wasm?token=canary#canary"));
        assert_eq!(shown, "https://a.test/x.wasm");
    }
}
