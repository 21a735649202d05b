//! While planning, only requests that look may leave; in a login, only those and what it posts.

use http::{HeaderMap, Method};
use url::Url;
use wasmtime_wasi_http::{Error, Result};

use super::overrides;
use crate::error::{Denial, Operation};
use crate::grant::Origin;
use crate::state::Run;
use crate::text;

/// Reads the address of a request, and refuses what the operation may not send, to whatever address.
pub(super) fn address(
    run: &Run,
    method: &Method,
    headers: &HeaderMap,
    text: &str,
) -> Result<Result<Url, url::ParseError>> {
    let url = Url::parse(text);
    check(run, method, headers, url.as_ref().ok())?;
    Ok(url)
}

/// Refuses what is no GET and no HEAD while the operation only looks (RFC 9110, section 9.2.1: those two ask for no change), and in a login
/// what is no POST either. It is called as the guest sends, not when the request is on its way: a guest that doesn't wait for the answer is
/// found out, too.
fn check(run: &Run, method: &Method, headers: &HeaderMap, url: Option<&Url>) -> Result<()> {
    let during = run.operation;
    let posts = during == Operation::Authenticate;
    if !during.only_looks() && !posts {
        return Ok(());
    }
    let is_allowed = match *method {
        Method::GET | Method::HEAD => true,
        Method::POST => posts,
        _ => false,
    };
    let mut what = if !is_allowed {
        format!(
            "a request with the method {}",
            text::line(method.as_str(), 32)
        )
    } else if let Some(header) = overrides::method(headers) {
        format!("a {method} request with the header {header}, which stands for another method,")
    } else {
        return Ok(());
    };
    // Only the origin: a path may hold what should not be shown.
    if let Some(Ok(origin)) = url.map(Origin::of) {
        what.push_str(&format!(" to {origin}"));
    }
    run.deny(Denial::Write { what, during });
    Err(Error::HttpRequestDenied)
}
