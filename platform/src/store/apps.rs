//! Apps.

use rusqlite::{Connection, Row, params};
use uuid::Uuid;

/// One app: a name for what is stored in Bindle under `storage_id`.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) storage_id: String,
}

fn read(row: &Row<'_>) -> rusqlite::Result<App> {
    Ok(App {
        id: super::id_at(row, "id")?,
        name: row.get("name")?,
        storage_id: row.get("storage_id")?,
    })
}

/// All apps, oldest first.
pub(crate) fn list(db: &Connection) -> rusqlite::Result<Vec<App>> {
    super::collect(db, "SELECT * FROM app ORDER BY position", [], read)
}

/// The apps whose storage identifier is exactly this, oldest first.
pub(crate) fn by_storage(db: &Connection, storage_id: &str) -> rusqlite::Result<Vec<App>> {
    super::collect(
        db,
        "SELECT * FROM app WHERE storage_id = ?1 ORDER BY position",
        [storage_id],
        read,
    )
}

/// The app of this identifier.
pub(crate) fn find(db: &Connection, id: Uuid) -> rusqlite::Result<Option<App>> {
    super::find(
        db,
        "SELECT * FROM app WHERE id = ?1",
        [id.to_string()],
        read,
    )
}

/// Whether an app of exactly this name exists.
pub(crate) fn name_taken(db: &Connection, name: &str) -> rusqlite::Result<bool> {
    super::exists(db, "SELECT 1 FROM app WHERE name = ?1", [name])
}

/// Stores a new app.
pub(crate) fn insert(db: &Connection, app: &App) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO app (id, name, storage_id) VALUES (?1, ?2, ?3)",
        params![app.id.to_string(), app.name, app.storage_id],
    )?;
    Ok(())
}

/// Gives an app another name.
pub(crate) fn rename(db: &Connection, id: Uuid, name: &str) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE app SET name = ?2 WHERE id = ?1",
        params![id.to_string(), name],
    )?;
    Ok(())
}

/// Deletes an app with its channels and revisions.
pub(crate) fn delete(db: &Connection, id: Uuid) -> rusqlite::Result<()> {
    db.execute("DELETE FROM app WHERE id = ?1", [id.to_string()])?;
    Ok(())
}
