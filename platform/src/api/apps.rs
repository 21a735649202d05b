//! `/api/apps`

use axum::extract::State;
use http::StatusCode;
use uuid::Uuid;

use super::auth::Caller;
use super::body::Command;
use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::validation::{Rules, is_name, is_storage_id};
use super::views::AppItem;
use super::{Answer, Json, PathId, Shared, revisions};
use crate::store::apps::App;
use crate::store::revisions::Revision;
use crate::store::{apps, channels, revisions as stored_revisions};

/// Lists apps. The total counts all of them, whatever was searched for.
pub(crate) async fn list(
    State(api): State<Shared>,
    _: Caller,
    query: PageQuery,
) -> Answer<Json<Page<AppItem>>> {
    let search = query.clone();
    let (mut items, total) = api
        .store
        .run(move |db| {
            let all = apps::list(db)?;
            let total = all.len();
            let found = all.into_iter().filter(|app| search.finds(&app.name));
            let items = found
                .map(|app| AppItem::of(db, app))
                .collect::<rusqlite::Result<Vec<_>>>()?;
            Ok((items, total))
        })
        .await?;
    query.sort(&mut items)?;
    Ok(Json(query.cut(items, total)))
}

/// Shows one app.
pub(crate) async fn show(
    State(api): State<Shared>,
    _: Caller,
    PathId(id): PathId,
) -> Answer<Json<AppItem>> {
    let item = api
        .store
        .run(move |db| {
            apps::find(db, id)?
                .map(|app| AppItem::of(db, app))
                .transpose()
        })
        .await?;
    item.map(Json).ok_or(Problem::Missing("App", id))
}

/// Creates an app and imports the revisions that Bindle has, as far as the first 50 matches show
/// them. When that fails, the app and its revisions stay.
pub(crate) async fn create(
    State(api): State<Shared>,
    _: Caller,
    mut body: Command,
) -> Answer<Json<Uuid>> {
    let (name, storage_id) = (body.text("name"), body.text("storageId"));
    body.finish()?;

    let stored = api
        .bindle
        .query(storage_id.as_deref().unwrap_or_default(), 0)
        .await?;
    let is_stored = stored
        .iter()
        .any(|invoice| Some(invoice.bindle.id.name()) == storage_id.as_deref());
    let mut rules = Rules::default();
    name_rules(&api, &mut rules, name.as_deref()).await?;
    rules.not_empty(
        "StorageId",
        storage_id.as_deref(),
        "Storage ID is required.",
    );
    rules.require(
        "StorageId",
        is_stored,
        "Storage ID not found in bindle server",
    );
    rules.max_length("StorageId", storage_id.as_deref(), 200);
    rules.matches("StorageId", storage_id.as_deref(), is_storage_id);
    rules.finish()?;

    let app = App {
        id: Uuid::new_v4(),
        name: name.unwrap_or_default(),
        storage_id: storage_id.unwrap_or_default(),
    };
    let imported: Vec<Revision> = stored
        .iter()
        .filter(|invoice| invoice.bindle.id.name() == app.storage_id)
        .map(|invoice| Revision {
            id: Uuid::new_v4(),
            app_id: app.id,
            number: invoice.bindle.id.version_string(),
            description: None,
        })
        .collect();
    let (id, storage_id, saved) = (app.id, app.storage_id.clone(), imported.clone());
    api.store
        .run(move |db| {
            apps::insert(db, &app)?;
            saved
                .iter()
                .try_for_each(|revision| stored_revisions::insert(db, revision))
        })
        .await?;
    for revision in &imported {
        revisions::fetch_details(&api, &storage_id, revision).await?;
    }
    Ok(Json(id))
}

/// Renames an app. The name that it has already is taken, by itself.
pub(crate) async fn update(
    State(api): State<Shared>,
    _: Caller,
    PathId(id): PathId,
    mut body: Command,
) -> Answer<StatusCode> {
    let (body_id, name) = (body.id("id"), body.text("name"));
    body.finish()?;
    let mut rules = Rules::default();
    name_rules(&api, &mut rules, name.as_deref()).await?;
    // The body is validated while it is bound, before anything looks at the path.
    rules.finish()?;
    if body_id != id {
        return Err(Problem::IdMismatch);
    }
    let name = name.unwrap_or_default();
    let found = api
        .store
        .run(move |db| {
            let found = apps::find(db, id)?.is_some();
            apps::rename(db, id, &name)?;
            Ok(found)
        })
        .await?;
    if found {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::Missing("App", id))
    }
}

/// Stops and deletes an app's channels, and deletes the app with its revisions.
pub(crate) async fn remove(
    State(api): State<Shared>,
    _: Caller,
    PathId(id): PathId,
) -> Answer<StatusCode> {
    let channels = api
        .store
        .run(move |db| {
            apps::find(db, id)?
                .map(|app| channels::of_app(db, app.id))
                .transpose()
        })
        .await?
        .ok_or(Problem::Missing("App", id))?;
    for channel in channels {
        api.scheduler.stop(channel.id).await?;
    }
    api.store.run(move |db| apps::delete(db, id)).await?;
    api.scheduler.reload().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn name_rules(api: &Shared, rules: &mut Rules, name: Option<&str>) -> Answer<()> {
    let wanted = name.unwrap_or_default().to_owned();
    let taken = api
        .store
        .run(move |db| apps::name_taken(db, &wanted))
        .await?;
    rules.not_empty("Name", name, "Name is required.");
    rules.max_length("Name", name, 128);
    rules.matches("Name", name, is_name);
    rules.require("Name", !taken, "The specified name already exists.");
    Ok(())
}
