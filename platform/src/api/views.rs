//! What answers show of the stored things.

use rusqlite::Connection;
use serde::Serialize;
use uuid::Uuid;

use super::page::{Key, Property, Sortable};
use crate::store::apps::App;
use crate::store::certificates::Certificate;
use crate::store::channels::{Channel, Strategy};
use crate::store::revisions::Revision;
use crate::store::{apps, certificates, channels, revisions};

/// An app.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppItem {
    id: Uuid,
    name: String,
    storage_id: String,
    description: Option<String>,
    channels: Vec<AppChannel>,
}

/// A channel inside an app.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppChannel {
    id: Uuid,
    name: String,
    active_revision_number: Option<String>,
}

/// An app inside a channel.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppSummary {
    id: Uuid,
    name: String,
    storage_id: String,
    channels: Vec<AppChannel>,
}

/// A channel.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChannelItem {
    id: Uuid,
    app_id: Uuid,
    name: String,
    domain: String,
    revision_selection_strategy: Strategy,
    active_revision: Option<RevisionItem>,
    last_publish_at: Option<String>,
    range_rule: Option<String>,
    certificate: Option<CertificateItem>,
    environment_variables: Vec<VariableItem>,
    app_summary: Option<AppSummary>,
}

/// An environment variable of a channel.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VariableItem {
    channel_id: Uuid,
    key: String,
    value: String,
}

/// A revision.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RevisionItem {
    id: Uuid,
    app_id: Uuid,
    revision_number: String,
    components: Vec<ComponentItem>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// A component of a revision.
#[derive(Serialize)]
pub(crate) struct ComponentItem {
    id: Uuid,
    source: String,
    name: String,
    route: Option<String>,
    channel: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// A certificate.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CertificateItem {
    id: Uuid,
    name: String,
    public_key: String,
    private_key: String,
    channels: Vec<ChannelItem>,
}

impl AppItem {
    /// Reads what belongs to an app.
    pub(crate) fn of(db: &Connection, app: App) -> rusqlite::Result<Self> {
        // The description of the number that sorts last as a text.
        let described = revisions::of_app(db, app.id)?
            .into_iter()
            .max_by(|a, b| a.number.cmp(&b.number));
        let channels = app_channels(db, app.id, true)?;
        Ok(Self {
            id: app.id,
            name: app.name,
            storage_id: app.storage_id,
            description: described.and_then(|revision| revision.description),
            channels,
        })
    }
}

fn app_channels(
    db: &Connection,
    app: Uuid,
    with_numbers: bool,
) -> rusqlite::Result<Vec<AppChannel>> {
    channels::of_app(db, app)?
        .into_iter()
        .map(|channel| {
            let active = match channel.active_revision_id.filter(|_| with_numbers) {
                Some(id) => revisions::find(db, id)?,
                None => None,
            };
            Ok(AppChannel {
                id: channel.id,
                name: channel.name,
                active_revision_number: active.map(|revision| revision.number),
            })
        })
        .collect()
}

impl ChannelItem {
    /// Reads what belongs to a channel, as lists show it.
    pub(crate) fn of(db: &Connection, channel: Channel) -> rusqlite::Result<Self> {
        let certificate = match channel.certificate_id {
            Some(id) => certificates::find(db, id)?,
            None => None,
        };
        let mut item = Self::bare(db, channel)?;
        item.environment_variables = channels::variables(db, item.id)?
            .into_iter()
            .map(|variable| VariableItem {
                channel_id: item.id,
                key: variable.key,
                value: variable.value,
            })
            .collect();
        item.certificate = certificate.map(CertificateItem::bare);
        Ok(item)
    }

    /// Reads what belongs to a channel, as it is shown by itself: with its app, and with the kind of
    /// its revision.
    pub(crate) fn alone(db: &Connection, channel: Channel) -> rusqlite::Result<Self> {
        let mut item = Self::of(db, channel)?;
        if let Some(revision) = &mut item.active_revision {
            revision.kind = revision
                .components
                .first()
                .and_then(|component| component.kind.clone());
        }
        item.app_summary = match apps::find(db, item.app_id)? {
            Some(app) => Some(AppSummary {
                id: app.id,
                name: app.name,
                storage_id: app.storage_id,
                channels: app_channels(db, app.id, false)?,
            }),
            None => None,
        };
        Ok(item)
    }

    fn bare(db: &Connection, channel: Channel) -> rusqlite::Result<Self> {
        let revision = match channel.active_revision_id {
            Some(id) => revisions::find(db, id)?,
            None => None,
        };
        Ok(Self {
            id: channel.id,
            app_id: channel.app_id,
            name: channel.name,
            domain: channel.domain,
            revision_selection_strategy: channel.strategy,
            active_revision: revision
                .map(|revision| RevisionItem::of(db, revision))
                .transpose()?,
            last_publish_at: channel.last_publish_at,
            range_rule: channel.range_rule,
            certificate: None,
            environment_variables: Vec::new(),
            app_summary: None,
        })
    }
}

impl RevisionItem {
    /// Reads what belongs to a revision.
    pub(crate) fn of(db: &Connection, revision: Revision) -> rusqlite::Result<Self> {
        let components = revisions::components(db, revision.id)?
            .into_iter()
            .map(|component| ComponentItem {
                id: component.id,
                source: component.source,
                name: component.name,
                route: component.route,
                channel: component.channel,
                kind: component.kind,
            })
            .collect();
        Ok(Self {
            id: revision.id,
            app_id: revision.app_id,
            revision_number: revision.number,
            components,
            kind: None,
        })
    }
}

impl CertificateItem {
    /// Reads what belongs to a certificate. The channels in it show no certificate again.
    pub(crate) fn of(db: &Connection, certificate: Certificate) -> rusqlite::Result<Self> {
        let users = channels::list(db)?
            .into_iter()
            .filter(|channel| channel.certificate_id == Some(certificate.id))
            .map(|channel| ChannelItem::bare(db, channel))
            .collect::<rusqlite::Result<_>>()?;
        Ok(Self {
            channels: users,
            ..Self::bare(certificate)
        })
    }

    fn bare(certificate: Certificate) -> Self {
        Self {
            id: certificate.id,
            name: certificate.name,
            public_key: certificate.public_key,
            private_key: certificate.private_key,
            channels: Vec::new(),
        }
    }
}

impl Sortable for AppItem {
    fn property(name: &str) -> Option<Property<Self>> {
        Some(match name {
            "Id" => Property::Comparable(|item| Key::Id(item.id)),
            "Name" => Property::Comparable(|item| Key::text(&item.name)),
            "StorageId" => Property::Comparable(|item| Key::text(&item.storage_id)),
            "Description" => {
                Property::Comparable(|item| Key::optional_text(item.description.as_deref()))
            }
            "Channels" => Property::Opaque,
            _ => return None,
        })
    }
}

impl Sortable for ChannelItem {
    fn property(name: &str) -> Option<Property<Self>> {
        Some(match name {
            "Id" => Property::Comparable(|item| Key::Id(item.id)),
            "AppId" => Property::Comparable(|item| Key::Id(item.app_id)),
            "Name" => Property::Comparable(|item| Key::text(&item.name)),
            "Domain" => Property::Comparable(|item| Key::text(&item.domain)),
            "RevisionSelectionStrategy" => {
                Property::Comparable(|item| Key::Number(item.revision_selection_strategy as i32))
            }
            "LastPublishAt" => {
                Property::Comparable(|item| Key::optional_text(item.last_publish_at.as_deref()))
            }
            "RangeRule" => {
                Property::Comparable(|item| Key::optional_text(item.range_rule.as_deref()))
            }
            "ActiveRevision" | "Certificate" | "EnvironmentVariables" | "AppSummary" => {
                Property::Opaque
            }
            _ => return None,
        })
    }
}

impl Sortable for CertificateItem {
    fn property(name: &str) -> Option<Property<Self>> {
        Some(match name {
            "Id" => Property::Comparable(|item| Key::Id(item.id)),
            "Name" => Property::Comparable(|item| Key::text(&item.name)),
            "PublicKey" => Property::Comparable(|item| Key::text(&item.public_key)),
            "PrivateKey" => Property::Comparable(|item| Key::text(&item.private_key)),
            "Channels" => Property::Opaque,
            _ => return None,
        })
    }
}
