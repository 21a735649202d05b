//! Jobs: which channel runs what, and behind which domain. In a real Hippo these live in Nomad,
//! which is why changing a channel doesn't change them until it is started again.

use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use crate::apps;

/// One running channel.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) channel_id: Uuid,
    /// What runs, with the variables that the channel had when it was started.
    pub(crate) runs: apps::Job,
    /// Where it answers: the channel's domain when it was started.
    pub(crate) domain: String,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Job> {
    Ok(Job {
        channel_id: super::id_at(row, "channel_id")?,
        runs: row.get::<_, String>("bindle_id")?.into(),
        domain: row.get("domain")?,
    })
}

/// All jobs.
pub(crate) fn list(db: &Connection) -> rusqlite::Result<Vec<Job>> {
    let mut jobs = super::collect(db, "SELECT * FROM job ORDER BY rowid", [], read)?;
    for job in &mut jobs {
        let variables = super::collect(
            db,
            "SELECT name, value FROM job_variable WHERE channel_id = ?1",
            [job.channel_id.to_string()],
            |row| Ok((row.get("name")?, row.get("value")?)),
        )?;
        job.runs.variables = variables.into_iter().collect();
    }
    Ok(jobs)
}

/// Stores a channel's job in place of the one it had.
pub(crate) fn save(db: &Connection, job: &Job) -> rusqlite::Result<()> {
    let id = job.channel_id.to_string();
    db.execute(
        "INSERT INTO job (channel_id, bindle_id, domain) VALUES (?1, ?2, ?3)
         ON CONFLICT (channel_id) DO UPDATE SET bindle_id = ?2, domain = ?3",
        params![id, job.runs.bindle_id, job.domain],
    )?;
    db.execute("DELETE FROM job_variable WHERE channel_id = ?1", [&id])?;
    for (name, value) in &job.runs.variables {
        db.execute(
            "INSERT INTO job_variable (channel_id, name, value) VALUES (?1, ?2, ?3)",
            params![id, name, value],
        )?;
    }
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
