//! Remarks of people on a task's work: open ones, and those that went back with it. Written from the events that say so, in
//! their transaction. Not here: what a remark may be, and how the comment reads that they become (`domain::remark`).

use domain::remark::{self, MOST_OPEN, Remark, Said, Side};
use domain::work::{Command, Remarking};
use domain::{Event, Record, Refusal, TaskId, Timestamp, Work};

use crate::Error;
use crate::sql::{Row, Tx, Value};
use crate::tasks;

/// The most remarks that are listed of one task: the open ones, and the last of those that were sent.
pub const MOST: usize = 1_000;

const COLUMNS: &str = "SELECT id, commit_id, file, side, line, last_line, text, quote, actor, at, changed_at, sent FROM remarks";

/// A remark that was written now, or had been before under the same key.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The remark.
    pub remark: Remark,
    /// Whether it is new.
    pub new: bool,
}

/// A task's remarks, those that are open first, then those sent last; within that the oldest first.
pub fn of_task(tx: &mut Tx<'_>, task: TaskId) -> Result<Vec<Remark>, Error> {
    let sql = format!("{COLUMNS} WHERE task = $1 ORDER BY COALESCE(sent, 1000000000) DESC, id LIMIT $2");
    select(tx, &sql, &[task.into(), MOST.into()])
}

/// Writes a remark. With a key that was seen before, the remark of then is returned.
pub fn write(
    tx: &mut Tx<'_>,
    task: TaskId,
    (id, said): (&str, Said),
    key: Option<&str>,
    actor: &str,
    now: Timestamp,
) -> Result<Kept, Error> {
    if let Some(key) = key {
        let known =
            select(tx, &format!("{COLUMNS} WHERE task = $1 AND key = $2"), &[task.into(), key.into()])?;
        if let Some(remark) = known.into_iter().next() {
            return Ok(Kept { remark, new: false });
        }
    }
    if open(tx, task)?.len() >= MOST_OPEN {
        return Err(Refusal::Invalid(
            "the task has 200 open remarks, which is the most: send the work back with them, or remove some",
        )
        .into());
    }
    tasks::change(tx, task, Command::Remark(Remarking::Write { id: id.into(), said }), actor, now)?;
    if let Some(key) = key {
        let values = [task.into(), id.into(), key.into()];
        tx.execute("UPDATE remarks SET key = $3 WHERE task = $1 AND id = $2", &values)?;
    }
    Ok(Kept { remark: one(tx, task, id)?, new: true })
}

/// Gives an open remark other words.
pub fn change(
    tx: &mut Tx<'_>,
    task: TaskId,
    (id, text): (&str, String),
    actor: &str,
    now: Timestamp,
) -> Result<Remark, Error> {
    expect_open(&one(tx, task, id)?)?;
    tasks::change(tx, task, Command::Remark(Remarking::Change { id: id.into(), text }), actor, now)?;
    one(tx, task, id)
}

/// Takes an open remark back.
pub fn remove(tx: &mut Tx<'_>, task: TaskId, id: &str, actor: &str, now: Timestamp) -> Result<(), Error> {
    expect_open(&one(tx, task, id)?)?;
    tasks::change(tx, task, Command::Remark(Remarking::Remove { id: id.into() }), actor, now).map(drop)
}

/// Sends the work back with these words and all open remarks as one comment. The remarks are sent with it, or nothing is.
pub fn send_back(
    tx: &mut Tx<'_>,
    task: TaskId,
    words: &str,
    actor: &str,
    now: Timestamp,
) -> Result<Work, Error> {
    let open = open(tx, task)?;
    let comment = remark::comment(words, &open);
    let ids = open.into_iter().map(|remark| remark.id).collect();
    let commands = vec![Command::Remark(Remarking::Send { ids }), Command::SendBack { comment }];
    tasks::change_all(tx, task, commands, actor, now, |_| Ok(()))
}

/// What an event makes of the remarks.
pub(crate) fn note(tx: &mut Tx<'_>, record: &Record) -> Result<(), Error> {
    let task = record.task;
    match &record.event {
        Event::RemarkWritten { id, said } => insert(tx, record, id, said),
        Event::RemarkChanged { id, text } => {
            let values = [task.into(), id.into(), text.into(), record.at.into()];
            tx.execute("UPDATE remarks SET text = $3, changed_at = $4 WHERE task = $1 AND id = $2", &values)
                .map(drop)
        }
        Event::RemarkRemoved { id } => {
            tx.execute("DELETE FROM remarks WHERE task = $1 AND id = $2", &[task.into(), id.into()]).map(drop)
        }
        Event::RemarksSent { ids, attempt } => {
            for id in ids {
                let values = [task.into(), id.into(), (*attempt).into()];
                tx.execute("UPDATE remarks SET sent = $3 WHERE task = $1 AND id = $2", &values)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn insert(tx: &mut Tx<'_>, record: &Record, id: &str, said: &Said) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO remarks (task, id, commit_id, file, side, line, last_line, text, quote, actor, at, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
        &[
            record.task.into(),
            id.into(),
            (&said.commit).into(),
            (&said.file).into(),
            said.side.as_str().into(),
            said.line.into(),
            said.end.into(),
            (&said.text).into(),
            (&said.quote).into(),
            (&record.actor).into(),
            record.at.into(),
        ],
    )
    .map(drop)
}

fn open(tx: &mut Tx<'_>, task: TaskId) -> Result<Vec<Remark>, Error> {
    select(
        tx,
        &format!("{COLUMNS} WHERE task = $1 AND sent IS NULL ORDER BY id LIMIT $2"),
        &[task.into(), MOST_OPEN.into()],
    )
}

fn one(tx: &mut Tx<'_>, task: TaskId, id: &str) -> Result<Remark, Error> {
    let found = select(tx, &format!("{COLUMNS} WHERE task = $1 AND id = $2"), &[task.into(), id.into()])?;
    found.into_iter().next().ok_or_else(|| Error::NotFound { what: "remark", id: id.to_owned() })
}

fn expect_open(remark: &Remark) -> Result<(), Refusal> {
    match remark.sent {
        None => Ok(()),
        Some(_) => Err(Refusal::Invalid("the remark was sent back already, so it stays as it is")),
    }
}

fn select(tx: &mut Tx<'_>, sql: &str, values: &[Value]) -> Result<Vec<Remark>, Error> {
    tx.query(sql, values)?.iter().map(remark).collect()
}

fn remark(row: &Row) -> Result<Remark, Error> {
    Ok(Remark {
        id: row.text(0)?,
        said: Said {
            commit: row.text(1)?,
            file: row.text(2)?,
            side: row.word(3, Side::parse)?,
            line: row.u32(4)?,
            end: row.u32(5)?,
            text: row.text(6)?,
            quote: row.text(7)?,
        },
        actor: row.text(8)?,
        at: row.at(9)?,
        changed_at: row.at(10)?,
        sent: row.opt_int(11)?.map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
    })
}
