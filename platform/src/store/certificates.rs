//! Certificates. They are stored and handed back; nothing serves TLS with them, as in Hippo.

use rusqlite::{Connection, Row, params};
use uuid::Uuid;

/// One certificate.
pub(crate) struct Certificate {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) public_key: String,
    pub(crate) private_key: String,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Certificate> {
    Ok(Certificate {
        id: super::id_at(row, "id")?,
        name: row.get("name")?,
        public_key: row.get("public_key")?,
        private_key: row.get("private_key")?,
    })
}

/// All certificates, oldest first.
pub(crate) fn list(db: &Connection) -> rusqlite::Result<Vec<Certificate>> {
    super::collect(db, "SELECT * FROM certificate ORDER BY position", [], read)
}

/// The certificate of this identifier.
pub(crate) fn find(db: &Connection, id: Uuid) -> rusqlite::Result<Option<Certificate>> {
    super::find(
        db,
        "SELECT * FROM certificate WHERE id = ?1",
        [id.to_string()],
        read,
    )
}

/// Whether a certificate of exactly this name exists.
pub(crate) fn name_taken(db: &Connection, name: &str) -> rusqlite::Result<bool> {
    super::exists(db, "SELECT 1 FROM certificate WHERE name = ?1", [name])
}

/// Stores a new certificate, or the new content of one.
pub(crate) fn save(db: &Connection, certificate: &Certificate) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO certificate (id, name, public_key, private_key) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE SET name = ?2, public_key = ?3, private_key = ?4",
        params![
            certificate.id.to_string(),
            certificate.name,
            certificate.public_key,
            certificate.private_key
        ],
    )?;
    Ok(())
}

/// Deletes a certificate; fails while a channel uses it.
pub(crate) fn delete(db: &Connection, id: Uuid) -> rusqlite::Result<()> {
    db.execute("DELETE FROM certificate WHERE id = ?1", [id.to_string()])?;
    Ok(())
}
