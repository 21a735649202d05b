//! Turns values of the bindings into those of [`contract`](super), cleaned but not judged.

use super::TargetFailure;
use crate::bindings::failure;
use crate::text;

/// Characters of a failure's text that are kept. Platforms answer with whole pages at times.
const FAILURE: usize = 2_000;

impl From<failure::Error> for TargetFailure {
    fn from(failure: failure::Error) -> Self {
        use failure::Error;
        let clean = |text: String| {
            let text = text::block(&text, 20, FAILURE);
            let text = text.trim();
            if text.is_empty() {
                "the target gave no reason".to_owned()
            } else {
                text.to_owned()
            }
        };
        match failure {
            Error::InvalidSetting(failure::InvalidSetting { name, reason }) => {
                Self::InvalidSetting {
                    name: text::line(&name, 64),
                    reason: clean(reason),
                }
            }
            Error::UnsupportedApplication(text) => Self::UnsupportedApplication(clean(text)),
            Error::Unauthenticated(text) => Self::Unauthenticated(clean(text)),
            Error::Forbidden(text) => Self::Forbidden(clean(text)),
            Error::NotFound(text) => Self::NotFound(clean(text)),
            Error::Conflict(text) => Self::Conflict(clean(text)),
            Error::Unavailable(text) => Self::Unavailable(clean(text)),
            Error::UnsupportedOperation(text) => Self::UnsupportedOperation(clean(text)),
            Error::Unexpected(text) => Self::Unexpected(clean(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every case arrives as itself: an error that changes its kind changes the exit code.
    #[test]
    fn cases_stay_what_they_are() {
        use failure::Error;
        type Case = fn(String) -> (Error, TargetFailure);
        let cases: [Case; 8] = [
            |t| {
                (
                    Error::UnsupportedApplication(t.clone()),
                    TargetFailure::UnsupportedApplication(t),
                )
            },
            |t| {
                (
                    Error::Unauthenticated(t.clone()),
                    TargetFailure::Unauthenticated(t),
                )
            },
            |t| (Error::Forbidden(t.clone()), TargetFailure::Forbidden(t)),
            |t| (Error::NotFound(t.clone()), TargetFailure::NotFound(t)),
            |t| (Error::Conflict(t.clone()), TargetFailure::Conflict(t)),
            |t| (Error::Unavailable(t.clone()), TargetFailure::Unavailable(t)),
            |t| {
                (
                    Error::UnsupportedOperation(t.clone()),
                    TargetFailure::UnsupportedOperation(t),
                )
            },
            |t| (Error::Unexpected(t.clone()), TargetFailure::Unexpected(t)),
        ];
        for case in cases {
            let (given, expected) = case("why".to_owned());
            assert_eq!(TargetFailure::from(given), expected);
        }
        let given = Error::InvalidSetting(failure::InvalidSetting {
            name: "a\u{1b}b\n".to_owned(),
            reason: "\u{1b}[31m\nwhy".to_owned(),
        });
        assert_eq!(
            TargetFailure::from(given),
            TargetFailure::InvalidSetting {
                name: "ab".to_owned(),
                reason: "[31m\nwhy".to_owned()
            }
        );
        assert_eq!(
            TargetFailure::from(Error::NotFound("\u{7}".to_owned())).to_string(),
            "the target gave no reason"
        );
        let long = TargetFailure::from(Error::Unexpected("x\n".repeat(100_000))).to_string();
        assert!(long.len() < 1_000, "{}", long.len());
    }
}
