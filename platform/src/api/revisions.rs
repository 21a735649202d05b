//! `/api/revisions`

use anyhow::Context;
use axum::extract::State;
use http::header::LOCATION;
use http::{HeaderName, StatusCode};
use uuid::Uuid;

use super::auth::Caller;
use super::body::Command;
use super::channels::{self, ChannelUpdate};
use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::range;
use super::validation::{Rules, is_revision_storage_id};
use super::views::RevisionItem;
use super::{Answer, Json, PathId, Shared};
use crate::store::apps::App;
use crate::store::channels::Strategy;
use crate::store::revisions::Revision;
use crate::store::{apps, channels as stored_channels, revisions};

/// Lists all revisions of all apps. There is no search and no sorting.
pub(crate) async fn list(
    State(api): State<Shared>,
    _: Caller,
    query: PageQuery,
) -> Answer<Json<Page<RevisionItem>>> {
    let page = api
        .store
        .run(move |db| {
            let all = revisions::list(db)?;
            let total = all.len();
            let cut = usize::try_from(query.offset()).unwrap_or(0);
            let items = all
                .into_iter()
                .skip(cut)
                .take(query.limit())
                .map(|revision| RevisionItem::of(db, revision))
                .collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(query.page(items, total))
        })
        .await?;
    Ok(Json(page))
}

/// Registers a revision for every app of a storage identifier, be it known already or not. What
/// follows from it may fail; the revisions stay.
pub(crate) async fn create(
    State(api): State<Shared>,
    _: Caller,
    mut body: Command,
) -> Answer<(StatusCode, [(HeaderName, &'static str); 1])> {
    let (storage_id, number) = (body.text("appStorageId"), body.text("revisionNumber"));
    body.finish()?;
    let mut rules = Rules::default();
    rules.not_empty(
        "AppStorageId",
        storage_id.as_deref(),
        "Storage ID is required.",
    );
    rules.max_length("AppStorageId", storage_id.as_deref(), 200);
    rules.matches(
        "AppStorageId",
        storage_id.as_deref(),
        is_revision_storage_id,
    );
    rules.not_empty(
        "RevisionNumber",
        number.as_deref(),
        "'Revision Number' must not be empty.",
    );
    rules.max_length("RevisionNumber", number.as_deref(), 128);
    rules.finish()?;

    let (storage_id, number) = (storage_id.unwrap_or_default(), number.unwrap_or_default());
    let registered: Vec<(App, Revision)> = api
        .store
        .run(move |db| {
            apps::by_storage(db, &storage_id)?
                .into_iter()
                .map(|app| {
                    let revision = Revision {
                        id: Uuid::new_v4(),
                        app_id: app.id,
                        number: number.clone(),
                        description: None,
                    };
                    revisions::insert(db, &revision)?;
                    Ok((app, revision))
                })
                .collect()
        })
        .await?;
    if registered.is_empty() {
        return Err(Problem::NoMatch);
    }
    for (app, revision) in &registered {
        follow_ranges(&api, app, revision).await?;
        fetch_details(&api, &app.storage_id, revision).await?;
    }
    Ok((StatusCode::CREATED, [(LOCATION, "")]))
}

/// Switches the channels whose range the new revision satisfies. Hippo compares it with no other, so
/// the last registered wins, not the greatest.
async fn follow_ranges(api: &Shared, app: &App, revision: &Revision) -> Answer<()> {
    let app_id = app.id;
    let all = api
        .store
        .run(move |db| stored_channels::of_app(db, app_id))
        .await?;
    for channel in all
        .into_iter()
        .filter(|channel| channel.strategy == Strategy::UseRangeRule)
    {
        let rule = channel
            .range_rule
            .as_deref()
            .with_context(|| format!("channel {} follows a range but has none", channel.id))?;
        if range::select(rule, &[&revision.number])?.is_none() {
            continue;
        }
        let update = ChannelUpdate {
            id: channel.id,
            name: Some(channel.name),
            domain: Some(channel.domain),
            strategy: channel.strategy,
            range_rule: channel.range_rule,
            active_revision_id: Some(revision.id),
            certificate_id: channel.certificate_id,
        };
        // The revision is at hand here, so that the change restarts the channel.
        channels::apply(api, update, true).await?;
    }
    Ok(())
}

/// Reads from Bindle what a revision consists of, and stores it.
pub(crate) async fn fetch_details(
    api: &Shared,
    storage_id: &str,
    revision: &Revision,
) -> Answer<()> {
    let details = api.bindle.details(storage_id, &revision.number).await?;
    let id = revision.id;
    api.store
        .run(move |db| {
            revisions::set_details(db, id, details.description.as_deref(), &details.components)
        })
        .await?;
    Ok(())
}

/// Deletes a revision. Hippo trips over every channel of the app that follows a range.
pub(crate) async fn remove(
    State(api): State<Shared>,
    _: Caller,
    PathId(id): PathId,
) -> Answer<StatusCode> {
    let follows_range = api
        .store
        .run(move |db| {
            let Some(revision) = revisions::find(db, id)? else {
                return Ok(None);
            };
            let channels = stored_channels::of_app(db, revision.app_id)?;
            Ok(Some(
                channels
                    .iter()
                    .any(|channel| channel.strategy == Strategy::UseRangeRule),
            ))
        })
        .await?
        .ok_or(Problem::Missing("Revision", id))?;
    if follows_range {
        return Err(anyhow::anyhow!(
            "Hippo can't delete a revision of an app that has a channel with UseRangeRule"
        )
        .into());
    }
    api.store.run(move |db| revisions::delete(db, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
