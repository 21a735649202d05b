//! `/healthz`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde::Serialize;

use super::{Json, Shared};

/// The health of a service and of those that it depends on.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Health {
    service_name: &'static str,
    description: &'static str,
    status: &'static str,
    subservices: Vec<Health>,
}

impl Health {
    fn new(service_name: &'static str, descriptions: [&'static str; 2], healthy: bool) -> Self {
        Self {
            service_name,
            description: descriptions[usize::from(!healthy)],
            status: if healthy { "Healthy" } else { "Unhealthy" },
            subservices: Vec::new(),
        }
    }
}

/// Tells how Hippo and its parts are. The part of Nomad is played by this very program, so it is
/// always well.
pub(crate) async fn show(State(api): State<Shared>) -> Response {
    let database = api.store.run(|db| db.query_row("SELECT 1", [], |_| Ok(())));
    let (database, bindle) = tokio::join!(database, api.bindle.query("", 0));
    let (database, bindle) = (database.is_ok(), bindle.is_ok());
    let results = ["A healthy result.", "An unhealthy result."];
    let healthy = database && bindle;
    let mut hippo = Health::new("Hippo", ["", ""], healthy);
    hippo.subservices = vec![
        Health::new("ApplicationDbContext", ["", ""], database),
        Health::new("Bindle", results, bindle),
        Health::new("Nomad", results, true),
    ];
    let status = if healthy {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, [(CACHE_CONTROL, "no-store, no-cache")], Json(hippo)).into_response()
}
