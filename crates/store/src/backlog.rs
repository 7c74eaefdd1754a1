//! All tasks that are not at their end, as the planner sees them: once as a whole, then what changed since.
//!
//! Whoever keeps them in memory reads the log on from where it was, so a round costs what happened since the last
//! one, not what there is.

use std::sync::LazyLock;

use domain::plan::{Pending, Stands};
use domain::{TaskId, WaitFor, Waiting};

use crate::Error;
use crate::sql::{Row, Tx};
use crate::tasks::{CANDIDATE, CANDIDATE_COLUMNS, candidate};

/// More events than this are not looked through one by one.
const MOST_EVENTS: i64 = 20_000;

/// What changed since a sequence number.
#[derive(Debug, Default)]
pub struct Changes {
    /// Where the log ends now.
    pub head: i64,
    /// Tasks that changed; `None` for what is at its end.
    pub tasks: Vec<(TaskId, Option<Pending>)>,
    /// Whether a run ended, so that there is more to learn from.
    pub runs_ended: bool,
}

static SELECT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {CANDIDATE}, tasks.title, tasks.priority, tasks.deadline, tasks.after_tasks, tasks.created_at, tasks.state,
           tasks.waiting_for, tasks.waiting_until, tasks.reason, runs.started_at, COALESCE(runs.account, runs.agent),
           CAST(CASE WHEN tasks.waiting_for = 'dependency' AND EXISTS (SELECT 1 FROM dependencies
             JOIN tasks earlier ON earlier.id = dependencies.after WHERE dependencies.task = tasks.id
             AND (earlier.state = 'failed' OR earlier.state = 'cancelled')) THEN 1 ELSE 0 END AS BIGINT)
         FROM tasks LEFT JOIN runs ON runs.task = tasks.id AND runs.outcome IS NULL "
    )
});

/// The tasks that are not at their end, at most `most`, the most urgent by their own priority; and where the log ends.
pub fn all(tx: &mut Tx<'_>, most: usize) -> Result<(i64, Vec<Pending>), Error> {
    let head = tx.head()?;
    let sql = format!(
        "{} WHERE tasks.state IN ('queued', 'running', 'waiting', 'review')
         ORDER BY CASE WHEN tasks.state = 'running' THEN 0 ELSE 1 END, tasks.priority, tasks.id LIMIT $1",
        *SELECT
    );
    let tasks = tx.query(&sql, &[most.into()])?;
    Ok((head, tasks.iter().map(pending).collect::<Result<_, _>>()?))
}

/// What changed after `seq`; `None` when that is too much, or the log does not reach that far.
pub fn since(tx: &mut Tx<'_>, seq: i64) -> Result<Option<Changes>, Error> {
    let head = tx.head()?;
    if head == seq {
        return Ok(Some(Changes { head, ..Changes::default() }));
    }
    if head < seq || head - seq > MOST_EVENTS {
        return Ok(None);
    }
    let rows = tx.query(
        "SELECT task, CAST(MAX(CASE WHEN kind = 'run.ended' THEN 1 ELSE 0 END) AS BIGINT) FROM events
         WHERE seq > $1 AND (kind LIKE 'task.%' OR kind = 'run.started' OR kind = 'run.ended')
           AND kind <> 'task.output' GROUP BY task",
        &[seq.into()],
    )?;
    let mut changes = Changes { head, ..Changes::default() };
    for row in rows {
        let id: TaskId = row.word(0, |text| text.parse().ok())?;
        changes.runs_ended |= row.int(1)? != 0;
        changes.tasks.push((id, one(tx, id)?));
    }
    Ok(Some(changes))
}

fn one(tx: &mut Tx<'_>, id: TaskId) -> Result<Option<Pending>, Error> {
    let sql = format!(
        "{} WHERE tasks.id = $1 AND tasks.state IN ('queued', 'running', 'waiting', 'review')",
        *SELECT
    );
    tx.query_one(&sql, &[id.into()])?.as_ref().map(pending).transpose()
}

fn pending(row: &Row) -> Result<Pending, Error> {
    let at = |n: usize| CANDIDATE_COLUMNS + n;
    let reason = row.opt_text(at(8))?;
    let stands = match row.text(at(5))?.as_str() {
        "running" => Stands::Running {
            // A claim makes the run and the state at once; a run without its row is as good as just begun.
            since: row.opt_at(at(9))?.unwrap_or_default(),
            account: row.opt_text(at(10))?.unwrap_or_default(),
        },
        "review" => Stands::Review,
        "waiting" => match row.word(at(6), WaitFor::parse)? {
            WaitFor::Landing => Stands::Landing,
            on => {
                Stands::Waiting(Waiting { on, until: row.opt_at(at(7))?, reason: reason.unwrap_or_default() })
            }
        },
        _ => Stands::Queued,
    };
    let candidate = candidate(row)?;
    Ok(Pending {
        title: row.text(at(0))?,
        priority: u8::try_from(row.int(at(1))?).unwrap_or(domain::project::DEFAULT_PRIORITY),
        deadline: row.opt_at(at(2))?,
        after: row.word(at(3), |text| serde_json::from_str(text).ok())?,
        nature: candidate.nature,
        created_at: row.at(at(4))?,
        stands,
        stuck: row.int(at(11))? != 0,
        candidate,
    })
}
