//! `/api/certificates`

use axum::extract::State;
use http::StatusCode;
use uuid::Uuid;

use super::auth::Caller;
use super::body::Command;
use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::validation::{Rules, is_name};
use super::views::CertificateItem;
use super::{Answer, Json, PathId, Shared};
use crate::store::certificates::{self, Certificate};

/// Lists certificates, private keys included: Hippo does.
pub(crate) async fn list(
    State(api): State<Shared>,
    _: Caller,
    query: PageQuery,
) -> Answer<Json<Page<CertificateItem>>> {
    let search = query.clone();
    let mut items = api
        .store
        .run(move |db| {
            let found = certificates::list(db)?
                .into_iter()
                .filter(|certificate| search.finds(&certificate.name));
            found
                .map(|certificate| CertificateItem::of(db, certificate))
                .collect::<rusqlite::Result<Vec<_>>>()
        })
        .await?;
    query.sort(&mut items)?;
    let total = items.len();
    Ok(Json(query.cut(items, total)))
}

/// Creates a certificate. The keys aren't looked into.
pub(crate) async fn create(
    State(api): State<Shared>,
    _: Caller,
    mut body: Command,
) -> Answer<Json<Uuid>> {
    let certificate = read(&api, Uuid::new_v4(), &mut body).await?;
    let id = certificate.id;
    api.store
        .run(move |db| certificates::save(db, &certificate))
        .await?;
    Ok(Json(id))
}

/// Replaces a certificate. The name that it has already is taken, by itself.
pub(crate) async fn update(
    State(api): State<Shared>,
    _: Caller,
    PathId(id): PathId,
    mut body: Command,
) -> Answer<StatusCode> {
    let body_id = body.id("id");
    let certificate = read(&api, id, &mut body).await?;
    if body_id != id {
        return Err(Problem::IdMismatch);
    }
    let found = api
        .store
        .run(move |db| {
            let found = certificates::find(db, id)?.is_some();
            if found {
                certificates::save(db, &certificate)?;
            }
            Ok(found)
        })
        .await?;
    if found {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::Missing("Certificate", id))
    }
}

/// Deletes a certificate that no channel uses.
pub(crate) async fn remove(
    State(api): State<Shared>,
    _: Caller,
    PathId(id): PathId,
) -> Answer<StatusCode> {
    let found = api.store.run(move |db| certificates::find(db, id)).await?;
    found.ok_or(Problem::Missing("Certificate", id))?;
    api.store
        .run(move |db| certificates::delete(db, id))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn read(api: &Shared, id: Uuid, body: &mut Command) -> Answer<Certificate> {
    let name = body.text("name");
    let (public_key, private_key) = (body.text("publicKey"), body.text("privateKey"));
    std::mem::take(body).finish()?;
    let wanted = name.clone().unwrap_or_default();
    let taken = api
        .store
        .run(move |db| certificates::name_taken(db, &wanted))
        .await?;
    let mut rules = Rules::default();
    rules.not_empty("Name", name.as_deref(), "Name is required.");
    rules.max_length("Name", name.as_deref(), 64);
    rules.matches("Name", name.as_deref(), is_name);
    rules.require(
        "Name",
        !taken,
        "A certificate with the same name already exists.",
    );
    rules.not_empty(
        "PublicKey",
        public_key.as_deref(),
        "Public key is required.",
    );
    rules.not_empty(
        "PrivateKey",
        private_key.as_deref(),
        "Private key is required.",
    );
    rules.finish()?;
    Ok(Certificate {
        id,
        name: name.unwrap_or_default(),
        public_key: public_key.unwrap_or_default(),
        private_key: private_key.unwrap_or_default(),
    })
}
