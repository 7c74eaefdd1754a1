//! Browsers that are told, and what they are to be told: put into the outbox with the event it is about.

use domain::notice::{Notice, notice};
use domain::{Record, Timestamp};

use crate::outbox::{self, Item};
use crate::sql::{Row, Tx};
use crate::{Error, tasks};

/// What such items of the outbox are called.
pub const KIND: &str = "push";
/// A person's browsers; the oldest goes for a new one.
const MOST_OF_ONE: usize = 20;
/// All browsers.
const MOST: usize = 200;

/// A browser that is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Where its push service takes messages for it.
    pub endpoint: String,
    /// Whose it is.
    pub person: String,
    /// Its key.
    pub p256dh: String,
    /// Its secret.
    pub auth: String,
    /// Since when.
    pub created_at: Timestamp,
}

const COLUMNS: &str = "endpoint, person, p256dh, auth, created_at";

fn read(row: &Row) -> Result<Subscription, Error> {
    Ok(Subscription {
        endpoint: row.text(0)?,
        person: row.text(1)?,
        p256dh: row.text(2)?,
        auth: row.text(3)?,
        created_at: row.at(4)?,
    })
}

/// Takes a browser in; one that is known is renewed.
pub fn add(tx: &mut Tx<'_>, new: &Subscription) -> Result<(), Error> {
    remove(tx, &new.endpoint)?;
    let mut of_one = of(tx, &new.person)?;
    while of_one.len() >= MOST_OF_ONE {
        remove(tx, &of_one.remove(0).endpoint)?;
    }
    tx.execute(
        "INSERT INTO push_subscriptions (endpoint, person, p256dh, auth, created_at) VALUES ($1, $2, $3, $4, $5)",
        &[
            (&new.endpoint).into(),
            (&new.person).into(),
            (&new.p256dh).into(),
            (&new.auth).into(),
            new.created_at.into(),
        ],
    )?;
    Ok(())
}

/// Forgets a browser; `false` when it was not known.
pub fn remove(tx: &mut Tx<'_>, endpoint: &str) -> Result<bool, Error> {
    Ok(tx.execute("DELETE FROM push_subscriptions WHERE endpoint = $1", &[endpoint.into()])? == 1)
}

/// A person's browsers, oldest first.
pub fn of(tx: &mut Tx<'_>, person: &str) -> Result<Vec<Subscription>, Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM push_subscriptions WHERE person = $1 ORDER BY created_at, endpoint");
    tx.query(&sql, &[person.into()])?.iter().map(read).collect()
}

/// A browser, if it is still to be told.
pub fn find(tx: &mut Tx<'_>, endpoint: &str) -> Result<Option<Subscription>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM push_subscriptions WHERE endpoint = $1");
    tx.query_one(&sql, &[endpoint.into()])?.as_ref().map(read).transpose()
}

fn all(tx: &mut Tx<'_>) -> Result<Vec<Subscription>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM push_subscriptions ORDER BY created_at, endpoint LIMIT $1");
    tx.query(&sql, &[MOST.into()])?.iter().map(read).collect()
}

/// Puts what is worth telling into the outbox, once for each browser.
pub(crate) fn note(tx: &mut Tx<'_>, record: &Record) -> Result<(), Error> {
    // Whether it is worth it is known before anything is read: most events are not.
    if notice(&record.event, "", "", "").is_none() {
        return Ok(());
    }
    let told = all(tx)?;
    if told.is_empty() {
        return Ok(());
    }
    let Some(work) = tasks::load(tx, record.task)? else { return Ok(()) };
    let id = record.task.to_string();
    let Some(notice) = notice(&record.event, &id, &work.task.title, &work.task.asked.project) else {
        return Ok(());
    };
    for one in told {
        outbox::push(tx, record.task, KIND, &payload(&one.endpoint, &notice, &id), record.at)?;
    }
    Ok(())
}

fn payload(endpoint: &str, notice: &Notice, task: &str) -> String {
    let url = format!("/tasks/{task}");
    serde_json::json!({
        "endpoint": endpoint,
        "urgent": notice.urgent,
        "message": { "title": notice.title, "body": notice.text, "tag": notice.tag, "url": url },
    })
    .to_string()
}

/// Whether a message is due.
pub fn is_due(tx: &mut Tx<'_>, now: Timestamp) -> Result<bool, Error> {
    let sql = "SELECT id FROM outbox WHERE kind = $1 AND not_before <= $2 AND (claimed_until IS NULL OR claimed_until < $2) LIMIT 1";
    Ok(tx.query_one(sql, &[KIND.into(), now.into()])?.is_some())
}

/// Gives back what a daemon before this one had claimed and can not send any more.
pub fn release(tx: &mut Tx<'_>, owner: &str) -> Result<(), Error> {
    let sql = "UPDATE outbox SET claimed_by = NULL, claimed_until = NULL WHERE kind = $1 AND claimed_by = $2";
    tx.execute(sql, &[KIND.into(), owner.into()])?;
    Ok(())
}

/// Claims messages that are due, oldest first.
pub fn claim(
    tx: &mut Tx<'_>,
    owner: &str,
    lease: std::time::Duration,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Item>, Error> {
    let sql = "SELECT id FROM outbox WHERE kind = $1 AND not_before <= $2 AND (claimed_until IS NULL OR claimed_until < $2)
               ORDER BY not_before, id LIMIT $3";
    let due = tx.query(sql, &[KIND.into(), now.into(), limit.into()])?;
    let ids = due.iter().map(|row| row.int(0)).collect::<Result<Vec<_>, _>>()?;
    let mut claimed = Vec::new();
    for id in ids {
        claimed.extend(outbox::take(tx, id, owner, lease, now)?);
    }
    Ok(claimed)
}

/// Whether an alert was dismissed.
pub fn dismissed(tx: &mut Tx<'_>) -> Result<std::collections::HashSet<String>, Error> {
    tx.query("SELECT alert FROM dismissed_alerts LIMIT 1000", &[])?.iter().map(|row| row.text(0)).collect()
}

/// Dismisses an alert until it would be over anyway; what is over by now is forgotten.
pub fn dismiss(tx: &mut Tx<'_>, alert: &str, until: Timestamp, now: Timestamp) -> Result<(), Error> {
    tx.execute("DELETE FROM dismissed_alerts WHERE until < $1 OR alert = $2", &[now.into(), alert.into()])?;
    tx.execute("INSERT INTO dismissed_alerts (alert, until) VALUES ($1, $2)", &[alert.into(), until.into()])?;
    Ok(())
}
