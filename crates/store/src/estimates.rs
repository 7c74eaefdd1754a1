//! What ended runs took, for the estimates of later ones, and how much each project used lately. Written in the
//! transaction that ends a run; a few hundred rows whatever the history.

use std::collections::HashMap;

use domain::estimate::{Experience, Measure, bucket};
use domain::{Complexity, Kind, Nature, Outcome, Run, Task, Timestamp};

use crate::Error;
use crate::sql::Tx;

/// Days of use that fairness looks at, each counting half of the one after it.
const DAYS: i64 = 7;
const DAY: i64 = 24 * 3_600_000;

/// Learns from a run that ended.
pub(crate) fn learn(tx: &mut Tx<'_>, task: &Task, run: &Run) -> Result<(), Error> {
    let Some(ended_at) = run.ended_at.filter(|_| !run.hands_on) else { return Ok(()) };
    let ms = u64::try_from(ended_at.since(run.started_at).as_millis()).unwrap_or(u64::MAX);
    let project = &task.asked.project;
    tx.execute(
        "INSERT INTO project_use (day, project, ms) VALUES ($1, $2, $3)
         ON CONFLICT (day, project) DO UPDATE SET ms = project_use.ms + excluded.ms",
        &[day(ended_at).into(), project.into(), ms.into()],
    )?;
    // What failed, met a limit or was stopped says little of how long the work takes.
    if run.state.outcome() != Some(Outcome::Succeeded) {
        return Ok(());
    }
    let nature = task.asked.nature;
    for (measure, size) in [(Measure::Duration, ms), (Measure::Tokens, run.usage.input + run.usage.output)] {
        tx.execute(
            "INSERT INTO experience (project, agent, kind, complexity, measure, bucket, n)
             VALUES ($1, $2, $3, $4, $5, $6, 1)
             ON CONFLICT (project, agent, kind, complexity, measure, bucket) DO UPDATE SET n = experience.n + 1",
            &[
                project.into(),
                (&run.agent).into(),
                nature.kind.as_str().into(),
                nature.complexity.as_str().into(),
                measure.as_str().into(),
                i64::from(bucket(size)).into(),
            ],
        )?;
    }
    Ok(())
}

/// All that was learned.
pub fn experience(tx: &mut Tx<'_>) -> Result<Experience, Error> {
    let mut known = Experience::default();
    let rows =
        tx.query("SELECT project, agent, kind, complexity, measure, bucket, n FROM experience", &[])?;
    for row in rows {
        let nature = Nature {
            kind: row.word(2, Kind::parse)?,
            complexity: row.word(3, Complexity::parse)?,
            gpu: false,
        };
        let bucket = u16::try_from(row.int(5)?).unwrap_or(u16::MAX);
        known.add((&row.text(0)?, &row.text(1)?, nature), row.word(4, Measure::parse)?, bucket, row.u32(6)?);
    }
    Ok(known)
}

/// What the ended runs of each project took lately, in milliseconds; a day counts half of the one after it.
pub fn used_lately(tx: &mut Tx<'_>, now: Timestamp) -> Result<HashMap<String, u64>, Error> {
    let today = day(now);
    let rows =
        tx.query("SELECT day, project, ms FROM project_use WHERE day > $1", &[(today - DAYS).into()])?;
    let mut used: HashMap<String, u64> = HashMap::new();
    for row in rows {
        let age = u32::try_from(today - row.int(0)?).unwrap_or(0);
        *used.entry(row.text(1)?).or_default() += row.u64(2)? >> age.min(63);
    }
    Ok(used)
}

fn day(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(DAY)
}
