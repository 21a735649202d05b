//! Waits until a deployment answers.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use http::Method;
use serde_json::Value;
use url::{Host, Url};

use crate::client::{HttpClient, TransportError, is_localhost, is_public, retry_after};
use crate::contract::Readiness;
use crate::grant::{Grant, Origin, Reach};
use crate::journal::Note;
use crate::text;

/// Bytes of an answer that are read.
const MAX_BODY: usize = 1 << 20;

/// Pauses between questions: short at first, because most platforms are ready at once, then longer and longer up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(300);
const LAST_PAUSE: Duration = Duration::from_secs(2);

/// How waiting ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The revision answers.
    Ready,
    /// The time is over. The last thing that was seen is told.
    NotReady(Unready),
    /// The platform says that it will never answer (status 501), and why: for one, which host interface it lacks.
    Impossible(String),
}

/// What was seen when the time was over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unready {
    /// There was no answer at all.
    #[error("it could not be asked")]
    Unreachable(#[source] TransportError),
    /// It is at a private address, though it has to be at a public one. It was not asked.
    #[error(
        "it is at the private address {0}, and no server that you gave to the target is at one, so it is not asked"
    )]
    Private(IpAddr),
    /// It took the request and gave no answer in the time that was left.
    #[error("it does not answer in time")]
    TimedOut,
    /// Another status than 2xx.
    #[error("it answers with status {0}")]
    Status(u16),
    /// The answer is no JSON, or larger than 1 MiB.
    #[error("it answers with something else than JSON")]
    NotJson,
    /// The answer is JSON, but doesn't have the expected text.
    #[error("it answers with {found} where '{expected}' is expected")]
    Different {
        /// What is there, one line in quotes; `nothing` where the pointer leads nowhere.
        found: String,
        /// What should be there.
        expected: String,
    },
}

/// Where the deployments of a target with this grant may be asked. They are where their platform is: at a private address only if
/// a server is at one that the user gave to the target, or allowed to be there. What a target says of its deployment is no reason to ask within the
/// user's own network.
pub async fn reach(grant: &Grant) -> Reach {
    let mut widest = Reach::PublicOnly;
    for (rule, reach) in grant.rules() {
        if reach > widest && !is_at_public_address(rule.origin()).await {
            widest = reach;
        }
    }
    widest
}

/// A name that nobody here knows may be one that only the user's proxy knows, in a network behind it.
async fn is_at_public_address(origin: &Origin) -> bool {
    let host = origin.host();
    if let Ok(address) = host.trim_matches(['[', ']']).parse() {
        return is_public(address);
    }
    if is_localhost(host) {
        return false;
    }
    match tokio::net::lookup_host((host, origin.port())).await {
        Ok(mut found) => found.all(|address| is_public(address.ip())),
        Err(_) => false,
    }
}

/// Asks again and again until the deployment at `base` answers as expected, or `timeout` is over. Every question may take as
/// long as there is time left, and at least one is asked, unless the deployment is beyond `reach`.
pub async fn wait(
    http: &HttpClient,
    reach: Reach,
    base: &Url,
    readiness: &Readiness,
    timeout: Duration,
) -> Outcome {
    let url = question(base, readiness);
    if let (Reach::PublicOnly, Some(address)) = (reach, private_address(&url)) {
        return Outcome::NotReady(Unready::Private(address));
    }
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let left = timeout.saturating_sub(started.elapsed()).max(FIRST_PAUSE);
        let (seen, asked) =
            match tokio::time::timeout(left, ask(http, reach, &url, readiness)).await {
                Ok(Answer::Ready) => return Outcome::Ready,
                Ok(Answer::Never(reason)) => return Outcome::Impossible(reason),
                Ok(Answer::NotYet(seen)) => (seen, None),
                Ok(Answer::Later(seen, pause)) => (seen, Some(pause)),
                Err(_) => (Unready::TimedOut, None),
            };
        tracing::debug!(%url, %seen, "not ready yet");
        let left = timeout.saturating_sub(started.elapsed());
        if left <= pause {
            return Outcome::NotReady(seen);
        }
        // Whoever asks for more time than there is is asked once more at the end.
        let longest = left.saturating_sub(FIRST_PAUSE);
        tokio::time::sleep(asked.unwrap_or_default().min(longest).max(pause)).await;
        pause = (pause * 3 / 2).min(LAST_PAUSE);
    }
}

/// Where to ask. The path has been checked to be one, so the host stays the deployment's.
fn question(base: &Url, readiness: &Readiness) -> Url {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    let (path, query) = match readiness.path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (readiness.path.as_str(), None),
    };
    let below = format!("{}{path}", base.path().trim_end_matches('/'));
    url.set_path(&below);
    url.set_query(query);
    url
}

enum Answer {
    Ready,
    NotYet(Unready),
    /// Not before this time has gone by, says the server (`Retry-After`).
    Later(Unready, Duration),
    Never(String),
}

/// The address in a URL that has one in the place of a name, if it is private. Names are judged when they are looked up.
fn private_address(url: &Url) -> Option<IpAddr> {
    let address = match url.host()? {
        Host::Domain(_) => return None,
        Host::Ipv4(address) => address.into(),
        Host::Ipv6(address) => address.into(),
    };
    (!is_public(address)).then_some(address)
}

async fn ask(http: &HttpClient, reach: Reach, url: &Url, readiness: &Readiness) -> Answer {
    let unreachable = |error| Answer::NotYet(Unready::Unreachable(error));
    let pool = match http.pool(reach, url, false).await {
        Ok(pool) => pool,
        Err(error) => return unreachable(error),
    };
    let request = reqwest::Request::new(Method::GET, url.clone());
    let mut response = match http.fetch(pool, request, Note::default()).await {
        Ok(response) => response,
        Err(error) => return unreachable(error),
    };
    let status = response.status().as_u16();
    if !response.status().is_success() && status != 501 {
        let seen = Unready::Status(status);
        return match retry_after(response.headers()) {
            Some(pause) => Answer::Later(seen, pause),
            None => Answer::NotYet(seen),
        };
    }
    if status != 501 && readiness.expected.is_none() {
        return Answer::Ready;
    }
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => break,
            Ok(Some(chunk)) if body.len() + chunk.len() <= MAX_BODY => {
                body.extend_from_slice(&chunk)
            }
            Ok(Some(_)) => return Answer::NotYet(Unready::NotJson),
            Err(error) => return unreachable(TransportError::at(url, error)),
        }
    }
    if status == 501 {
        let reason = text::block(&String::from_utf8_lossy(&body), 20, 500);
        return Answer::Never(reason.trim().to_owned());
    }
    match &readiness.expected {
        None => Answer::Ready,
        Some((pointer, expected)) => compare(&body, pointer, expected),
    }
}

fn compare(body: &[u8], pointer: &str, expected: &str) -> Answer {
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        return Answer::NotYet(Unready::NotJson);
    };
    // Numbers and booleans are compared by how they are written.
    let written = json.pointer(pointer).map(|found| match found {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    if written.as_deref() == Some(expected) {
        return Answer::Ready;
    }
    Answer::NotYet(Unready::Different {
        found: written.map_or_else(
            || "nothing".to_owned(),
            |text| format!("'{}'", text::line(&text, 100)),
        ),
        expected: text::line(expected, 100),
    })
}

#[cfg(test)]
mod tests;
