//! Gets content from web servers: bounded, hashed as it comes, straight into the cache.

use std::path::PathBuf;

use bowline_app::Digest;
use bowline_host::client::{DownloadError, explanation, without_secrets};
use bowline_host::{HttpClient, TransportError};
use reqwest::header::HeaderMap;
use url::Url;

use crate::cache::Cache;
use crate::error::ContentError;
use crate::{MAX_SIZE, Watch};

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
    let place = without_secrets(url);
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
        .map_err(|error| DownloadError::Transport(TransportError::at(url, error)))?
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
        .map_err(|error| DownloadError::Transport(TransportError::at(url, error)))?
    {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > limit {
            return Err(ContentError::TooLarge {
                place: without_secrets(url),
                limit: limit as u64,
            });
        }
    }
    Ok(Some(bytes))
}

/// Asks for it. Any status but 200 is a refusal.
async fn ask(http: &HttpClient, first: &Url) -> Result<reqwest::Response, ContentError> {
    let (url, answer) = http.download(first, &HeaderMap::new()).await?;
    match answer.status().as_u16() {
        200 => Ok(answer),
        status => Err(ContentError::Refused {
            url: without_secrets(&url),
            status,
            said: explanation(answer).await,
        }),
    }
}
