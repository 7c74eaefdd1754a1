//! The memory of projects: the last versions of every entry. A project is its name and its repository, because
//! two repositories may give theirs the same name.

use domain::memory::{MOST_ENTRIES, MOST_VERSIONS, complaint};
use domain::{Refusal, TaskId, Timestamp};

use crate::Error;
use crate::sql::{Row, Tx};

/// Whose memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The project's name.
    pub project: String,
    /// Path or URL of its repository.
    pub repo: String,
}

/// An entry as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// 1 for the first.
    pub version: u32,
    /// Markdown; empty when the entry was removed.
    pub text: String,
    /// Who wrote it.
    pub actor: String,
    /// In which task, if in one.
    pub task: Option<TaskId>,
    /// When.
    pub at: Timestamp,
}

/// What is to be written.
#[derive(Clone, Debug)]
pub struct Note {
    /// Its name.
    pub name: String,
    /// Markdown; empty to remove it.
    pub text: String,
    /// The version it was read at: refused when another is there by now.
    pub expected: Option<u32>,
    /// The task it is written in.
    pub task: Option<TaskId>,
}

const LATEST: &str = "SELECT name, version, text, actor, task, at FROM memory AS entry
    WHERE project = $1 AND repo = $2 AND version =
      (SELECT MAX(version) FROM memory WHERE project = entry.project AND repo = entry.repo AND name = entry.name)";

/// Every entry that is there, by name.
pub fn all(tx: &mut Tx<'_>, place: &Place) -> Result<Vec<Entry>, Error> {
    let sql = format!("{LATEST} AND text <> '' ORDER BY name LIMIT $3");
    let rows = tx.query(&sql, &[(&place.project).into(), (&place.repo).into(), MOST_ENTRIES.into()])?;
    rows.iter().map(entry).collect()
}

/// An entry's last version, if it ever had one.
pub fn one(tx: &mut Tx<'_>, place: &Place, name: &str) -> Result<Option<Entry>, Error> {
    let sql = format!("{LATEST} AND name = $3");
    tx.query_one(&sql, &[(&place.project).into(), (&place.repo).into(), name.into()])?
        .as_ref()
        .map(entry)
        .transpose()
}

/// Writes an entry's next version; its number. Refused when it has moved on, or the memory is full.
pub fn write(tx: &mut Tx<'_>, place: &Place, note: &Note, actor: &str, now: Timestamp) -> Result<u32, Error> {
    if let Some(complaint) = complaint(&note.name, &note.text) {
        return Err(Refusal::Invalid(complaint).into());
    }
    let known = one(tx, place, &note.name)?;
    let there = known.as_ref().filter(|entry| !entry.text.is_empty()).map_or(0, |entry| entry.version);
    if note.expected.is_some_and(|expected| expected != there) {
        return Err(
            Refusal::Invalid("somebody else wrote this entry meanwhile: read it again, then write").into()
        );
    }
    if there == 0 && !note.text.is_empty() && all(tx, place)?.len() >= MOST_ENTRIES {
        return Err(Refusal::Invalid("the memory has 64 entries, which is the most: remove one first").into());
    }
    let version = known.map_or(0, |entry| entry.version) + 1;
    tx.execute(
        "INSERT INTO memory (project, repo, name, version, text, actor, task, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            (&place.project).into(),
            (&place.repo).into(),
            (&note.name).into(),
            version.into(),
            (&note.text).into(),
            actor.into(),
            note.task.into(),
            now.into(),
        ],
    )?;
    tx.execute(
        "DELETE FROM memory WHERE project = $1 AND repo = $2 AND name = $3 AND version <= $4",
        &[
            (&place.project).into(),
            (&place.repo).into(),
            (&note.name).into(),
            version.saturating_sub(MOST_VERSIONS).into(),
        ],
    )?;
    Ok(version)
}

fn entry(row: &Row) -> Result<Entry, Error> {
    Ok(Entry {
        name: row.text(0)?,
        version: row.u32(1)?,
        text: row.text(2)?,
        actor: row.text(3)?,
        task: row.opt_word(4, |text| text.parse().ok())?,
        at: row.at(5)?,
    })
}
