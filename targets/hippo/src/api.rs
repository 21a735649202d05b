//! Hippo's JSON, as far as a deploy reads and writes it (server 0.19 to 0.20).
//!
//! Names are camelCase, members that Hippo adds are ignored, and what it writes as null is taken for absent.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// A page of a list. Its `totalItems` and `isLastPage` are wrong in several lists of Hippo's, so they are not read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// What the page holds.
    pub items: Vec<T>,
    /// How many items this server puts on a page, as it understood the question.
    #[serde(default)]
    pub page_size: Option<usize>,
}

/// An application (`AppItem`).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct App {
    /// Hippo's id of it.
    pub id: Uuid,
    /// Unique on the server, compared with case.
    pub name: String,
    /// Name of the bindles that its revisions are versions of.
    pub storage_id: String,
    /// Its channels, in the order of their creation.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub channels: Vec<ChannelSummary>,
}

/// A channel, as an application lists it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelSummary {
    /// Hippo's id of it.
    pub id: Uuid,
    /// Unique within the application.
    pub name: String,
}

/// A channel (`ChannelItem`).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    /// Hippo's id of it.
    pub id: Uuid,
    /// The application that it belongs to.
    pub app_id: Uuid,
    /// Unique within the application.
    pub name: String,
    /// Host name at which it answers, without scheme and port.
    pub domain: String,
    /// How Hippo chooses its revision.
    pub revision_selection_strategy: Strategy,
    /// The revision that it runs, or is to run.
    #[serde(default)]
    pub active_revision: Option<Revision>,
    /// Its environment variables. Lists of channels come without them.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub environment_variables: Vec<EnvironmentVariable>,
}

/// An environment variable of a channel (`EnvironmentVariableItem`, `UpdateEnvironmentVariableDto`).
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentVariable {
    /// Its name.
    pub key: String,
    /// Its value, which may be a secret, its placeholder, or stars in place of it.
    pub value: String,
}

/// Shows the name, not the value.
impl fmt::Debug for EnvironmentVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EnvironmentVariable")
            .field(&self.key)
            .finish()
    }
}

/// How a channel is doing (`ChannelJobStatusItem`).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelStatus {
    /// The channel.
    pub channel_id: Uuid,
    /// `Unknown`, `Pending`, `Running` or [`DEAD`].
    pub status: String,
}

/// The state of a channel that does not run, or whose state Hippo could not find out.
pub const DEAD: &str = "Dead";

/// A revision (`RevisionItem`).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// Hippo's id of it.
    pub id: Uuid,
    /// The application that it belongs to.
    pub app_id: Uuid,
    /// Version of the bindle. Not unique: Hippo stores what is registered twice as two.
    pub revision_number: String,
}

/// How Hippo chooses a channel's revision (`ChannelRevisionSelectionStrategy`): a word, or its number from 0.18 servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// The last registered revision that a range of versions admits (0).
    Range,
    /// The revision that the channel names (1).
    Specified,
    /// One that this target doesn't know.
    Other,
}

impl<'de> Deserialize<'de> for Strategy {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let form = Value::deserialize(input)?;
        let word = form.as_str().unwrap_or_default();
        Ok(match form.as_i64() {
            Some(0) => Self::Range,
            Some(1) => Self::Specified,
            None if word.eq_ignore_ascii_case("UseRangeRule") => Self::Range,
            None if word.eq_ignore_ascii_case(USE_SPECIFIED_REVISION) => Self::Specified,
            _ => Self::Other,
        })
    }
}

/// The one strategy that this target asks for: ranges follow whatever was registered last, and cannot tell revisions
/// apart that differ in build metadata alone.
pub const USE_SPECIFIED_REVISION: &str = "UseSpecifiedRevision";

/// Body of `POST /api/apps`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateApp<'a> {
    /// See [`App::name`].
    pub name: &'a str,
    /// See [`App::storage_id`].
    pub storage_id: &'a str,
}

/// Body of `POST /api/revisions`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterRevision<'a> {
    /// See [`App::storage_id`].
    pub app_storage_id: &'a str,
    /// See [`Revision::revision_number`].
    pub revision_number: &'a str,
}

/// Body of `POST /api/channels`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateChannel<'a> {
    /// The application.
    pub app_id: Uuid,
    /// Name of the channel.
    pub name: &'a str,
    /// Its domain; without it Hippo makes one of the application's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<&'a str>,
    /// [`USE_SPECIFIED_REVISION`].
    pub revision_selection_strategy: &'static str,
    /// The revision to run.
    pub active_revision_id: Uuid,
}

/// Body of `PATCH /api/channels/{id}`. Members are raw values; the ones left out stay as they are.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PatchChannel<'a> {
    /// A new domain. Hippo checks nothing here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<&'a str>,
    /// [`USE_SPECIFIED_REVISION`].
    pub revision_selection_strategy: &'static str,
    /// The revision to run.
    pub active_revision_id: Uuid,
    /// All environment variables: those that are left out are removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment_variables: Option<Vec<EnvironmentVariable>>,
}

/// Body of `PUT /api/channels/{id}/desired-status`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DesiredStatus {
    /// The channel, again.
    pub channel_id: Uuid,
    /// `Running` or `Dead`.
    pub desired_status: &'static str,
}

/// Body of `POST /api/auth-tokens`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateToken<'a> {
    /// Compared with case.
    pub user_name: &'a str,
    /// The password, or the host's placeholder for it.
    pub password: &'a str,
}

/// Answer of `POST /api/auth-tokens`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// A JSON web token.
    pub token: String,
    /// When it ends: ISO 8601, UTC.
    #[serde(default)]
    pub expiration: Option<String>,
}

/// Answer of `GET /healthz`, and each service in it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Health {
    /// `Hippo`, `Bindle`, `Nomad`, ...
    #[serde(default)]
    pub service_name: String,
    /// What the check says.
    #[serde(default)]
    pub description: String,
    /// `Healthy`, `Degraded` or `Unhealthy`.
    pub status: String,
    /// What it depends on.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub subservices: Vec<Health>,
}

fn null_as_empty<'de, D, T>(input: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(input)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strategy_is_a_word_or_a_number() {
        let read = |json: &str| serde_json::from_str::<Strategy>(json).unwrap();
        assert_eq!(read("\"UseSpecifiedRevision\""), Strategy::Specified);
        assert_eq!(read("1"), Strategy::Specified);
        assert_eq!(read("\"userangerule\""), Strategy::Range);
        assert_eq!(read("0"), Strategy::Range);
        assert_eq!(read("7"), Strategy::Other);
    }

    #[test]
    fn an_application_may_come_without_channels() {
        let app: App = serde_json::from_str(
            r#"{"id":"0f8fad5b-d9cb-469f-a165-70867728950e","name":"a","storageId":"a","description":null,"channels":null}"#,
        )
        .unwrap();
        assert!(app.channels.is_empty());
    }

    #[test]
    fn what_is_not_patched_is_not_written() {
        let patch = PatchChannel {
            domain: None,
            revision_selection_strategy: USE_SPECIFIED_REVISION,
            active_revision_id: Uuid::nil(),
            environment_variables: None,
        };
        assert_eq!(
            serde_json::to_string(&patch).unwrap(),
            r#"{"revisionSelectionStrategy":"UseSpecifiedRevision","activeRevisionId":"00000000-0000-0000-0000-000000000000"}"#
        );
    }
}
