//! `/api/storages`

use std::collections::BTreeSet;

use axum::extract::State;
use bindle::Invoice;

use super::auth::Caller;
use super::page::{Page, PageQuery};
use super::{Answer, Json, Shared};

/// Lists names in Bindle. The offset counts bindles, not names, and the total is the number of names
/// among the first 50 bindles.
pub(crate) async fn list(
    State(api): State<Shared>,
    _: Caller,
    query: PageQuery,
) -> Answer<Json<Page<String>>> {
    let offset = u64::try_from(query.offset()).unwrap_or(0);
    let first = api.bindle.query(&query.search, 0).await?;
    let total = distinct(&first).len();
    let mut items = if offset == 0 {
        distinct(&first)
    } else {
        distinct(&api.bindle.query(&query.search, offset).await?)
    };
    items.truncate(query.limit());
    items.sort_unstable();
    if !query.ascending() {
        items.reverse();
    }
    Ok(Json(query.page(items, total)))
}

/// The names, each once, in the order of their first bindle.
fn distinct(invoices: &[Invoice]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    invoices
        .iter()
        .map(|invoice| invoice.bindle.id.name())
        .filter(|name| seen.insert(*name))
        .map(str::to_owned)
        .collect()
}
