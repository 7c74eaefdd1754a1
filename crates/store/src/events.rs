//! The log: appending, and reading on from a sequence number.

use domain::{Event, Record, RunId, TaskId, Timestamp};

use crate::sql::{Row, Tx};
use crate::{Error, tasks};

/// The most events one page may have.
pub const MOST: usize = 1000;

/// Gives an event its place; [`store`] then writes it.
pub(crate) fn place(
    tx: &mut Tx<'_>,
    task: TaskId,
    entry: domain::work::Entry,
    actor: &str,
    now: Timestamp,
) -> Result<Record, Error> {
    let seq = tx.head()? + 1;
    tx.set_head(seq);
    let (run, attempt) = entry.run.map_or((None, None), |(run, attempt)| (Some(run), Some(attempt)));
    Ok(Record { seq, task, run, attempt, actor: actor.to_owned(), at: now, event: entry.event })
}

/// Writes an event, and what it causes outside.
pub(crate) fn store(tx: &mut Tx<'_>, record: &Record) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO events (seq, task, run, attempt, kind, version, actor, at, payload)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            record.seq.into(),
            record.task.into(),
            record.run.into(),
            record.attempt.into(),
            record.event.kind().into(),
            i64::from(domain::event::PAYLOAD_VERSION).into(),
            (&record.actor).into(),
            record.at.into(),
            (&record.event.payload()).into(),
        ],
    )?;
    tasks::enqueue_what_goes_out(tx, record)
}

/// The events after `seq`, oldest first, of all tasks or of one; at most `limit` and [`MOST`].
pub fn after(tx: &mut Tx<'_>, seq: i64, task: Option<TaskId>, limit: usize) -> Result<Vec<Record>, Error> {
    const COLUMNS: &str = "SELECT seq, task, run, attempt, actor, at, kind, payload FROM events";
    let limit = limit.min(MOST).into();
    let rows = match task {
        Some(task) => tx.query(
            &format!("{COLUMNS} WHERE task = $1 AND seq > $2 ORDER BY seq LIMIT $3"),
            &[task.into(), seq.into(), limit],
        )?,
        None => tx.query(&format!("{COLUMNS} WHERE seq > $1 ORDER BY seq LIMIT $2"), &[seq.into(), limit])?,
    };
    rows.iter().map(record).collect()
}

/// The last `limit` events of a task, oldest first.
pub fn last(tx: &mut Tx<'_>, task: TaskId, limit: usize) -> Result<Vec<Record>, Error> {
    before(tx, task, i64::MAX, limit)
}

/// The last `limit` events of a task before `seq`, oldest first.
pub fn before(tx: &mut Tx<'_>, task: TaskId, seq: i64, limit: usize) -> Result<Vec<Record>, Error> {
    let mut rows = tx.query(
        "SELECT seq, task, run, attempt, actor, at, kind, payload FROM events
         WHERE task = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3",
        &[task.into(), seq.into(), limit.min(MOST).into()],
    )?;
    rows.reverse();
    rows.iter().map(record).collect()
}

/// The events of some kinds of a task after `seq`, oldest first; at most `limit` and [`MOST`].
pub fn of_kinds(
    tx: &mut Tx<'_>,
    task: TaskId,
    kinds: &[&str],
    seq: i64,
    limit: usize,
) -> Result<Vec<Record>, Error> {
    let places: Vec<_> = (4..4 + kinds.len()).map(|n| format!("${n}")).collect();
    let sql = format!(
        "SELECT seq, task, run, attempt, actor, at, kind, payload FROM events
         WHERE task = $1 AND seq > $2 AND kind IN ({}) ORDER BY seq LIMIT $3",
        places.join(", ")
    );
    let mut values = vec![task.into(), seq.into(), limit.min(MOST).into()];
    values.extend(kinds.iter().map(|kind| (*kind).into()));
    tx.query(&sql, &values)?.iter().map(record).collect()
}

/// The log's last sequence number.
pub fn head(tx: &mut Tx<'_>) -> Result<i64, Error> {
    tx.head()
}

fn record(row: &Row) -> Result<Record, Error> {
    let kind = row.text(6)?;
    let payload = row.text(7)?;
    let event = Event::parse(&kind, &payload)
        .map_err(|error| Error::Corrupt { what: "event", value: format!("{kind}: {error}") })?;
    Ok(Record {
        seq: row.int(0)?,
        task: row.word(1, |text| text.parse().ok())?,
        run: row.opt_word(2, |text| text.parse::<RunId>().ok())?,
        attempt: row.opt_int(3)?.map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
        actor: row.text(4)?,
        at: row.at(5)?,
        event,
    })
}

/// Folds a task's whole log; for tests and repair. `None` when the task has no events.
pub fn replay(tx: &mut Tx<'_>, task: TaskId) -> Result<Option<domain::Work>, Error> {
    let mut work: Option<domain::Work> = None;
    let mut seq = 0;
    loop {
        let page = after(tx, seq, Some(task), MOST)?;
        let Some(end) = page.last() else { return Ok(work) };
        seq = end.seq;
        for record in &page {
            match &mut work {
                Some(work) => work.apply(record),
                None => work = domain::Work::from_created(record),
            }
        }
    }
}
