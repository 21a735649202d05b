//! Errors as Hippo words them: `application/problem+json`, RFC 7807.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::json;
use uuid::Uuid;

/// Messages by property name.
pub(crate) type Errors = BTreeMap<String, Vec<String>>;

/// Why a request failed.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The body broke rules.
    Validation(Errors),
    /// No such account, or another password.
    LoginFailed(&'static str),
    /// The path names one thing and the body another.
    IdMismatch,
    /// The body's content type isn't JSON.
    UnsupportedMediaType,
    /// The body is too long.
    TooLarge,
    /// There is no thing of this kind and identifier.
    Missing(&'static str, Uuid),
    /// No app has this storage identifier.
    NoMatch,
    /// Registration isn't open to the caller.
    Forbidden(&'static str),
    /// Anything else. The cause is logged, not told.
    Internal(anyhow::Error),
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Self::Validation(_) | Self::LoginFailed(_) | Self::IdMismatch => {
                StatusCode::BAD_REQUEST
            }
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Missing(..) | Self::NoMatch => StatusCode::NOT_FOUND,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The section of RFC 7231 (of RFC 7231's media type section for 415) that explains the status.
    fn section(&self) -> &'static str {
        match self {
            Self::Validation(_) | Self::LoginFailed(_) | Self::IdMismatch => "6.5.1",
            Self::UnsupportedMediaType => "6.5.13",
            Self::TooLarge => "6.5.11",
            Self::Missing(..) | Self::NoMatch => "6.5.4",
            Self::Forbidden(_) => "6.5.3",
            Self::Internal(_) => "6.6.1",
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::Validation(_) => "One or more validation errors occurred.",
            Self::LoginFailed(_) => "Login failed.",
            Self::IdMismatch => "Bad Request",
            Self::UnsupportedMediaType => "Unsupported Media Type",
            Self::TooLarge => "Payload Too Large",
            Self::Missing(..) => "The specified resource was not found.",
            Self::NoMatch => "Not Found",
            Self::Forbidden(_) => "Forbidden",
            Self::Internal(_) => "An error occurred while processing your request.",
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut body = json!({
            "type": format!("https://tools.ietf.org/html/rfc7231#section-{}", self.section()),
            "title": self.title(),
            "status": status.as_u16(),
        });
        match self {
            Self::Validation(errors) => body["errors"] = json!(errors),
            Self::LoginFailed(detail) | Self::Forbidden(detail) => body["detail"] = json!(detail),
            Self::Missing(kind, id) => {
                body["detail"] = json!(format!("Entity \"{kind}\" ({id}) was not found."));
            }
            // ASP.NET's own results carry the trace; those of Hippo's filter don't.
            Self::IdMismatch | Self::NoMatch | Self::UnsupportedMediaType | Self::TooLarge => {
                let trace = Uuid::new_v4().simple().to_string();
                let span = Uuid::new_v4().simple().to_string();
                body["traceId"] = json!(format!("00-{trace}-{}-00", &span[..16]));
            }
            Self::Internal(error) => tracing::error!("answered 500: {error:#}"),
        }
        let content_type = [(CONTENT_TYPE, "application/problem+json; charset=utf-8")];
        (status, content_type, body.to_string()).into_response()
    }
}
