//! What must go out. Enqueued with the event that causes it; claimed with a lease; done at least once.

use std::time::Duration;

use domain::{TaskId, Timestamp};

use crate::Error;
use crate::sql::{Row, Tx};

/// Something to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub id: i64,
    /// The task it is for.
    pub task: TaskId,
    /// What: `land` merges the approved work.
    pub kind: String,
    /// Details, as JSON.
    pub payload: String,
    /// How often it was tried before.
    pub tries: u32,
}

fn read(row: &Row) -> Result<Item, Error> {
    Ok(Item {
        id: row.int(0)?,
        task: row.word(1, |text| text.parse().ok())?,
        kind: row.text(2)?,
        payload: row.text(3)?,
        tries: row.u32(4)?.saturating_sub(1),
    })
}

pub(crate) fn push(
    tx: &mut Tx<'_>,
    task: TaskId,
    kind: &str,
    payload: &str,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO outbox (task, kind, payload, tries, not_before) VALUES ($1, $2, $3, 0, $4)",
        &[task.into(), kind.into(), payload.into(), now.into()],
    )?;
    Ok(())
}

/// Claims what is due, oldest first; each is this owner's until the lease ends.
pub fn claim(
    tx: &mut Tx<'_>,
    owner: &str,
    lease: Duration,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Item>, Error> {
    let rows = tx.query(
        "UPDATE outbox SET claimed_by = $1, claimed_until = $2, tries = tries + 1
         WHERE id IN (
           SELECT id FROM outbox WHERE not_before <= $3 AND (claimed_until IS NULL OR claimed_until < $3)
           ORDER BY not_before, id LIMIT $4)
         RETURNING id, task, kind, payload, tries",
        &[owner.into(), now.plus(lease).into(), now.into(), limit.into()],
    )?;
    let mut items = rows.iter().map(read).collect::<Result<Vec<_>, Error>>()?;
    items.sort_by_key(|item| item.id);
    Ok(items)
}

/// Takes one item for this owner until the lease ends; again, when it was this owner's before. `None` when it is not
/// due, done, or somebody else's.
pub fn take(
    tx: &mut Tx<'_>,
    item: i64,
    owner: &str,
    lease: Duration,
    now: Timestamp,
) -> Result<Option<Item>, Error> {
    let rows = tx.query(
        "UPDATE outbox SET claimed_by = $1, claimed_until = $2, tries = tries + 1
         WHERE id = $4 AND not_before <= $3 AND (claimed_by IS NULL OR claimed_by = $1 OR claimed_until < $3)
         RETURNING id, task, kind, payload, tries",
        &[owner.into(), now.plus(lease).into(), now.into(), item.into()],
    )?;
    rows.first().map(read).transpose()
}

/// Keeps an item for its owner until then.
pub fn keep(tx: &mut Tx<'_>, item: i64, owner: &str, until: Timestamp) -> Result<bool, Error> {
    let changed = tx.execute(
        "UPDATE outbox SET claimed_until = $1 WHERE id = $2 AND claimed_by = $3",
        &[until.into(), item.into(), owner.into()],
    )?;
    Ok(changed == 1)
}

/// It is done. `false` when the item is not this owner's any more.
pub fn done(tx: &mut Tx<'_>, item: i64, owner: &str) -> Result<bool, Error> {
    Ok(tx.execute("DELETE FROM outbox WHERE id = $1 AND claimed_by = $2", &[item.into(), owner.into()])? == 1)
}

/// It did not work; try again at `at`.
pub fn again(tx: &mut Tx<'_>, item: i64, owner: &str, at: Timestamp) -> Result<bool, Error> {
    let changed = tx.execute(
        "UPDATE outbox SET not_before = $1, claimed_by = NULL, claimed_until = NULL
         WHERE id = $2 AND claimed_by = $3",
        &[at.into(), item.into(), owner.into()],
    )?;
    Ok(changed == 1)
}

/// When the next item is due, if there is one.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<Timestamp>, Error> {
    let row = tx.query_one(
        "SELECT MIN(CASE WHEN claimed_until IS NULL OR claimed_until < not_before THEN not_before
                    ELSE claimed_until END) FROM outbox",
        &[],
    )?;
    row.map_or(Ok(None), |row| row.opt_at(0))
}
