//! Channels and their environment variables.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, params};
use serde::Serialize;
use uuid::Uuid;

/// How a channel's active revision is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Strategy {
    /// By a semver range, when a revision is registered. Number 0.
    UseRangeRule,
    /// By its identifier. Number 1.
    UseSpecifiedRevision,
}

impl FromSql for Strategy {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(Self::UseRangeRule),
            1 => Ok(Self::UseSpecifiedRevision),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

impl ToSql for Strategy {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok((*self as i64).into())
    }
}

/// What somebody last asked a channel to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DesiredStatus {
    /// Nothing yet. Number 0, which Hippo's enumeration doesn't have but its rows do.
    Unset,
    /// To run. Number 2.
    Running,
    /// To be stopped. Number 3.
    Dead,
}

impl FromSql for DesiredStatus {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(Self::Unset),
            2 => Ok(Self::Running),
            3 => Ok(Self::Dead),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

impl ToSql for DesiredStatus {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let number = match self {
            Self::Unset => 0,
            Self::Running => 2,
            Self::Dead => 3,
        };
        Ok(number.into())
    }
}

/// One channel: a domain at which one revision of an app answers.
#[derive(Clone)]
pub(crate) struct Channel {
    pub(crate) id: Uuid,
    pub(crate) app_id: Uuid,
    pub(crate) name: String,
    pub(crate) domain: String,
    pub(crate) strategy: Strategy,
    pub(crate) range_rule: Option<String>,
    pub(crate) active_revision_id: Option<Uuid>,
    pub(crate) certificate_id: Option<Uuid>,
    pub(crate) last_publish_at: Option<String>,
    pub(crate) desired_status: DesiredStatus,
}

/// One environment variable of a channel. Hippo stores them and never hands them to the
/// application. This platform takes those that begin with [`PREFIX`] for values of the application's
/// variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// How Spin names the environment variables from which it takes the values of an application's
/// variables: with this prefix, and the name in upper case.
const PREFIX: &str = "SPIN_VARIABLE_";

impl Variable {
    /// The name of the application's variable whose value this is.
    pub(crate) fn of_application(&self) -> Option<String> {
        let name = self.key.strip_prefix(PREFIX)?;
        let is_upper = !name.bytes().any(|byte| byte.is_ascii_lowercase());
        is_upper.then(|| name.to_ascii_lowercase())
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Channel> {
    Ok(Channel {
        id: super::id_at(row, "id")?,
        app_id: super::id_at(row, "app_id")?,
        name: row.get("name")?,
        domain: row.get("domain")?,
        strategy: row.get("strategy")?,
        range_rule: row.get("range_rule")?,
        active_revision_id: super::optional_id_at(row, "active_revision_id")?,
        certificate_id: super::optional_id_at(row, "certificate_id")?,
        last_publish_at: row.get("last_publish_at")?,
        desired_status: row.get("desired_status")?,
    })
}

/// All channels, oldest first.
pub(crate) fn list(db: &Connection) -> rusqlite::Result<Vec<Channel>> {
    super::collect(db, "SELECT * FROM channel ORDER BY position", [], read)
}

/// The channels of one app, oldest first.
pub(crate) fn of_app(db: &Connection, app: Uuid) -> rusqlite::Result<Vec<Channel>> {
    super::collect(
        db,
        "SELECT * FROM channel WHERE app_id = ?1 ORDER BY position",
        [app.to_string()],
        read,
    )
}

/// The channel of this identifier.
pub(crate) fn find(db: &Connection, id: Uuid) -> rusqlite::Result<Option<Channel>> {
    super::find(
        db,
        "SELECT * FROM channel WHERE id = ?1",
        [id.to_string()],
        read,
    )
}

/// Whether the app has another channel of exactly this name.
pub(crate) fn name_taken(
    db: &Connection,
    app: Uuid,
    name: &str,
    except: Uuid,
) -> rusqlite::Result<bool> {
    super::exists(
        db,
        "SELECT 1 FROM channel WHERE app_id = ?1 AND name = ?2 AND id <> ?3",
        params![app.to_string(), name, except.to_string()],
    )
}

/// Whether any other channel has exactly this domain.
pub(crate) fn domain_taken(db: &Connection, domain: &str, except: Uuid) -> rusqlite::Result<bool> {
    super::exists(
        db,
        "SELECT 1 FROM channel WHERE domain = ?1 AND id <> ?2",
        params![domain, except.to_string()],
    )
}

/// Stores a new channel, or the new content of one. Fails when its revision or certificate doesn't
/// exist.
pub(crate) fn save(db: &Connection, channel: &Channel) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO channel (id, app_id, name, domain, strategy, range_rule, active_revision_id,
             certificate_id, last_publish_at, desired_status)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (id) DO UPDATE SET name = ?3, domain = ?4, strategy = ?5, range_rule = ?6,
             active_revision_id = ?7, certificate_id = ?8, last_publish_at = ?9, desired_status = ?10",
        params![
            channel.id.to_string(),
            channel.app_id.to_string(),
            channel.name,
            channel.domain,
            channel.strategy,
            channel.range_rule,
            channel.active_revision_id.map(|id| id.to_string()),
            channel.certificate_id.map(|id| id.to_string()),
            channel.last_publish_at,
            channel.desired_status
        ],
    )?;
    Ok(())
}

/// Deletes a channel.
pub(crate) fn delete(db: &Connection, id: Uuid) -> rusqlite::Result<()> {
    db.execute("DELETE FROM channel WHERE id = ?1", [id.to_string()])?;
    Ok(())
}

/// The environment variables of a channel, oldest first.
pub(crate) fn variables(db: &Connection, id: Uuid) -> rusqlite::Result<Vec<Variable>> {
    super::collect(
        db,
        "SELECT key, value FROM environment_variable WHERE channel_id = ?1 ORDER BY position",
        [id.to_string()],
        |row| {
            Ok(Variable {
                key: row.get("key")?,
                value: row.get("value")?,
            })
        },
    )
}

/// Replaces all environment variables of a channel. Keys may repeat.
pub(crate) fn set_variables(
    db: &Connection,
    id: Uuid,
    variables: &[Variable],
) -> rusqlite::Result<()> {
    db.execute(
        "DELETE FROM environment_variable WHERE channel_id = ?1",
        [id.to_string()],
    )?;
    for variable in variables {
        db.execute(
            "INSERT INTO environment_variable (channel_id, key, value) VALUES (?1, ?2, ?3)",
            params![id.to_string(), variable.key, variable.value],
        )?;
    }
    Ok(())
}
