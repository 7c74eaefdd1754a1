//! Sessions that people started by hand, and how far the agents' logs of them were read.

use domain::{Run, Timestamp};

use crate::sql::{Row, Tx};
use crate::{Error, runs};

/// A session's log, as far as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The agent.
    pub agent: String,
    /// The file.
    pub log: String,
    /// The session, once the log named it.
    pub session: Option<String>,
    /// When something was last written in it.
    pub updated_at: Timestamp,
    /// What is known so far, as whoever reads it wrote it.
    pub reading: String,
    /// How far it was read, in bytes.
    pub read_to: u64,
    /// What tells this log from another of the same name.
    pub head: String,
}

const COLUMNS: &str = "agent, log, session, updated_at, reading, read_to, head";

/// The log of that name, if it was read before.
pub fn log(tx: &mut Tx<'_>, agent: &str, log: &str) -> Result<Option<Log>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM sessions WHERE agent = $1 AND log = $2");
    tx.query_one(&sql, &[agent.into(), log.into()])?.as_ref().map(read).transpose()
}

/// Stores what is known of a log with how far it was read.
pub fn store(tx: &mut Tx<'_>, log: &Log) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO sessions (agent, log, session, updated_at, reading, read_to, head)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (agent, log) DO UPDATE SET session = excluded.session, updated_at = excluded.updated_at,
           reading = excluded.reading, read_to = excluded.read_to, head = excluded.head",
        &[
            (&log.agent).into(),
            (&log.log).into(),
            log.session.as_deref().into(),
            log.updated_at.into(),
            (&log.reading).into(),
            log.read_to.into(),
            (&log.head).into(),
        ],
    )?;
    Ok(())
}

/// The latest logs in which a session was named, newest first.
pub fn latest(tx: &mut Tx<'_>, limit: usize) -> Result<Vec<Log>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM sessions WHERE session IS NOT NULL ORDER BY updated_at DESC, log LIMIT $1"
    );
    tx.query(&sql, &[limit.into()])?.iter().map(read).collect()
}

/// The latest run of a session, if it was one of ours.
pub fn run_of(tx: &mut Tx<'_>, session: &str) -> Result<Option<Run>, Error> {
    Ok(runs::with_session(tx, Some(session), 1)?.into_iter().next())
}

/// The latest runs that have a session, newest first.
pub fn delegated(tx: &mut Tx<'_>, limit: usize) -> Result<Vec<Run>, Error> {
    runs::with_session(tx, None, limit)
}

fn read(row: &Row) -> Result<Log, Error> {
    Ok(Log {
        agent: row.text(0)?,
        log: row.text(1)?,
        session: row.opt_text(2)?,
        updated_at: row.at(3)?,
        reading: row.text(4)?,
        read_to: row.u64(5)?,
        head: row.text(6)?,
    })
}
