//! `/api/channels`

use std::collections::BTreeSet;

use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use uuid::Uuid;

use super::auth::Caller;
use super::body::Command;
use super::domain::{default_domain, is_domain};
use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::validation::{Rules, is_name};
use super::views::ChannelItem;
use super::{Answer, Json, PLATFORM_DOMAIN, PathId, Shared, range};
use crate::apps::Job;
use crate::store::channels::{Channel, DesiredStatus, Strategy};
use crate::store::{apps, certificates, channels, now_text, revisions};

/// The rule that takes every version.
const ANY_VERSION: &str = "*";

/// Lists channels.
pub(crate) async fn list(
    State(api): State<Shared>,
    _: Caller,
    query: PageQuery,
) -> Answer<Json<Page<ChannelItem>>> {
    let search = query.clone();
    let mut items = api
        .store
        .run(move |db| {
            let found = channels::list(db)?
                .into_iter()
                .filter(|channel| search.finds(&channel.name));
            found
                .map(|channel| ChannelItem::of(db, channel))
                .collect::<rusqlite::Result<Vec<_>>>()
        })
        .await?;
    query.sort(&mut items)?;
    let total = items.len();
    Ok(Json(query.cut(items, total)))
}

/// Shows one channel.
pub(crate) async fn show(
    State(api): State<Shared>,
    _: Caller,
    PathId(id): PathId,
) -> Answer<Json<ChannelItem>> {
    let item = api
        .store
        .run(move |db| {
            channels::find(db, id)?
                .map(|channel| ChannelItem::alone(db, channel))
                .transpose()
        })
        .await?;
    item.map(Json).ok_or(Problem::Missing("Channel", id))
}

/// Creates a channel and starts it if it has a revision.
pub(crate) async fn create(
    State(api): State<Shared>,
    _: Caller,
    mut body: Command,
) -> Answer<Json<Uuid>> {
    let app_id = body.id("appId");
    let (name, domain) = (body.text("name"), body.text("domain"));
    let strategy = body.strategy("revisionSelectionStrategy");
    let mut range_rule = body.text("rangeRule");
    let revision_id = body.optional_id("activeRevisionId");
    let certificate_id = body.optional_id("certificateId");
    body.finish()?;

    let mut rules = Rules::default();
    let taken = Taken::look(
        &api,
        app_id,
        name.as_deref(),
        domain.as_deref(),
        Uuid::nil(),
    )
    .await?;
    name_rules(&mut rules, name.as_deref(), &taken);
    rules.require(
        "Domain",
        domain.as_deref() != Some(""),
        "Domain cannot be an empty string.",
    );
    rules.matches("Domain", domain.as_deref(), is_domain);
    rules.require(
        "Domain",
        !taken.domain,
        "The specified domain already exists.",
    );
    range_rule_rules(&mut rules, range_rule.as_deref());
    rules.require(
        "RevisionSelectionStrategy",
        (strategy == Strategy::UseSpecifiedRevision) == revision_id.is_some(),
        "ActiveRevisionId and the specified ChannelRevisionSelectionStrategy do not match up.",
    );
    rules.finish()?;

    let app = api
        .store
        .run(move |db| apps::find(db, app_id))
        .await?
        .ok_or(Problem::Missing("App", app_id))?;
    if let Some(id) = certificate_id {
        let found = api.store.run(move |db| certificates::find(db, id)).await?;
        found.ok_or(Problem::Missing("Certificate", id))?;
    }
    let active_revision_id = match (strategy, revision_id) {
        (Strategy::UseSpecifiedRevision, Some(id)) => {
            let found = api.store.run(move |db| revisions::find(db, id)).await?;
            Some(found.ok_or(Problem::Missing("Revision", id))?.id)
        }
        _ => {
            let rule = range_rule.get_or_insert_with(|| ANY_VERSION.to_owned());
            select_stored(&api, app_id, rule).await?
        }
    };
    let name = name.unwrap_or_default();
    let channel = api
        .store
        .run(move |db| {
            let is_first = channels::of_app(db, app.id)?.is_empty();
            let channel = Channel {
                id: Uuid::new_v4(),
                app_id: app.id,
                domain: domain
                    .unwrap_or_else(|| default_domain(&app.name, &name, is_first, PLATFORM_DOMAIN)),
                name,
                strategy,
                range_rule,
                active_revision_id,
                certificate_id,
                last_publish_at: active_revision_id.map(|_| now_text(db)).transpose()?,
                desired_status: DesiredStatus::Unset,
            };
            channels::save(db, &channel)?;
            Ok(channel)
        })
        .await?;
    let id = channel.id;
    start(&api, channel).await?;
    Ok(Json(id))
}

/// The stored revision that a range selects. Hippo puts them into a dictionary by number, so that
/// two of one number are an error.
async fn select_stored(api: &Shared, app_id: Uuid, rule: &str) -> Answer<Option<Uuid>> {
    let stored = api
        .store
        .run(move |db| revisions::of_app(db, app_id))
        .await?;
    let numbers: Vec<&str> = stored
        .iter()
        .map(|revision| revision.number.as_str())
        .collect();
    let mut distinct = numbers.clone();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < numbers.len() {
        return Err(anyhow::anyhow!("app {app_id} has two revisions of one number").into());
    }
    let selected = range::select(rule, &numbers)?;
    Ok(stored
        .iter()
        .find(|revision| Some(revision.number.as_str()) == selected)
        .map(|found| found.id))
}

/// The new content of a channel.
pub(crate) struct ChannelUpdate {
    pub(crate) id: Uuid,
    pub(crate) name: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) strategy: Strategy,
    pub(crate) range_rule: Option<String>,
    pub(crate) active_revision_id: Option<Uuid>,
    pub(crate) certificate_id: Option<Uuid>,
}

/// Replaces a channel's content. Members that are left out become null.
pub(crate) async fn update(
    State(api): State<Shared>,
    _: Caller,
    PathId(id): PathId,
    mut body: Command,
) -> Answer<StatusCode> {
    let update = ChannelUpdate {
        id: body.id("id"),
        name: body.text("name"),
        domain: body.text("domain"),
        strategy: body.strategy("revisionSelectionStrategy"),
        range_rule: body.text("rangeRule"),
        active_revision_id: body.optional_id("activeRevisionId"),
        certificate_id: body.optional_id("certificateId"),
    };
    body.finish()?;
    validate_update(&api, &update).await?;
    if update.id != id {
        return Err(Problem::IdMismatch);
    }
    apply(&api, update, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn validate_update(api: &Shared, update: &ChannelUpdate) -> Answer<Channel> {
    let id = update.id;
    let channel = api
        .store
        .run(move |db| channels::find(db, id))
        .await?
        .ok_or(Problem::Missing("Channel", id))?;
    let (name, domain) = (update.name.as_deref(), update.domain.as_deref());
    let taken = Taken::look(api, channel.app_id, name, domain, id).await?;
    let mut rules = Rules::default();
    name_rules(&mut rules, name, &taken);
    rules.not_empty("Domain", domain, "Domain is required.");
    rules.matches("Domain", domain, is_domain);
    rules.require(
        "Domain",
        !taken.domain,
        "The specified domain already exists.",
    );
    range_rule_rules(&mut rules, update.range_rule.as_deref());
    rules.finish()?;
    Ok(channel)
}

/// Validates and stores a channel's new content, and restarts it where Hippo would.
///
/// `revision_loaded` says that the caller holds the new active revision. Without that Hippo sees
/// none after a change of revision, and starts nothing unless the channel is to run.
pub(crate) async fn apply(
    api: &Shared,
    update: ChannelUpdate,
    revision_loaded: bool,
) -> Answer<()> {
    let before = validate_update(api, &update).await?;
    let mut channel = before.clone();
    channel.name = update.name.unwrap_or_default();
    channel.domain = update.domain.unwrap_or_default();
    channel.strategy = update.strategy;
    channel.range_rule = update.range_rule;
    if channel.strategy == Strategy::UseRangeRule && channel.range_rule.is_none() {
        channel.range_rule = Some(ANY_VERSION.to_owned());
    }
    channel.active_revision_id = update.active_revision_id;
    channel.certificate_id = update.certificate_id;
    save(api, channel.clone()).await?;
    let unchanged = channel.active_revision_id == before.active_revision_id;
    if unchanged || revision_loaded || channel.desired_status == DesiredStatus::Running {
        start(api, channel).await?;
    }
    Ok(())
}

/// Changes the members that the body has. Nothing is validated and nothing restarted.
pub(crate) async fn patch(
    State(api): State<Shared>,
    _: Caller,
    PathId(id): PathId,
    mut body: Command,
) -> Answer<StatusCode> {
    let has = |body: &Command, name: &str| body.has(name);
    let (has_name, has_domain) = (has(&body, "name"), has(&body, "domain"));
    let has_strategy = has(&body, "revisionSelectionStrategy");
    let (has_rule, has_revision) = (has(&body, "rangeRule"), has(&body, "activeRevisionId"));
    let (has_certificate, has_variables) = (
        has(&body, "certificateId"),
        has(&body, "environmentVariables"),
    );
    let (name, domain) = (body.text("name"), body.text("domain"));
    let strategy = body.strategy("revisionSelectionStrategy");
    let range_rule = body.text("rangeRule");
    let revision_id = body.optional_id("activeRevisionId");
    let certificate_id = body.optional_id("certificateId");
    let variables = body.variables("environmentVariables");
    body.finish()?;

    let mut channel = api
        .store
        .run(move |db| channels::find(db, id))
        .await?
        .ok_or(Problem::Missing("Channel", id))?;
    if has_name {
        channel.name = name.ok_or_else(|| anyhow::anyhow!("a channel's name can't be null"))?;
    }
    if has_domain {
        channel.domain =
            domain.ok_or_else(|| anyhow::anyhow!("a channel's domain can't be null"))?;
    }
    if has_rule {
        channel.range_rule = range_rule;
    }
    if has_strategy {
        channel.strategy = strategy;
        if strategy == Strategy::UseRangeRule && has_rule && channel.range_rule.is_none() {
            channel.range_rule = Some(ANY_VERSION.to_owned());
        }
    }
    if has_revision {
        channel.active_revision_id = revision_id;
    }
    if has_certificate {
        channel.certificate_id = certificate_id;
    }
    api.store
        .run(move |db| {
            channels::save(db, &channel)?;
            if has_variables {
                channels::set_variables(db, id, &variables)
            } else {
                Ok(())
            }
        })
        .await?;
    api.scheduler.reload().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Starts or stops a channel. This is what makes a patch take effect.
pub(crate) async fn set_desired_status(
    State(api): State<Shared>,
    _: Caller,
    PathId(id): PathId,
    mut body: Command,
) -> Answer<StatusCode> {
    let body_id = body.id("channelId");
    let desired_status = body.desired_status("desiredStatus");
    body.finish()?;
    if body_id != id {
        return Err(Problem::IdMismatch);
    }
    let mut channel = api
        .store
        .run(move |db| channels::find(db, id))
        .await?
        .ok_or(Problem::Missing("Channel", id))?;
    channel.desired_status = desired_status;
    save(&api, channel.clone()).await?;
    match desired_status {
        DesiredStatus::Dead => api.scheduler.stop(id).await?,
        DesiredStatus::Running | DesiredStatus::Unset => start(&api, channel).await?,
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Stops and deletes a channel.
pub(crate) async fn remove(
    State(api): State<Shared>,
    _: Caller,
    PathId(id): PathId,
) -> Answer<StatusCode> {
    let found = api.store.run(move |db| channels::find(db, id)).await?;
    found.ok_or(Problem::Missing("Channel", id))?;
    api.scheduler.stop(id).await?;
    api.store.run(move |db| channels::delete(db, id)).await?;
    api.scheduler.reload().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a channel's application wrote.
#[derive(Serialize)]
pub(crate) struct Logs {
    logs: Vec<String>,
}

/// Shows what a channel's application wrote. Whether there is such a channel isn't asked.
pub(crate) async fn logs(
    State(api): State<Shared>,
    _: Caller,
    PathId(id): PathId,
) -> Answer<Json<Logs>> {
    Ok(Json(Logs {
        logs: api.scheduler.apps().logs(id),
    }))
}

async fn save(api: &Shared, channel: Channel) -> Answer<()> {
    api.store
        .run(move |db| channels::save(db, &channel))
        .await?;
    api.scheduler.reload().await?;
    Ok(())
}

/// Starts a channel with its active revision, if it has one.
async fn start(api: &Shared, channel: Channel) -> Answer<()> {
    let Some(revision_id) = channel.active_revision_id else {
        api.scheduler.reload().await?;
        return Ok(());
    };
    let (id, app_id) = (channel.id, channel.app_id);
    let (bindle_id, variables) = api
        .store
        .run(move |db| {
            let (app, revision) = (apps::find(db, app_id)?, revisions::find(db, revision_id)?);
            let bindle_id = app
                .zip(revision)
                .map(|(app, revision)| format!("{}/{}", app.storage_id, revision.number));
            Ok((bindle_id, channels::variables(db, id)?))
        })
        .await?;
    // Hippo makes a dictionary of them for the job, if only to leave it out. Here those reach the application
    // that Spin would take for values of variables, had it them in its environment.
    let mut keys = BTreeSet::new();
    if let Some(twin) = variables
        .iter()
        .find(|variable| !keys.insert(&variable.key))
    {
        return Err(anyhow::anyhow!("channel {id} has two variables '{}'", twin.key).into());
    }
    if let Some(bindle_id) = bindle_id {
        let job = Job {
            bindle_id,
            variables: variables
                .into_iter()
                .filter_map(|variable| Some((variable.of_application()?, variable.value)))
                .collect(),
        };
        api.scheduler.start(channel.id, job, channel.domain).await?;
    }
    Ok(())
}

/// What others have already.
struct Taken {
    name: bool,
    domain: bool,
}

impl Taken {
    async fn look(
        api: &Shared,
        app: Uuid,
        name: Option<&str>,
        domain: Option<&str>,
        except: Uuid,
    ) -> Answer<Self> {
        let name = name.unwrap_or_default().to_owned();
        let domain = domain.map(str::to_owned);
        let taken = api
            .store
            .run(move |db| {
                Ok(Self {
                    name: channels::name_taken(db, app, &name, except)?,
                    domain: match domain {
                        Some(domain) => channels::domain_taken(db, &domain, except)?,
                        None => false,
                    },
                })
            })
            .await?;
        Ok(taken)
    }
}

fn name_rules(rules: &mut Rules, name: Option<&str>, taken: &Taken) {
    rules.not_empty("Name", name, "Name is required.");
    rules.max_length("Name", name, 64);
    rules.matches("Name", name, is_name);
    rules.require(
        "Name",
        !taken.name,
        "A channel with the same name already exists for this app.",
    );
}

fn range_rule_rules(rules: &mut Rules, rule: Option<&str>) {
    rules.require(
        "RangeRule",
        rule != Some(""),
        "Range rule cannot be an empty string.",
    );
}
