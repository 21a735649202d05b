//! Revisions and their components.

use rusqlite::{Connection, Row, params};
use uuid::Uuid;

/// One revision: a version of what is stored in Bindle.
#[derive(Clone)]
pub(crate) struct Revision {
    pub(crate) id: Uuid,
    pub(crate) app_id: Uuid,
    pub(crate) number: String,
    pub(crate) description: Option<String>,
}

/// One component of a revision, as its manifest names it.
#[derive(Clone)]
pub(crate) struct Component {
    pub(crate) id: Uuid,
    pub(crate) source: String,
    pub(crate) name: String,
    pub(crate) route: Option<String>,
    pub(crate) channel: Option<String>,
    pub(crate) kind: Option<String>,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Revision> {
    Ok(Revision {
        id: super::id_at(row, "id")?,
        app_id: super::id_at(row, "app_id")?,
        number: row.get("number")?,
        description: row.get("description")?,
    })
}

fn read_component(row: &Row<'_>) -> rusqlite::Result<Component> {
    Ok(Component {
        id: super::id_at(row, "id")?,
        source: row.get("source")?,
        name: row.get("name")?,
        route: row.get("route")?,
        channel: row.get("channel")?,
        kind: row.get("type")?,
    })
}

/// All revisions of all apps. The order is by identifier, hence stable but random: Hippo's is.
pub(crate) fn list(db: &Connection) -> rusqlite::Result<Vec<Revision>> {
    super::collect(db, "SELECT * FROM revision ORDER BY id", [], read)
}

/// The revisions of one app, in the same order.
pub(crate) fn of_app(db: &Connection, app: Uuid) -> rusqlite::Result<Vec<Revision>> {
    super::collect(
        db,
        "SELECT * FROM revision WHERE app_id = ?1 ORDER BY id",
        [app.to_string()],
        read,
    )
}

/// The revision of this identifier.
pub(crate) fn find(db: &Connection, id: Uuid) -> rusqlite::Result<Option<Revision>> {
    super::find(
        db,
        "SELECT * FROM revision WHERE id = ?1",
        [id.to_string()],
        read,
    )
}

/// Stores a new revision. Another of the same number may exist.
pub(crate) fn insert(db: &Connection, revision: &Revision) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO revision (id, app_id, number, description) VALUES (?1, ?2, ?3, ?4)",
        params![
            revision.id.to_string(),
            revision.app_id.to_string(),
            revision.number,
            revision.description
        ],
    )?;
    Ok(())
}

/// Stores what the manifest said about a revision.
pub(crate) fn set_details(
    db: &Connection,
    id: Uuid,
    description: Option<&str>,
    components: &[Component],
) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE revision SET description = ?2 WHERE id = ?1",
        params![id.to_string(), description],
    )?;
    let mut insert = db.prepare_cached(
        "INSERT INTO component (id, revision_id, source, name, route, channel, type)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for component in components {
        insert.execute(params![
            component.id.to_string(),
            id.to_string(),
            component.source,
            component.name,
            component.route,
            component.channel,
            component.kind
        ])?;
    }
    Ok(())
}

/// The components of a revision, in the manifest's order.
pub(crate) fn components(db: &Connection, id: Uuid) -> rusqlite::Result<Vec<Component>> {
    super::collect(
        db,
        "SELECT * FROM component WHERE revision_id = ?1 ORDER BY position",
        [id.to_string()],
        read_component,
    )
}

/// Deletes a revision. Channels that had it active have none afterwards.
pub(crate) fn delete(db: &Connection, id: Uuid) -> rusqlite::Result<()> {
    db.execute("DELETE FROM revision WHERE id = ?1", [id.to_string()])?;
    Ok(())
}
