//! What the platform remembers, in one SQLite file.
//!
//! Each submodule holds one table and the few statements on it, as functions on a connection, so
//! that a handler can combine them in one call of [`Store::run`].

pub(crate) mod accounts;
pub(crate) mod apps;
pub(crate) mod certificates;
pub(crate) mod channels;
pub(crate) mod jobs;
pub(crate) mod revisions;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

/// The tables. `position` columns keep the order of creation, which identifiers don't have.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS secret (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS account (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, normalized_name TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL, administrator INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS app (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL, storage_id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS revision (
    id TEXT PRIMARY KEY, app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
    number TEXT NOT NULL, description TEXT);
CREATE TABLE IF NOT EXISTS component (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL,
    revision_id TEXT NOT NULL REFERENCES revision (id) ON DELETE CASCADE,
    source TEXT NOT NULL, name TEXT NOT NULL, route TEXT, channel TEXT, type TEXT);
CREATE TABLE IF NOT EXISTS certificate (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL, public_key TEXT NOT NULL, private_key TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS channel (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
    name TEXT NOT NULL, domain TEXT NOT NULL, strategy INTEGER NOT NULL, range_rule TEXT,
    active_revision_id TEXT REFERENCES revision (id) ON DELETE SET NULL,
    certificate_id TEXT REFERENCES certificate (id),
    last_publish_at TEXT, desired_status INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS environment_variable (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id TEXT NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
    key TEXT NOT NULL, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS job (channel_id TEXT PRIMARY KEY, bindle_id TEXT NOT NULL, domain TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS job_variable (
    channel_id TEXT NOT NULL REFERENCES job (channel_id) ON DELETE CASCADE,
    name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (channel_id, name));
CREATE INDEX IF NOT EXISTS revision_of_app ON revision (app_id);
CREATE INDEX IF NOT EXISTS component_of_revision ON component (revision_id);
CREATE INDEX IF NOT EXISTS channel_of_app ON channel (app_id);
CREATE INDEX IF NOT EXISTS variable_of_channel ON environment_variable (channel_id);
";

/// The database. Clones share one connection.
#[derive(Clone)]
pub(crate) struct Store {
    connection: Arc<Mutex<Connection>>,
}

impl Store {
    /// Opens the file, creating it readable by its owner only, and its tables.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        // SQLite would create the file with the process's usual mode; its side files copy the
        // mode of the main one.
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path)
            .with_context(|| format!("can't write {}", path.display()))?;
        let connection = Connection::open(path)
            .with_context(|| format!("can't open the database {}", path.display()))?;
        let prepare = || {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.execute_batch(SCHEMA)
        };
        prepare().with_context(|| format!("{} isn't a platform's database", path.display()))?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    /// Runs statements on a thread that may block, all in one transaction: when `work` fails,
    /// nothing of it stays.
    pub(crate) async fn run<T, F>(&self, work: F) -> anyhow::Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let connection = Arc::clone(&self.connection);
        tokio::task::spawn_blocking(move || {
            // A panic inside a transaction has rolled it back, so the connection is still good.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection.transaction()?;
            let value = work(&transaction)?;
            transaction.commit()?;
            anyhow::Ok(value)
        })
        .await
        .context("the database thread ended early")?
        .context("the database refused a statement")
    }

    /// A secret that is made once and then kept.
    pub(crate) async fn secret(
        &self,
        name: &'static str,
        make: fn() -> String,
    ) -> anyhow::Result<String> {
        self.run(move |db| {
            let kept = db
                .query_row("SELECT value FROM secret WHERE name = ?1", [name], |row| {
                    row.get(0)
                })
                .optional()?;
            if let Some(value) = kept {
                return Ok(value);
            }
            let value = make();
            db.execute(
                "INSERT INTO secret (name, value) VALUES (?1, ?2)",
                [name, &value],
            )?;
            Ok(value)
        })
        .await
    }
}

/// `moment`, in seconds since 1970, as Hippo writes it: UTC, whole seconds, with `Z`.
pub(crate) fn utc_text(db: &Connection, moment: i64) -> rusqlite::Result<String> {
    db.query_row(
        "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', ?1, 'unixepoch')",
        [moment],
        |row| row.get(0),
    )
}

/// Now, as Hippo reads dates back from SQLite: without an offset.
pub(crate) fn now_text(db: &Connection) -> rusqlite::Result<String> {
    db.query_row("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')", [], |row| {
        row.get(0)
    })
}

/// Reads an identifier column.
fn id_at(row: &Row<'_>, column: &str) -> rusqlite::Result<Uuid> {
    parse_id(&row.get::<_, String>(column)?)
}

/// Reads an identifier column that may be null.
fn optional_id_at(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Uuid>> {
    row.get::<_, Option<String>>(column)?
        .as_deref()
        .map(parse_id)
        .transpose()
}

fn parse_id(text: &str) -> rusqlite::Result<Uuid> {
    Uuid::parse_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error)))
}

/// Runs a query and collects its rows.
fn collect<T>(
    db: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    db.prepare_cached(sql)?.query_map(params, read)?.collect()
}

/// Runs a query for at most one row.
fn find<T>(
    db: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    db.prepare_cached(sql)?.query_row(params, read).optional()
}

/// Whether a query has a row.
fn exists(db: &Connection, sql: &str, params: impl rusqlite::Params) -> rusqlite::Result<bool> {
    db.prepare_cached(sql)?.exists(params)
}
