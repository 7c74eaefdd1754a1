//! Runs: rows, leases, and how far their spools were read.

use std::time::Duration;

use domain::schedule::Load;
use domain::work::{Command, RunCommand};
use domain::{DiffStat, Isolation, Outcome, Run, RunId, RunState, Stage, TaskId, Timestamp, Usage, Work};

use crate::sql::{Row, Tx};
use crate::{Error, tasks};

const COLUMNS: &str = "id, task, attempt, agent, model, isolation, workspace, stage, outcome, feedback, \
    resume, session, billing, base_commit, commit_id, diff_files, diff_insertions, diff_deletions, \
    tokens_input, tokens_output, tokens_cached, cost_usd, summary, reason, started_at, ended_at, account, \
    hands_on, receipt";

/// A run by id.
pub fn load(tx: &mut Tx<'_>, id: RunId) -> Result<Option<Run>, Error> {
    let row = tx.query_one(&format!("SELECT {COLUMNS} FROM runs WHERE id = $1"), &[id.into()])?;
    row.as_ref().map(run).transpose()
}

/// A task's runs, latest first.
pub fn of_task(tx: &mut Tx<'_>, task: TaskId, limit: usize) -> Result<Vec<Run>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM runs WHERE task = $1 ORDER BY attempt DESC LIMIT $2");
    tx.query(&sql, &[task.into(), limit.into()])?.iter().map(run).collect()
}

/// Runs that have a session, or this one, newest first.
pub(crate) fn with_session(tx: &mut Tx<'_>, session: Option<&str>, limit: usize) -> Result<Vec<Run>, Error> {
    let sql = match session {
        Some(_) => format!("SELECT {COLUMNS} FROM runs WHERE session = $2 ORDER BY id DESC LIMIT $1"),
        None => format!("SELECT {COLUMNS} FROM runs WHERE session IS NOT NULL ORDER BY id DESC LIMIT $1"),
    };
    let values: Vec<_> = [limit.into()].into_iter().chain(session.map(Into::into)).collect();
    tx.query(&sql, &values)?.iter().map(run).collect()
}

/// Every live run, oldest first.
pub fn live(tx: &mut Tx<'_>) -> Result<Vec<Run>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM runs WHERE outcome IS NULL ORDER BY id");
    tx.query(&sql, &[])?.iter().map(run).collect()
}

/// How many runs live, by project and by account.
pub fn load_now(tx: &mut Tx<'_>) -> Result<Load, Error> {
    let sql =
        "SELECT runs.project, COALESCE(runs.account, runs.agent), COUNT(*), CAST(SUM(tasks.gpu) AS BIGINT)
         FROM runs JOIN tasks ON tasks.id = runs.task WHERE runs.outcome IS NULL GROUP BY 1, 2";
    let mut load = Load::default();
    for row in tx.query(sql, &[])? {
        let n = usize::try_from(row.int(2)?).unwrap_or(usize::MAX);
        *load.projects.entry(row.text(0)?).or_default() += n;
        *load.accounts.entry(row.text(1)?).or_default() += n;
        load.gpu += usize::try_from(row.int(3)?).unwrap_or(usize::MAX);
    }
    Ok(load)
}

/// What a project's runs that started since a moment cost where they are charged by use, in US dollars.
pub fn cost_since(tx: &mut Tx<'_>, project: &str, since: Timestamp) -> Result<f64, Error> {
    let row = tx.query_one(
        "SELECT COALESCE(SUM(cost_usd), 0.0) FROM runs
         WHERE project = $1 AND started_at >= $2 AND (billing IS NULL OR billing <> 'subscription')",
        &[project.into(), since.into()],
    )?;
    row.map_or(Ok(0.0), |row| row.real(0))
}

/// What the earlier runs of a session consumed.
pub fn used_in_session(tx: &mut Tx<'_>, task: TaskId, session: &str, but: RunId) -> Result<Usage, Error> {
    let row = tx.query_one(
        "SELECT CAST(COALESCE(SUM(tokens_input), 0) AS BIGINT), CAST(COALESCE(SUM(tokens_output), 0) AS BIGINT),
           CAST(COALESCE(SUM(tokens_cached), 0) AS BIGINT), COALESCE(SUM(cost_usd), 0.0)
         FROM runs WHERE task = $1 AND session = $2 AND id <> $3",
        &[task.into(), session.into(), but.into()],
    )?;
    row.map_or(Ok(Usage::default()), |row| usage(&row, 0))
}

/// Extends the leases of all this owner's live runs. A run whose lease another owner took is not touched.
pub fn renew(tx: &mut Tx<'_>, owner: &str, until: Timestamp) -> Result<u64, Error> {
    tx.execute(
        "UPDATE runs SET lease_until = $1 WHERE outcome IS NULL AND lease_owner = $2",
        &[until.into(), owner.into()],
    )
}

/// Takes over the live runs whose lease is this owner's or has ended; returns them, oldest first.
pub fn adopt(tx: &mut Tx<'_>, owner: &str, lease: Duration, now: Timestamp) -> Result<Vec<Run>, Error> {
    let sql = format!(
        "UPDATE runs SET lease_owner = $1, lease_until = $2
         WHERE outcome IS NULL AND (lease_owner = $1 OR lease_until IS NULL OR lease_until < $3)
         RETURNING {COLUMNS}"
    );
    let rows = tx.query(&sql, &[owner.into(), now.plus(lease).into(), now.into()])?;
    let mut runs = rows.iter().map(run).collect::<Result<Vec<_>, _>>()?;
    runs.sort_by_key(|run| run.id);
    Ok(runs)
}

/// How far a job's spool was read.
pub fn read_to(tx: &mut Tx<'_>, run: RunId, job: &str) -> Result<u64, Error> {
    let row =
        tx.query_one("SELECT read_to FROM spools WHERE run = $1 AND job = $2", &[run.into(), job.into()])?;
    row.map_or(Ok(0), |row| row.u64(0))
}

/// What a piece of a job's output amounts to.
#[derive(Clone, Debug)]
pub struct Told<'a> {
    /// The job whose spool it came from.
    pub job: &'a str,
    /// Where that spool was read to before this piece.
    pub from: u64,
    /// Where it is read to with this piece.
    pub to: u64,
}

/// Stores what a run reported, and that its spool was read that far, together. The piece is refused
/// when the spool is not at `from` any more: somebody else read on.
pub fn tell(
    tx: &mut Tx<'_>,
    task: TaskId,
    run: RunId,
    reports: Vec<RunCommand>,
    told: Option<Told<'_>>,
    actor: &str,
    now: Timestamp,
) -> Result<Work, Error> {
    let commands = reports.into_iter().map(|report| Command::OfRun(run, report)).collect();
    tasks::change_all(tx, task, commands, actor, now, |tx| match told {
        Some(told) => read_on(tx, run, &told),
        None => Ok(()),
    })
}

/// Notes that a spool was read on; refused when it is not where this reader left it.
fn read_on(tx: &mut Tx<'_>, run: RunId, told: &Told<'_>) -> Result<(), Error> {
    let moved = tx.execute(
        "INSERT INTO spools (run, job, read_to) VALUES ($1, $2, $4)
         ON CONFLICT (run, job) DO UPDATE SET read_to = excluded.read_to WHERE spools.read_to = $3",
        &[run.into(), told.job.into(), told.from.into(), told.to.into()],
    )?;
    if moved == 0 {
        return Err(domain::Refusal::Fenced { run: run.short() }.into());
    }
    Ok(())
}

pub(crate) fn insert(tx: &mut Tx<'_>, run: &Run, project: &str) -> Result<(), Error> {
    let (stage, outcome) = state_columns(run.state);
    let receipt = run.receipt.as_ref().map(|receipt| serde_json::to_string(receipt).unwrap_or_default());
    tx.execute(
        "INSERT INTO runs (id, task, project, attempt, agent, model, isolation, workspace, stage, outcome,
           feedback, resume, billing, tokens_input, tokens_output, tokens_cached, cost_usd, started_at,
           account, hands_on, receipt)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, 0, 0, 0.0, $14, $15, $16, $17)",
        &[
            run.id.into(),
            run.task.into(),
            project.into(),
            run.attempt.into(),
            (&run.agent).into(),
            run.model.as_deref().into(),
            run.isolation.as_str().into(),
            run.workspace.into(),
            stage.into(),
            outcome.into(),
            run.feedback.as_deref().into(),
            run.resume.as_deref().into(),
            run.billing.as_deref().into(),
            run.started_at.into(),
            (&run.account).into(),
            run.hands_on.into(),
            receipt.as_deref().into(),
        ],
    )?;
    Ok(())
}

pub(crate) fn update(tx: &mut Tx<'_>, run: &Run) -> Result<(), Error> {
    let (stage, outcome) = state_columns(run.state);
    let changed = tx.execute(
        "UPDATE runs SET stage = $2, outcome = $3, session = $4, base_commit = $5, commit_id = $6,
           diff_files = $7, diff_insertions = $8, diff_deletions = $9, tokens_input = $10,
           tokens_output = $11, tokens_cached = $12, cost_usd = $13, summary = $14, reason = $15,
           ended_at = $16, model = $17, resume = $18
         WHERE id = $1 AND outcome IS NULL",
        &[
            run.id.into(),
            stage.into(),
            outcome.into(),
            run.session.as_deref().into(),
            run.base_commit.as_deref().into(),
            run.commit.as_deref().into(),
            run.diff.map(|diff| diff.files).into(),
            run.diff.map(|diff| diff.insertions).into(),
            run.diff.map(|diff| diff.deletions).into(),
            run.usage.input.into(),
            run.usage.output.into(),
            run.usage.cached.into(),
            run.usage.cost_usd.into(),
            run.summary.as_deref().into(),
            run.reason.as_deref().into(),
            run.ended_at.into(),
            run.model.as_deref().into(),
            run.resume.as_deref().into(),
        ],
    )?;
    if changed == 0 {
        return Err(domain::Refusal::Fenced { run: run.id.short() }.into());
    }
    Ok(())
}

/// Makes the run this owner's.
pub(crate) fn lease(tx: &mut Tx<'_>, run: RunId, owner: &str, until: Timestamp) -> Result<(), Error> {
    tx.execute(
        "UPDATE runs SET lease_owner = $2, lease_until = $3 WHERE id = $1",
        &[run.into(), owner.into(), until.into()],
    )?;
    Ok(())
}

fn state_columns(state: RunState) -> (Option<&'static str>, Option<&'static str>) {
    match state {
        RunState::Live(at) => (Some(at.as_str()), None),
        RunState::Ended(outcome) => (None, Some(outcome.as_str())),
    }
}

fn run(row: &Row) -> Result<Run, Error> {
    let state = match (row.opt_word(7, Stage::parse)?, row.opt_word(8, Outcome::parse)?) {
        (Some(stage), None) => RunState::Live(stage),
        (None, Some(outcome)) => RunState::Ended(outcome),
        other => return Err(Error::Corrupt { what: "run state", value: format!("{other:?}") }),
    };
    Ok(Run {
        id: row.word(0, |text| text.parse().ok())?,
        task: row.word(1, |text| text.parse().ok())?,
        attempt: row.u32(2)?,
        agent: row.text(3)?,
        account: row.opt_text(26)?.map_or_else(|| row.text(3), Ok)?,
        model: row.opt_text(4)?,
        isolation: row.word(5, Isolation::parse)?,
        workspace: row.word(6, |text| text.parse().ok())?,
        state,
        feedback: row.opt_text(9)?,
        resume: row.opt_text(10)?,
        session: row.opt_text(11)?,
        billing: row.opt_text(12)?,
        base_commit: row.opt_text(13)?,
        commit: row.opt_text(14)?,
        diff: diff(row, 15)?,
        usage: usage(row, 18)?,
        summary: row.opt_text(22)?,
        reason: row.opt_text(23)?,
        started_at: row.at(24)?,
        ended_at: row.opt_at(25)?,
        hands_on: row.int(27)? != 0,
        receipt: row.opt_word(28, |text| serde_json::from_str(text).ok())?,
    })
}

/// Three columns from `first` on: a diff's size, all null when there is none.
pub(crate) fn diff(row: &Row, first: usize) -> Result<Option<DiffStat>, Error> {
    if row.opt_int(first)?.is_none() {
        return Ok(None);
    }
    Ok(Some(DiffStat {
        files: row.u32(first)?,
        insertions: row.u32(first + 1)?,
        deletions: row.u32(first + 2)?,
    }))
}

/// Four columns from `first` on: tokens and cost.
pub(crate) fn usage(row: &Row, first: usize) -> Result<Usage, Error> {
    Ok(Usage {
        input: row.u64(first)?,
        output: row.u64(first + 1)?,
        cached: row.u64(first + 2)?,
        cost_usd: row.real(first + 3)?,
    })
}
