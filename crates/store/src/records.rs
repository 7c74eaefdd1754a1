//! What became of agents' work, by project and kind of work: kept in the transaction of the event that judges it, so
//! that it never says anything else than the log.

use domain::record::{Judged, Judgement, Record, judged};
use domain::{Event, Kind, Work};

use crate::Error;
use crate::sql::{Row, Tx};

/// The most agents and models that are looked at for one kind of work; those that did the most of it.
const MOST: usize = 100;

/// Notes what `event` says of the latest run of `before`, if anything.
pub(crate) fn note(tx: &mut Tx<'_>, before: &Work, event: &Event) -> Result<(), Error> {
    let Some(Judged { project, kind, agent, model, judgement, cost_usd }) = judged(before, event) else {
        return Ok(());
    };
    let one = |of: Judgement| i64::from(judgement == of);
    tx.execute(
        "INSERT INTO records (project, kind, agent, model, accepted, sent_back, discarded, cost_usd)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (project, kind, agent, model) DO UPDATE SET accepted = records.accepted + excluded.accepted,
           sent_back = records.sent_back + excluded.sent_back, discarded = records.discarded + excluded.discarded,
           cost_usd = records.cost_usd + excluded.cost_usd",
        &[
            (&project).into(),
            kind.as_str().into(),
            (&agent).into(),
            model.as_deref().unwrap_or("").into(),
            one(Judgement::Accepted).into(),
            one(Judgement::SentBack).into(),
            one(Judgement::Discarded).into(),
            cost_usd.into(),
        ],
    )?;
    Ok(())
}

/// What became of one kind of work in a project, by agent and model.
pub fn of(tx: &mut Tx<'_>, project: &str, kind: Kind) -> Result<Vec<Record>, Error> {
    let rows = tx.query(
        "SELECT agent, model, accepted, sent_back, discarded, cost_usd FROM records
         WHERE project = $1 AND kind = $2
         ORDER BY accepted + sent_back + discarded DESC, agent, model LIMIT $3",
        &[project.into(), kind.as_str().into(), MOST.into()],
    )?;
    let record = |row: &Row| {
        Ok(Record {
            agent: row.text(0)?,
            model: Some(row.text(1)?).filter(|model| !model.is_empty()),
            accepted: row.u32(2)?,
            sent_back: row.u32(3)?,
            discarded: row.u32(4)?,
            cost_usd: row.real(5)?,
        })
    };
    rows.iter().map(record).collect()
}
