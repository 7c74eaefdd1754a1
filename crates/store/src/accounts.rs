//! Accounts: what is known of each, and what its windows were like over time.
//!
//! What is known changes in the transaction of the event it comes from: a window that a run saw, a run that
//! met a limit. Which accounts there are, and their rules, is the configuration's.

use std::collections::HashMap;

use domain::account::{Alert, Rest, Standing, Window};
use domain::event::LimitStatus;
use domain::{Account, RunId, TaskId, Timestamp, Usage};

use crate::Error;
use crate::sql::{Row, Tx};

/// Changes of a window smaller than this are not worth a point of its history.
const VISIBLE: f64 = 0.005;
/// The most points a page of history has.
pub const MOST_POINTS: usize = 2000;

/// What is known of every account that was ever heard of.
pub fn standings(tx: &mut Tx<'_>) -> Result<HashMap<String, Standing>, Error> {
    let mut standings: HashMap<String, Standing> = HashMap::new();
    for row in tx.query("SELECT name, off, rests FROM accounts", &[])? {
        standings.insert(row.text(0)?, head(&row)?);
    }
    for row in tx.query(&format!("SELECT {WINDOW}, account FROM windows ORDER BY name"), &[])? {
        standings.entry(row.text(9)?).or_default().windows.push(window(&row)?);
    }
    Ok(standings)
}

/// What is known of one account.
pub fn standing(tx: &mut Tx<'_>, account: &str) -> Result<Standing, Error> {
    let sql = "SELECT name, off, rests FROM accounts WHERE name = $1";
    let mut standing =
        tx.query_one(sql, &[account.into()])?.as_ref().map(head).transpose()?.unwrap_or_default();
    let sql = format!("SELECT {WINDOW} FROM windows WHERE account = $1 ORDER BY name");
    standing.windows = tx.query(&sql, &[account.into()])?.iter().map(window).collect::<Result<_, _>>()?;
    Ok(standing)
}

/// Changes what is known of one account.
pub fn change<R>(
    tx: &mut Tx<'_>,
    account: &str,
    change: impl FnOnce(&mut Standing) -> R,
) -> Result<R, Error> {
    let before = standing(tx, account)?;
    let mut after = before.clone();
    let result = change(&mut after);
    if (after.off, &after.rests) != (before.off, &before.rests) {
        let rests = serde_json::to_string(&after.rests).unwrap_or_default();
        tx.execute(
            "INSERT INTO accounts (name, off, rests) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET off = excluded.off, rests = excluded.rests",
            &[account.into(), after.off.into(), (&rests).into()],
        )?;
    }
    for window in after.windows.iter().filter(|window| !before.windows.contains(window)) {
        save(tx, account, window)?;
    }
    Ok(result)
}

/// Takes in what a run saw of a window of its account; an alert when little is left, once in a period.
pub fn see(tx: &mut Tx<'_>, account: &Account, by: RunId, seen: Window) -> Result<Option<Alert>, Error> {
    if let Some(used) = seen.utilization {
        note(tx, &account.name, &seen, used)?;
    }
    change(tx, &account.name, |standing| standing.see(seen, by, account))
}

/// A point of a window's history, when it is visibly another than the last.
fn note(tx: &mut Tx<'_>, account: &str, seen: &Window, used: f64) -> Result<(), Error> {
    let last = tx.query_one(
        "SELECT utilization FROM window_history WHERE account = $1 AND name = $2 ORDER BY at DESC LIMIT 1",
        &[account.into(), (&seen.name).into()],
    )?;
    if let Some(last) = last
        && (last.real(0)? - used).abs() < VISIBLE
    {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO window_history (account, name, at, utilization) VALUES ($1, $2, $3, $4)
         ON CONFLICT (account, name, at) DO UPDATE SET utilization = excluded.utilization",
        &[account.into(), (&seen.name).into(), seen.seen_at.into(), used.into()],
    )?;
    Ok(())
}

/// A point of a window's history.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The account.
    pub account: String,
    /// The window.
    pub window: String,
    /// When.
    pub at: Timestamp,
    /// The share that was used, 0 to 1.
    pub utilization: f64,
}

/// The latest points of history since a moment, of one account or of all, oldest first.
pub fn history(tx: &mut Tx<'_>, account: Option<&str>, since: Timestamp) -> Result<Vec<Point>, Error> {
    let mut rows = tx.query(
        "SELECT account, name, at, utilization FROM window_history
         WHERE at >= $1 AND ($2 = '' OR account = $2) ORDER BY at DESC LIMIT $3",
        &[since.into(), account.unwrap_or("").into(), MOST_POINTS.into()],
    )?;
    rows.reverse();
    let point = |row: &Row| {
        Ok(Point { account: row.text(0)?, window: row.text(1)?, at: row.at(2)?, utilization: row.real(3)? })
    };
    rows.iter().map(point).collect()
}

/// Forgets history from before a moment; how many points that were.
pub fn forget_history(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, Error> {
    tx.execute("DELETE FROM window_history WHERE at < $1", &[before.into()])
}

/// What an account's runs that started since a moment consumed, and how many they are.
pub fn used_since(tx: &mut Tx<'_>, account: &str, since: Timestamp) -> Result<(Usage, u64), Error> {
    let row = tx.query_one(
        "SELECT CAST(COALESCE(SUM(tokens_input), 0) AS BIGINT), CAST(COALESCE(SUM(tokens_output), 0) AS BIGINT),
           CAST(COALESCE(SUM(tokens_cached), 0) AS BIGINT), COALESCE(SUM(cost_usd), 0.0), COUNT(*)
         FROM runs WHERE account = $1 AND started_at >= $2",
        &[account.into(), since.into()],
    )?;
    row.map_or(Ok(Default::default()), |row| Ok((crate::runs::usage(&row, 0)?, row.u64(4)?)))
}

/// The largest share, 0 to 1, that a task took of a window of any of its accounts, and the window's name. By its tokens of
/// all that our runs used there since the window began: what the person used beside them counts as if all had.
pub fn share_of_window(
    tx: &mut Tx<'_>,
    task: TaskId,
    now: Timestamp,
) -> Result<Option<(f64, String)>, Error> {
    let rows = tx.query(
        "SELECT DISTINCT account FROM runs WHERE task = $1 AND account IS NOT NULL LIMIT 50",
        &[task.into()],
    )?;
    let mut most: Option<(f64, String)> = None;
    for row in rows {
        let account = row.text(0)?;
        for window in standing(tx, &account)?.windows.iter().filter(|window| window.renews_at() > now) {
            let (Some(used), began) = (window.utilization, window.began_at()) else { continue };
            let row = tx.query_one(
                "SELECT CAST(COALESCE(SUM(CASE WHEN task = $1 THEN tokens_input + tokens_output ELSE 0 END), 0) AS BIGINT),
                   CAST(COALESCE(SUM(tokens_input + tokens_output), 0) AS BIGINT)
                 FROM runs WHERE account = $2 AND started_at >= $3",
                &[task.into(), (&account).into(), began.into()],
            )?;
            let Some(row) = row else { continue };
            #[expect(clippy::cast_precision_loss, reason = "a share, for which a double is exact enough")]
            let share = row.int(0)? as f64 / row.int(1)?.max(1) as f64 * used;
            if most.as_ref().is_none_or(|(known, _)| share > *known) {
                most = Some((share, format!("{account}'s {}", window.label())));
            }
        }
    }
    Ok(most)
}

const WINDOW: &str = "name, status, utilization, resets_at, seen_at, seen_by, seen_from, per_run, alerted";

fn save(tx: &mut Tx<'_>, account: &str, window: &Window) -> Result<(), Error> {
    tx.execute(
        &format!(
            "INSERT INTO windows (account, {WINDOW}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (account, name) DO UPDATE SET status = excluded.status,
               utilization = excluded.utilization, resets_at = excluded.resets_at,
               seen_at = excluded.seen_at, seen_by = excluded.seen_by, seen_from = excluded.seen_from,
               per_run = excluded.per_run, alerted = excluded.alerted"
        ),
        &[
            account.into(),
            (&window.name).into(),
            status_word(window.status).into(),
            window.utilization.into(),
            window.resets_at.into(),
            window.seen_at.into(),
            window.seen_by.map(|(run, _)| run).into(),
            window.seen_by.map(|(_, from)| from).into(),
            window.per_run.into(),
            window.alerted.map(Alert::as_str).into(),
        ],
    )?;
    Ok(())
}

fn head(row: &Row) -> Result<Standing, Error> {
    let text = row.text(2)?;
    let rests: Vec<Rest> = serde_json::from_str(&text)
        .map_err(|_| Error::Corrupt { what: "rest of an account", value: text })?;
    Ok(Standing { off: row.int(1)? != 0, rests, windows: Vec::new() })
}

fn window(row: &Row) -> Result<Window, Error> {
    let by = row.opt_word(5, |text| text.parse::<RunId>().ok())?;
    Ok(Window {
        name: row.text(0)?,
        status: row.word(1, parse_status)?,
        utilization: row.opt_real(2)?,
        resets_at: row.opt_at(3)?,
        seen_at: row.at(4)?,
        seen_by: by.zip(row.opt_real(6)?),
        per_run: row.opt_real(7)?,
        alerted: row.opt_word(8, Alert::parse)?,
    })
}

fn status_word(status: LimitStatus) -> &'static str {
    match status {
        LimitStatus::Allowed => "allowed",
        LimitStatus::Warning => "warning",
        LimitStatus::Rejected => "rejected",
    }
}

fn parse_status(text: &str) -> Option<LimitStatus> {
    [LimitStatus::Allowed, LimitStatus::Warning, LimitStatus::Rejected]
        .into_iter()
        .find(|status| status_word(*status) == text)
}
