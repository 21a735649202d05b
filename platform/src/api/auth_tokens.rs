//! `/api/auth-tokens`

use axum::extract::State;

use super::auth::{self, TokenInfo};
use super::body::Command;
use super::problem::Problem;
use super::{Answer, Json, Shared};
use crate::store::accounts;

/// Gives a token for a user name, whose case counts, and a password.
pub(crate) async fn create(
    State(api): State<Shared>,
    mut body: Command,
) -> Answer<Json<TokenInfo>> {
    let name = body.text("userName").unwrap_or_default();
    let password = body.text("password").unwrap_or_default();
    body.finish()?;
    let account = api
        .store
        .run(move |db| accounts::by_name(db, &name))
        .await?
        .ok_or(Problem::LoginFailed("Account does not exist."))?;
    if !auth::verify(password, account.password_hash).await? {
        return Err(Problem::LoginFailed("Credentials are not valid."));
    }
    Ok(Json(api.tokens.issue(&api.store, account.id).await?))
}
