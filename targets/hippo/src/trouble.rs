//! What can go wrong with one request, and what it means for the person at the terminal.

use bowline_target::{Failure, http as transport};

use crate::describe::names;
use crate::problem::Problem;

/// Why a request did not bring what it was sent for.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// There is no answer.
    #[error("{0}")]
    NoAnswer(#[source] transport::Error),
    /// Hippo answered with an error status.
    #[error("{} ({request}, status {status})", words(*status, problem))]
    Refused {
        /// Method and path.
        request: String,
        /// HTTP status.
        status: u16,
        /// The body.
        problem: Problem,
    },
    /// The answer sends the request elsewhere, which nobody followed.
    #[error("{request} was redirected to {location}")]
    Redirected {
        /// Method and path.
        request: String,
        /// The `location` header.
        location: String,
    },
    /// The answer has a good status and a body that is none of Hippo's.
    #[error(
        "{request} was answered with status {status} and {what}; is hippo-url the address of a Hippo server?"
    )]
    Odd {
        /// Method and path.
        request: String,
        /// HTTP status.
        status: u16,
        /// What is wrong with the body.
        what: String,
    },
}

/// A problem is Hippo's own; a status alone can come from whatever answers there.
fn words(status: u16, problem: &Problem) -> String {
    if let Some(words) = problem.words() {
        return format!("Hippo says: {words}");
    }
    let status = http::StatusCode::from_u16(status).ok();
    let reason = status
        .and_then(|status| status.canonical_reason())
        .unwrap_or("no reason");
    format!("the server answers '{reason}'")
}

impl Trouble {
    /// Whether Hippo may have done what it was asked all the same. It saves first, and works afterwards in the same request:
    /// a 500 very often means that it was saved.
    #[must_use]
    pub fn may_have_acted(&self) -> bool {
        match self {
            Self::NoAnswer(error) => error.may_have_acted(),
            Self::Refused { status, .. } => *status >= 500,
            Self::Redirected { .. } => false,
            Self::Odd { .. } => true,
        }
    }

    /// The status of a refusal.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// What a refusal says.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused { problem, .. } => Some(problem),
            _ => None,
        }
    }

    /// Whether a refusal says that something with this property exists already.
    #[must_use]
    pub fn exists_already(&self, property: &str) -> bool {
        self.problem()
            .is_some_and(|problem| problem.exists_already(property))
    }

    /// The failure that this is for somebody who was told `doing`, such as `creating application 'hello'`.
    #[must_use]
    pub fn failure(&self, doing: &str) -> Failure {
        let message = format!("{doing} failed: {self}");
        match self {
            Self::NoAnswer(error) => match Failure::from_http(error) {
                Failure::Unavailable(_) => Failure::Unavailable(message),
                Failure::Forbidden(_) => Failure::Forbidden(message),
                _ => Failure::Unexpected(message),
            },
            Self::Refused {
                status, problem, ..
            } => refused(*status, problem, message),
            Self::Redirected { location, .. } => Failure::invalid_setting(
                names::URL,
                format!("leads to a redirection: the server is at {location}"),
            ),
            Self::Odd { .. } => Failure::Unexpected(message),
        }
    }
}

fn refused(status: u16, problem: &Problem, message: String) -> Failure {
    match status {
        401 => Failure::Unauthenticated(
            "Hippo refuses the token: it is not valid, or has expired".to_owned(),
        ),
        403 => Failure::Forbidden(message),
        // Hippo's own 404 always has a body; without one it comes from a server that doesn't know the path.
        404 if problem.is_empty() => Failure::Unexpected(format!(
            "{message}; is there a Hippo of version 0.19 or later at hippo-url?"
        )),
        404 => Failure::NotFound(message),
        408 | 425 | 429 | 500.. => Failure::Unavailable(message),
        400 if problem.about("Domain").is_some() => {
            Failure::invalid_setting(names::DOMAIN, format!("does not help: {message}"))
        }
        400 if ["Name", "StorageId", "AppStorageId", "RevisionNumber"]
            .iter()
            .any(|property| problem.about(property).is_some()) =>
        {
            Failure::UnsupportedApplication(message)
        }
        _ => Failure::Unexpected(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &str) -> Trouble {
        Trouble::Refused {
            request: "POST /api/apps".into(),
            status,
            problem: Problem::read(body.as_bytes()),
        }
    }

    #[test]
    fn a_500_may_have_been_saved() {
        assert!(refusal(500, "").may_have_acted());
        assert!(!refusal(400, "").may_have_acted());
    }

    #[test]
    fn classes_say_what_can_be_done() {
        assert!(matches!(
            refusal(401, "").failure("x"),
            Failure::Unauthenticated(_)
        ));
        assert!(matches!(
            refusal(403, "").failure("x"),
            Failure::Forbidden(_)
        ));
        assert!(matches!(
            refusal(429, "").failure("x"),
            Failure::Unavailable(_)
        ));
        assert!(matches!(
            refusal(503, "").failure("x"),
            Failure::Unavailable(_)
        ));
        assert!(matches!(
            refusal(418, "").failure("x"),
            Failure::Unexpected(_)
        ));
        let name = r#"{"errors":{"Name":["Name is required."]}}"#;
        assert!(matches!(
            refusal(400, name).failure("x"),
            Failure::UnsupportedApplication(_)
        ));
    }

    #[test]
    fn a_message_has_words_request_and_status() {
        let failure = refusal(
            500,
            r#"{"title":"An error occurred while processing your request."}"#,
        )
        .failure("creating it");
        assert_eq!(
            failure,
            Failure::Unavailable(
                "creating it failed: Hippo says: An error occurred while processing your request (POST /api/apps, status 500)".into()
            )
        );
    }

    #[test]
    fn an_unknown_path_hints_at_the_url() {
        let Failure::Unexpected(message) = refusal(404, "").failure("looking") else {
            panic!()
        };
        assert!(message.contains("0.19 or later"), "{message}");
    }
}
