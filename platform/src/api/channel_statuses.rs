//! `/api/channel-statuses`

use axum::extract::State;
use serde::Serialize;
use uuid::Uuid;

use super::auth::Caller;
use super::page::{Page, PageQuery};
use super::{Answer, Json, Shared};
use crate::apps::JobStatus;
use crate::store::channels;

/// How a channel is doing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusItem {
    channel_id: Uuid,
    status: &'static str,
}

impl StatusItem {
    fn of(api: &Shared, channel_id: Uuid) -> Self {
        let status = match api.scheduler.status(channel_id) {
            JobStatus::Unknown => "Unknown",
            JobStatus::Pending => "Pending",
            JobStatus::Running => "Running",
            JobStatus::Dead => "Dead",
        };
        Self { channel_id, status }
    }
}

/// Lists how channels are doing. The total counts jobs, not channels; asked for one channel, the
/// answer is that one on every page, whether it exists or not.
pub(crate) async fn list(
    State(api): State<Shared>,
    _: Caller,
    query: PageQuery,
) -> Answer<Json<Page<StatusItem>>> {
    let query = query.or_everything();
    if let Some(channel) = query.channel_id {
        return Ok(Json(query.page(vec![StatusItem::of(&api, channel)], 1)));
    }
    let channels = api.store.run(channels::list).await?;
    let items = channels
        .iter()
        .map(|channel| StatusItem::of(&api, channel.id))
        .collect();
    Ok(Json(query.cut(items, api.scheduler.job_count())))
}
