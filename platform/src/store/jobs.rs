//! Jobs: which channel runs what, and behind which domain. In a real Hippo these live in Nomad,
//! which is why changing a channel doesn't change them until it is started again.

use rusqlite::{Connection, Row, params};
use uuid::Uuid;

/// One running channel.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) channel_id: Uuid,
    /// What runs: `name/version` in Bindle.
    pub(crate) bindle_id: String,
    /// Where it answers: the channel's domain when it was started.
    pub(crate) domain: String,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Job> {
    Ok(Job {
        channel_id: super::id_at(row, "channel_id")?,
        bindle_id: row.get("bindle_id")?,
        domain: row.get("domain")?,
    })
}

/// All jobs.
pub(crate) fn list(db: &Connection) -> rusqlite::Result<Vec<Job>> {
    super::collect(db, "SELECT * FROM job ORDER BY rowid", [], read)
}

/// Stores a channel's job in place of the one it had.
pub(crate) fn save(db: &Connection, job: &Job) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO job (channel_id, bindle_id, domain) VALUES (?1, ?2, ?3)
         ON CONFLICT (channel_id) DO UPDATE SET bindle_id = ?2, domain = ?3",
        params![job.channel_id.to_string(), job.bindle_id, job.domain],
    )?;
    Ok(())
}

/// Forgets a channel's job.
pub(crate) fn delete(db: &Connection, channel: Uuid) -> rusqlite::Result<()> {
    db.execute(
        "DELETE FROM job WHERE channel_id = ?1",
        [channel.to_string()],
    )?;
    Ok(())
}
