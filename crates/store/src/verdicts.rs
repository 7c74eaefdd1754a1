//! Verdicts and what became of them, and false alarms: written with the events that cause them, in their transaction.
//! Not here: what they mean (`domain::supervise`).

use domain::supervise::breakpoint::Alarms;
use domain::supervise::calibrate::Pair;
use domain::supervise::{Decision, Settled, Verdict};
use domain::{Event, Record, TaskId, Timestamp};

use crate::Error;
use crate::memory::Place;
use crate::sql::{Row, Tx};

/// The most verdicts that confidence is measured against: the latest.
pub const MOST_PAIRS: usize = 2000;
/// The most that an agent's record is made of.
const MOST_RECORD: usize = 200;

/// What an event means for the verdicts on its task.
pub(crate) fn note(tx: &mut Tx<'_>, record: &Record) -> Result<(), Error> {
    match &record.event {
        Event::TaskJudged { verdict } => insert(tx, record, verdict),
        Event::QuestionAnswered { false_alarms, .. } => {
            false_alarms.iter().try_for_each(|rule| alarm(tx, record.task, rule))
        }
        event => match (Settled::by(record), event) {
            (Some(Settled::Approved), Event::TaskApproved { commit, .. }) => approve(tx, record, commit),
            (Some(Settled::Reverted), _) => revert(tx, record),
            (Some(settled), _) => settle(tx, record.task, settled, record.at),
            (None, _) => Ok(()),
        },
    }
}

fn insert(tx: &mut Tx<'_>, record: &Record, verdict: &Verdict) -> Result<(), Error> {
    settle(tx, record.task, Settled::Superseded, record.at)?;
    if matches!(verdict.decision, Decision::Retry { .. } | Decision::Escalate { .. } | Decision::Split { .. })
    {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO verdicts (task, attempt, project, repo, agent, commit_id, decision, raw, confidence, at)
         SELECT tasks.id, runs.attempt, tasks.project, tasks.repo, runs.agent, $2, $3, $4, $5, $6
         FROM tasks JOIN runs ON runs.task = tasks.id WHERE runs.id = $1",
        &[
            record.run.into(),
            verdict.commit.as_deref().into(),
            verdict.decision.as_str().into(),
            verdict.raw.into(),
            verdict.confidence.into(),
            record.at.into(),
        ],
    )?;
    Ok(())
}

/// Approved as it was judged, or another commit instead of it.
fn approve(tx: &mut Tx<'_>, record: &Record, commit: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE verdicts SET settled = 'approved', settled_at = $3 WHERE task = $1 AND settled IS NULL AND commit_id = $2",
        &[record.task.into(), commit.into(), record.at.into()],
    )?;
    settle(tx, record.task, Settled::SentBack, record.at)
}

/// The verdict that it landed with was wrong.
fn revert(tx: &mut Tx<'_>, record: &Record) -> Result<(), Error> {
    tx.execute(
        "UPDATE verdicts SET settled = 'reverted', settled_at = $2 WHERE task = $1
         AND attempt = (SELECT MAX(attempt) FROM verdicts WHERE task = $1)",
        &[record.task.into(), record.at.into()],
    )?;
    Ok(())
}

fn settle(tx: &mut Tx<'_>, task: TaskId, settled: Settled, now: Timestamp) -> Result<(), Error> {
    tx.execute(
        "UPDATE verdicts SET settled = $2, settled_at = $3 WHERE task = $1 AND settled IS NULL",
        &[task.into(), settled.as_str().into(), now.into()],
    )?;
    Ok(())
}

fn alarm(tx: &mut Tx<'_>, task: TaskId, rule: &str) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO alarms (project, repo, rule, n) SELECT project, repo, $2, 1 FROM tasks WHERE id = $1
         ON CONFLICT (project, repo, rule) DO UPDATE SET n = alarms.n + 1",
        &[task.into(), rule.into()],
    )?;
    Ok(())
}

/// What a project's rules learned.
pub fn alarms(tx: &mut Tx<'_>, place: &Place) -> Result<Alarms, Error> {
    let rows = tx.query(
        "SELECT rule, n FROM alarms WHERE project = $1 AND repo = $2 LIMIT 1000",
        &[(&place.project).into(), (&place.repo).into()],
    )?;
    let read = |row: &Row| Ok((row.text(0)?, row.u32(1)?));
    Ok(Alarms(rows.iter().map(read).collect::<Result<_, Error>>()?))
}

/// What became of an agent's work in a project, newest first.
pub fn record_of(tx: &mut Tx<'_>, place: &Place, agent: &str) -> Result<Vec<Settled>, Error> {
    let rows = tx.query(
        "SELECT settled FROM verdicts WHERE project = $1 AND repo = $2 AND agent = $3 AND settled IS NOT NULL
         ORDER BY settled_at DESC, task DESC LIMIT $4",
        &[(&place.project).into(), (&place.repo).into(), agent.into(), MOST_RECORD.into()],
    )?;
    rows.iter().map(|row| row.word(0, Settled::parse)).collect()
}

/// A verdict that a person decided about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Its score before calibration.
    pub raw: f64,
    /// The confidence that was shown.
    pub confidence: f64,
    /// Whether the person approved the work without a change.
    pub approved: bool,
}

impl Measured {
    /// What calibration learns from.
    pub fn learned(&self) -> Pair {
        (self.raw, self.approved)
    }

    /// What its quality is measured with.
    pub fn shown(&self) -> Pair {
        (self.confidence, self.approved)
    }
}

/// The latest verdicts that a person decided about: of a project, or of all.
pub fn measured(tx: &mut Tx<'_>, place: Option<&Place>) -> Result<Vec<Measured>, Error> {
    const DECIDED: &str = "SELECT raw, confidence, settled FROM verdicts
        WHERE (settled = 'approved' OR settled = 'sent_back' OR settled = 'discarded' OR settled = 'reverted')";
    let rows = match place {
        Some(place) => tx.query(
            &format!("{DECIDED} AND project = $1 AND repo = $2 ORDER BY settled_at DESC LIMIT $3"),
            &[(&place.project).into(), (&place.repo).into(), MOST_PAIRS.into()],
        )?,
        None => tx.query(&format!("{DECIDED} ORDER BY settled_at DESC LIMIT $1"), &[MOST_PAIRS.into()])?,
    };
    let read = |row: &Row| {
        let approved = row.word(2, Settled::parse)?.content() == Some(true);
        Ok(Measured { raw: row.real(0)?, confidence: row.real(1)?, approved })
    };
    rows.iter().map(read).collect()
}
