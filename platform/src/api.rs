//! Hippo's HTTP API, as v0.20.2 answers it.

mod accounts;
mod apps;
pub(crate) mod auth;
mod auth_tokens;
mod body;
mod certificates;
mod channel_statuses;
mod channels;
mod domain;
mod health;
mod page;
mod problem;
mod range;
mod revisions;
mod storages;
mod swagger;
mod validation;
mod views;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Path, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, StatusCode, Uri};
use serde::Serialize;
use serde_json::json;
use tower::ServiceExt;
use uuid::Uuid;

use crate::bindle_reader::BindleReader;
use crate::platform::RegistrationMode;
use crate::scheduler::Scheduler;
use crate::store::Store;
use problem::Problem;

/// The domain below which every app gets one. Names below `localhost` mean this machine, by RFC
/// 6761 section 6.3.
const PLATFORM_DOMAIN: &str = "localhost";

/// The only version of the API.
const API_VERSION: &str = "0.1";

/// The header by which this platform says what it accepts and Hippo doesn't: values for the variables of
/// applications, as environment variables of their channels; and applications whose files are in archives
/// ([`bowline_app::archive`]). Bowline's target for Hippo looks for it in any answer.
const ACCEPTS: (&str, [HeaderValue; 2]) = (
    "bowline-accepts",
    [
        HeaderValue::from_static("variables"),
        HeaderValue::from_static("archives"),
    ],
);

/// What the handlers share.
pub(crate) struct Api {
    pub(crate) store: Store,
    pub(crate) bindle: BindleReader,
    pub(crate) scheduler: Arc<Scheduler>,
    pub(crate) tokens: auth::Tokens,
    pub(crate) registration: RegistrationMode,
}

/// The handlers' state.
type Shared = Arc<Api>;

/// What handlers return.
type Answer<T> = Result<T, Problem>;

/// The API as a service.
pub(crate) fn router(api: Api) -> Router {
    let versioned = Router::new()
        .route("/api/accounts", post(accounts::create))
        .route("/api/auth-tokens", post(auth_tokens::create))
        .route("/api/apps", get(apps::list).post(apps::create))
        .route(
            "/api/apps/{id}",
            get(apps::show).put(apps::update).delete(apps::remove),
        )
        .route("/api/channels", get(channels::list).post(channels::create))
        .route(
            "/api/channels/{id}",
            get(channels::show)
                .put(channels::update)
                .patch(channels::patch)
                .delete(channels::remove),
        )
        .route(
            "/api/channels/{id}/desired-status",
            put(channels::set_desired_status),
        )
        .route("/api/channels/{id}/logs", get(channels::logs))
        .route("/api/channel-statuses", get(channel_statuses::list))
        .route(
            "/api/certificates",
            get(certificates::list).post(certificates::create),
        )
        .route(
            "/api/certificates/{id}",
            put(certificates::update).delete(certificates::remove),
        )
        .route(
            "/api/revisions",
            get(revisions::list).post(revisions::create),
        )
        .route("/api/revisions/{id}", delete(revisions::remove))
        .route("/api/storages", get(storages::list))
        .route_layer(middleware::from_fn(versioning));
    let router: Router = versioned
        .route("/healthz", get(health::show))
        .route("/swagger/v1/swagger.json", get(swagger::show))
        .with_state(Arc::new(api));
    // Paths are rewritten before they are matched, which a layer of the router comes too late for.
    Router::new().fallback_service(router.map_request(normalise_path))
}

/// ASP.NET matches paths without regard to case and to one slash at the end.
fn normalise_path(mut request: Request) -> Request {
    let path = request.uri().path();
    let normal = match path.strip_suffix('/') {
        Some(shorter) if !shorter.is_empty() => shorter.to_ascii_lowercase(),
        _ => path.to_ascii_lowercase(),
    };
    let normal = match request.uri().query() {
        Some(query) => format!("{normal}?{query}"),
        None => normal,
    };
    if let Ok(uri) = normal.parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    request
}

/// Answers requests for another version of the API, and says in each answer which there is.
async fn versioning(request: Request, next: Next) -> Response {
    let asked = request.headers().get("api-version").cloned();
    let mut response = match asked {
        Some(version) if version != API_VERSION => {
            let version = String::from_utf8_lossy(version.as_bytes()).into_owned();
            let message = format!(
                "The HTTP resource that matches the request URI '{}' does not support the API version '{version}'.",
                request.uri()
            );
            let body = json!({
                "error": { "code": "UnsupportedApiVersion", "message": message, "innerError": null }
            });
            (StatusCode::BAD_REQUEST, Json(body)).into_response()
        }
        _ => next.run(request).await,
    };
    response.headers_mut().insert(
        "api-supported-versions",
        HeaderValue::from_static(API_VERSION),
    );
    let (name, values) = ACCEPTS;
    for value in values {
        response.headers_mut().append(name, value);
    }
    response
}

/// A JSON answer with the content type that ASP.NET gives it.
struct Json<T>(T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response(),
            Err(error) => Problem::from(anyhow::Error::new(error)).into_response(),
        }
    }
}

/// The `{id}` of a path. What isn't an identifier becomes the one of zeros, which nothing has.
struct PathId(Uuid);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let id = match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(text)) => Uuid::parse_str(&text).unwrap_or_default(),
            Err(_) => Uuid::nil(),
        };
        Ok(Self(id))
    }
}
