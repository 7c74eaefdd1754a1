//! What was spent, hour by hour, by project, agent and kind of work: written with the events that tell of it, so that it says
//! what the log says, and read by the hour, so that a long history costs nothing.

use domain::{Event, Record, Timestamp, Usage, Work};

use crate::Error;
use crate::sql::{Row, Tx};

/// Rows that one question looks at, the latest: five for every hour of a year.
const MOST: usize = 50_000;
const HOUR: i64 = 3_600_000;

/// What was spent within an hour.
#[derive(Clone, Debug, PartialEq)]
pub struct Spent {
    /// When the hour began.
    pub at: Timestamp,
    /// The project.
    pub project: String,
    /// The agent.
    pub agent: String,
    /// The kind of work.
    pub kind: String,
    /// Runs that began.
    pub runs: u64,
    /// Works that a person or the policy took.
    pub accepted: u64,
    /// Tokens, and US dollars at list price; nothing for models of this machine.
    pub usage: Usage,
    /// Of these dollars, what is billed by use.
    pub charged_usd: f64,
}

/// Notes what an event says of the latest run of `work`, the state after it, if anything.
pub(crate) fn note(tx: &mut Tx<'_>, work: &Work, record: &Record) -> Result<(), Error> {
    let Some(run) = &work.run else { return Ok(()) };
    let (runs, accepted, usage) = match &record.event {
        Event::RunStarted { .. } => (1, 0, Usage::default()),
        Event::TaskCompleted { .. } => (0, 1, Usage::default()),
        Event::UsageRecorded { input, output, cached, cost_usd } => {
            (0, 0, Usage { input: *input, output: *output, cached: *cached, cost_usd: *cost_usd })
        }
        _ => return Ok(()),
    };
    let billing = run.billing.as_deref();
    let cost = if matches!(billing, Some("local" | "none")) { 0.0 } else { usage.cost_usd };
    let charged = if billing == Some("key") { cost } else { 0.0 };
    tx.execute(
        "INSERT INTO spending (hour, project, agent, kind, runs, accepted, tokens_input, tokens_output, tokens_cached,
           cost_usd, charged_usd)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (hour, project, agent, kind) DO UPDATE SET runs = spending.runs + excluded.runs,
           accepted = spending.accepted + excluded.accepted,
           tokens_input = spending.tokens_input + excluded.tokens_input,
           tokens_output = spending.tokens_output + excluded.tokens_output,
           tokens_cached = spending.tokens_cached + excluded.tokens_cached,
           cost_usd = spending.cost_usd + excluded.cost_usd, charged_usd = spending.charged_usd + excluded.charged_usd",
        &[
            record.at.as_millis().div_euclid(HOUR).into(),
            (&work.task.asked.project).into(),
            (&run.agent).into(),
            work.task.asked.nature.kind.as_str().into(),
            i64::from(runs).into(),
            i64::from(accepted).into(),
            usage.input.into(),
            usage.output.into(),
            usage.cached.into(),
            cost.into(),
            charged.into(),
        ],
    )?;
    Ok(())
}

/// What was spent since a moment, the latest hour first.
pub fn since(tx: &mut Tx<'_>, since: Timestamp) -> Result<Vec<Spent>, Error> {
    let rows = tx.query(
        "SELECT hour, project, agent, kind, runs, accepted, tokens_input, tokens_output, tokens_cached, cost_usd, charged_usd
         FROM spending WHERE hour >= $1 ORDER BY hour DESC, project, agent, kind LIMIT $2",
        &[since.as_millis().div_euclid(HOUR).into(), MOST.into()],
    )?;
    let spent = |row: &Row| {
        Ok(Spent {
            at: Timestamp::from_millis(row.int(0)?.saturating_mul(HOUR)),
            project: row.text(1)?,
            agent: row.text(2)?,
            kind: row.text(3)?,
            runs: row.u64(4)?,
            accepted: row.u64(5)?,
            usage: Usage {
                input: row.u64(6)?,
                output: row.u64(7)?,
                cached: row.u64(8)?,
                cost_usd: row.real(9)?,
            },
            charged_usd: row.real(10)?,
        })
    };
    rows.iter().map(spent).collect()
}
