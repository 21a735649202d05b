//! Waits until what was deployed answers.

use bowline_host::{Deployment, Grant, HttpClient, readiness};

use super::Request;
use crate::error::Error;
use crate::exit::Exit;
use crate::output::Readiness;
use crate::progress::Progress;
use crate::text;

/// Asks until the deployment answers with its revision, as far as the target says how to ask and the user wants to wait.
///
/// # Errors
/// [`Exit::NotReady`] when it doesn't in time, or says that it never will.
pub(super) async fn wait(
    request: &Request,
    deployment: &Deployment,
    (http, grant): (&HttpClient, &Grant),
    progress: &Progress,
) -> Result<Readiness, Error> {
    let Some(timeout) = request.readiness_timeout else {
        return Ok(Readiness::NotAsked);
    };
    let (Some(url), Some(ready_when)) = (&deployment.url, &deployment.ready_when) else {
        return Ok(Readiness::Unknown);
    };
    progress.start(&format!("Waiting until {} answers", url.as_str()));
    let name = format!("{} {}", deployment.application, deployment.revision);
    let question = format!("{}{}", url.as_str().trim_end_matches('/'), ready_when.path);
    let reach = readiness::reach(grant).await;
    match readiness::wait(http, reach, url, ready_when, timeout).await {
        readiness::Outcome::Ready if ready_when.expected.is_some() => Ok(Readiness::Ready),
        readiness::Outcome::Ready => Ok(Readiness::Answers),
        readiness::Outcome::NotReady(seen) => {
            let message = format!(
                "{name} is deployed to {}, but does not answer after {} s: {seen}",
                url.as_str(),
                timeout.as_secs()
            );
            let error = Error::new(Exit::NotReady, message)
                .hint(format!("look at what it answers with `curl -i {question}`"))
                .hint("wait longer with `--readiness-timeout <seconds>`, or not at all with `--readiness-timeout 0`");
            Err(match std::error::Error::source(&seen) {
                Some(source) => error.cause(source),
                None => error,
            })
        }
        readiness::Outcome::Impossible(reason) => {
            let message = format!(
                "{name} is deployed to {}, but the platform can't run it",
                url.as_str()
            );
            let error =
                Error::new(Exit::NotReady, message).hint(format!("see `curl -i {question}`"));
            Err(if reason.is_empty() {
                error
            } else {
                error.excerpt(text::plain(&reason))
            })
        }
        other => Err(Error::new(
            Exit::NotReady,
            format!("{name} is deployed, but does not answer: {other:?}"),
        )),
    }
}
