//! Accounts.

use rusqlite::{Connection, Row, params};
use uuid::Uuid;

/// One account.
pub(crate) struct Account {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) password_hash: String,
    pub(crate) administrator: bool,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: super::id_at(row, "id")?,
        name: row.get("name")?,
        password_hash: row.get("password_hash")?,
        administrator: row.get("administrator")?,
    })
}

/// The account of exactly this name.
pub(crate) fn by_name(db: &Connection, name: &str) -> rusqlite::Result<Option<Account>> {
    super::find(db, "SELECT * FROM account WHERE name = ?1", [name], read)
}

/// The account of this identifier.
pub(crate) fn by_id(db: &Connection, id: Uuid) -> rusqlite::Result<Option<Account>> {
    super::find(
        db,
        "SELECT * FROM account WHERE id = ?1",
        [id.to_string()],
        read,
    )
}

/// Stores an account; `false` when one exists whose name differs in case at most.
pub(crate) fn insert(db: &Connection, account: &Account) -> rusqlite::Result<bool> {
    let inserted = db.execute(
        "INSERT OR IGNORE INTO account (id, name, normalized_name, password_hash, administrator)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            account.id.to_string(),
            account.name,
            account.name.to_uppercase(),
            account.password_hash,
            account.administrator
        ],
    )?;
    Ok(inserted == 1)
}

/// Replaces the password's hash.
pub(crate) fn set_password(db: &Connection, id: Uuid, hash: &str) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE account SET password_hash = ?2 WHERE id = ?1",
        params![id.to_string(), hash],
    )?;
    Ok(())
}
