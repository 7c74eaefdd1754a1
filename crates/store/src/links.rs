//! Links that answer a question once: what was used, until it would have expired anyway. What a link says and whether it is
//! ours is known above (`engine::links`).

use domain::work::Command;
use domain::{Refusal, TaskId, Timestamp, Work};

use crate::sql::Tx;
use crate::{Error, tasks};

/// A link that is used.
#[derive(Clone, Debug)]
pub struct Used {
    /// What no other link has.
    pub nonce: String,
    /// When it expires.
    pub until: Timestamp,
}

/// Whether it was used before.
pub fn is_used(tx: &mut Tx<'_>, nonce: &str) -> Result<bool, Error> {
    Ok(tx.query_one("SELECT nonce FROM used_links WHERE nonce = $1", &[nonce.into()])?.is_some())
}

/// Carries out what a link says, and uses it up: both or neither.
pub fn follow(
    tx: &mut Tx<'_>,
    link: &Used,
    task: TaskId,
    command: Command,
    actor: &str,
    now: Timestamp,
) -> Result<Work, Error> {
    // Refused before anything is written; the writer is one, so nobody uses it in between.
    if is_used(tx, &link.nonce)? {
        return Err(Refusal::Invalid("the link was used already").into());
    }
    tasks::change_all(tx, task, vec![command], actor, now, |tx| {
        tx.execute("DELETE FROM used_links WHERE until < $1", &[now.into()])?;
        tx.execute(
            "INSERT INTO used_links (nonce, until) VALUES ($1, $2)",
            &[(&link.nonce).into(), link.until.into()],
        )?;
        Ok(())
    })
}
