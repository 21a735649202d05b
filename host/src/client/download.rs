//! Downloads: questions that go where a server redirects them to.

use std::fmt;
use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderMap, LOCATION};
use url::{Host, Url};

use super::{HttpClient, TransportError, retry_after};
use crate::grant::Origin;
use crate::text;

/// Redirects that are followed. Release pages and registries need one or two.
const REDIRECTS: usize = 5;

/// Bytes of an answer that says why not.
const EXPLANATION: usize = 300;

/// How often a server that is busy is asked again.
const WAITS: usize = 3;

/// The longest time that a busy server may ask to wait (`Retry-After`).
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Why a download has no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// There was no answer.
    #[error(transparent)]
    Transport(TransportError),
    /// The server leads to where nobody follows.
    #[error("{url} redirects {whither}")]
    Redirect {
        /// The URL that redirects, without what may be secret in it.
        url: String,
        /// Where to.
        whither: Whither,
    },
}

/// Where a redirect leads that is not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Whither {
    /// There is no `Location`.
    Nowhere,
    /// Its `Location` is no URL.
    NoUrl,
    /// To a URL of another kind than `http` and `https`, or with a user in it.
    Unusable,
    /// To a server that whoever sent us there must not send us to.
    Elsewhere(Origin),
    /// From one redirect to the next, more often than is followed.
    Around,
}

/// The end of a sentence that begins with `redirects`.
impl fmt::Display for Whither {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere => f.write_str("without saying where"),
            Self::NoUrl => f.write_str("to something that is no URL"),
            Self::Unusable => f.write_str("to something that can't be asked"),
            Self::Elsewhere(origin) => write!(f, "to {origin}, which is not followed"),
            Self::Around => write!(f, "more than {REDIRECTS} times"),
        }
    }
}

impl HttpClient {
    /// Sends a GET with these headers, and follows redirects: within one origin, or to an `https` URL that is not on this machine. What is asked
    /// for at another origin than the first is asked without `Authorization`, and shows no client certificate. A server that is
    /// busy (429, 503) and says when to come back, within half a minute, is asked again up to three times.
    ///
    /// What is returned is the answer, which has any status but a redirect's, and where it came from. Nothing of it is in a journal.
    ///
    /// # Errors
    /// [`DownloadError`].
    pub async fn download(
        &self,
        first: &Url,
        headers: &HeaderMap,
    ) -> Result<(Url, reqwest::Response), DownloadError> {
        let mut url = first.clone();
        for _ in 0..=REDIRECTS {
            let is_first = url.origin() == first.origin();
            let answer = self.ask(&url, headers, is_first).await?;
            if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok((url, answer));
            }
            let location = answer.headers().get(LOCATION);
            let next = follow(&url, location.and_then(|value| value.to_str().ok()));
            url = next.map_err(|whither| DownloadError::Redirect {
                url: without_secrets(&url),
                whither,
            })?;
        }
        Err(DownloadError::Redirect {
            url: without_secrets(first),
            whither: Whither::Around,
        })
    }

    /// Asks once, or again where the server wants it later: it is a question, which may be repeated.
    async fn ask(
        &self,
        url: &Url,
        headers: &HeaderMap,
        is_first: bool,
    ) -> Result<reqwest::Response, DownloadError> {
        let mut headers = headers.clone();
        let client = if is_first {
            self.reqwest()
        } else {
            headers.remove(AUTHORIZATION);
            self.unidentified()
        };
        let mut waits = 0..WAITS;
        loop {
            let request = client.get(url.clone()).headers(headers.clone());
            let answer = request
                .send()
                .await
                .map_err(|error| DownloadError::Transport(TransportError::at(url, error)))?;
            let pause = match answer.status().as_u16() {
                429 | 503 => retry_after(answer.headers()).filter(|pause| *pause <= LONGEST_WAIT),
                _ => None,
            };
            match (pause, waits.next()) {
                (Some(pause), Some(_)) => tokio::time::sleep(pause).await,
                _ => return Ok(answer),
            }
        }
    }
}

fn follow(from: &Url, to: Option<&str>) -> Result<Url, Whither> {
    let next = from.join(to.ok_or(Whither::Nowhere)?);
    let next = next.map_err(|_| Whither::NoUrl)?;
    let (Ok(here), Ok(there)) = (Origin::of(from), Origin::of(&next)) else {
        return Err(Whither::Unusable);
    };
    if there == here || (next.scheme() == "https" && !is_this_machine(&next)) {
        Ok(next)
    } else {
        Err(Whither::Elsewhere(there))
    }
}

/// What a server says in a refusal, as the end of a message: the beginning of its body, clean and on one line, after `: `. Empty where it
/// says nothing.
pub async fn explanation(mut refusal: reqwest::Response) -> String {
    let mut said = Vec::new();
    while said.len() < EXPLANATION
        && let Ok(Some(chunk)) = refusal.chunk().await
    {
        said.extend_from_slice(&chunk);
    }
    said.truncate(EXPLANATION);
    let said = text::line(String::from_utf8_lossy(&said).trim(), EXPLANATION);
    if said.is_empty() {
        said
    } else {
        format!(": {said}")
    }
}

/// Whether a URL's host is this machine itself, by its name or address: then nobody is on the way.
#[must_use]
pub fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => super::is_localhost(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A URL without what may be secret in it: user, query and fragment.
#[must_use]
pub fn without_secrets(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Only URLs without a host have no place for these.
    url.set_username("").ok();
    url.set_password(None).ok();
    url.to_string()
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
        let elsewhere = |origin: &str| Err(Whither::Elsewhere(origin.parse().unwrap()));
        for (to, found) in [
            ("z.wasm", Ok(url("http://a.test/x/z.wasm"))),
            ("https://b.test/z", Ok(url("https://b.test/z"))),
            ("http://a.test:80/z", Ok(url("http://a.test/z"))),
            ("http://b.test/z", elsewhere("http://b.test")),
            ("https://127.0.0.1/z", elsewhere("https://127.0.0.1")),
            ("https://x.localhost/z", elsewhere("https://x.localhost")),
            ("https://x.localhost./z", elsewhere("https://x.localhost")),
            ("file:///etc/passwd", Err(Whither::Unusable)),
            ("https://ann:pw@b.test/", Err(Whither::Unusable)),
            ("http://", Err(Whither::NoUrl)),
        ] {
            assert_eq!(follow(&from, Some(to)), found, "{to}");
        }
        assert_eq!(follow(&from, None), Err(Whither::Nowhere));
    }

    #[test]
    fn what_may_be_secret_is_not_shown() {
        let shown = without_secrets(&url("https://ann:canary@a.test/x.wasm?token=canary#canary"));
        assert_eq!(shown, "https://a.test/x.wasm");
    }
}
