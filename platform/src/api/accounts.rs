//! `/api/accounts`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};
use uuid::Uuid;

use super::auth::{self, MaybeCaller};
use super::body::Command;
use super::problem::Problem;
use super::validation::{Rules, is_name, length};
use super::{Answer, Json, Shared};
use crate::platform::RegistrationMode;
use crate::store::accounts::{self, Account};

/// Creates an account. The body is validated before it is asked whether the caller may register.
pub(crate) async fn create(
    State(api): State<Shared>,
    MaybeCaller(caller): MaybeCaller,
    headers: HeaderMap,
    mut body: Command,
) -> Answer<Response> {
    let (name, password) = (body.text("userName"), body.text("password"));
    body.finish()?;
    let wanted = name.clone();
    let taken = api
        .store
        .run(move |db| match wanted {
            Some(name) => Ok(accounts::by_name(db, &name)?.is_some()),
            None => Ok(false),
        })
        .await?;
    let mut rules = Rules::default();
    rules.not_empty("UserName", name.as_deref(), "The username cannot be empty");
    rules.require(
        "UserName",
        length(name.as_deref()) <= 64,
        "The username cannot be longer than 64 characters",
    );
    rules.require(
        "UserName",
        name.as_deref().is_none_or(is_name),
        "The username cannot contain special characters",
    );
    rules.require("UserName", !taken, "The specified username already exists.");
    rules.not_empty(
        "Password",
        password.as_deref(),
        "The password cannot be empty",
    );
    rules.require(
        "Password",
        password.is_none() || length(password.as_deref()) >= 6,
        "The password must be at least 6 characters long",
    );
    rules.finish()?;

    match api.registration {
        RegistrationMode::Open => {}
        RegistrationMode::Closed => return Err(Problem::Forbidden("registration closed")),
        RegistrationMode::AdministratorOnly => {
            let account = match caller {
                Some(id) => api.store.run(move |db| accounts::by_id(db, id)).await?,
                None => None,
            };
            if !account.is_some_and(|account| account.administrator) {
                return Err(Problem::Forbidden(
                    "only administrators are allowed to register new accounts",
                ));
            }
        }
    }

    let password_hash = auth::hash(password.unwrap_or_default()).await?;
    let account = Account {
        id: Uuid::new_v4(),
        name: name.unwrap_or_default(),
        password_hash,
        administrator: false,
    };
    let id = account.id.to_string();
    let stored = api
        .store
        .run(move |db| accounts::insert(db, &account))
        .await?;
    if !stored {
        // Hippo doesn't look at the outcome either and answers with the identifier of nobody.
        tracing::warn!(
            "an account was asked for whose name differs from another's in case only; it wasn't made"
        );
    }
    Ok(if wants_json(&headers) {
        Json(id).into_response()
    } else {
        ([(CONTENT_TYPE, "text/plain; charset=utf-8")], id).into_response()
    })
}

/// ASP.NET writes a text as `text/plain` unless JSON, and not just anything, is asked for.
fn wants_json(headers: &HeaderMap) -> bool {
    let accepted: Vec<String> = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|range| {
            range
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase()
        })
        .collect();
    let first = accepted
        .iter()
        .find(|range| ["text/plain", "application/json", "text/json"].contains(&range.as_str()));
    !accepted.iter().any(|range| range == "*/*") && first.is_some_and(|range| range != "text/plain")
}
