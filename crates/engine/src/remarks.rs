//! Remarks of people on a task's work: where they stand is looked up in the work, and what stands there is kept with them.
//! Not here: how they are kept (`store::remarks`), and the comment they become (`domain::remark`).

use domain::TaskId;
use domain::remark::{self, Said, Side};
use store::remarks::Kept;
use workspace::Held;

use crate::changes::latest;
use crate::{Engine, Error, Unclear, clock};

/// Where a remark stands.
#[derive(Clone, Debug)]
pub struct Spot {
    /// The commit whose change was looked at; the task's latest work when not said.
    pub commit: Option<String>,
    /// The file; nothing for the plan.
    pub file: Option<String>,
    /// Which side.
    pub side: Side,
    /// The first line, from 1.
    pub line: u32,
    /// The last one.
    pub end: u32,
    /// What stands there, for the plan; for a file it is read.
    pub quote: Option<String>,
}

/// What is to be kept.
#[derive(Clone, Debug)]
pub struct NewRemark {
    /// Where.
    pub spot: Spot,
    /// What.
    pub text: String,
    /// The idempotency key.
    pub key: Option<String>,
}

impl Engine {
    /// Keeps a remark.
    pub async fn remark(&self, id: TaskId, new: NewRemark, actor: domain::Actor) -> Result<Kept, Error> {
        let said = self.said(id, new.spot, new.text).await?;
        if let Some(complaint) = remark::complaint(&said) {
            return Err(Unclear::Invalid(complaint.into()).into());
        }
        let now = clock::now();
        // In the order in which they were written, as everything with an id of ours.
        let name = domain::RunId::new(now).to_string();
        let key = new.key;
        let kept = self
            .context
            .store
            .write(move |tx| store::remarks::write(tx, id, (&name, said), key.as_deref(), &actor, now));
        Ok(kept.await?)
    }

    async fn said(&self, id: TaskId, spot: Spot, text: String) -> Result<Said, Error> {
        let work = self.work(id).await?;
        let file = spot.file.unwrap_or_default();
        let commit = spot.commit.or_else(|| latest(&work)).unwrap_or_default();
        if !commit.is_empty() {
            self.expect_own(&work, &commit).await?;
        }
        let quote = match spot.side {
            Side::Plan => remark::quoted(spot.quote.unwrap_or_default().lines()),
            Side::New => self.quote(id, &commit, &file, (spot.line, spot.end)).await?,
            Side::Old => {
                let base = work.task.base_commit.unwrap_or_default();
                self.quote(id, &base, &file, (spot.line, spot.end)).await?
            }
        };
        Ok(Said { commit, file, side: spot.side, line: spot.line, end: spot.end, text, quote })
    }

    /// What stands at some lines of a file; nothing where that is no text, or not there.
    async fn quote(
        &self,
        id: TaskId,
        commit: &str,
        file: &str,
        (line, end): (u32, u32),
    ) -> Result<String, Error> {
        if commit.is_empty() || file.is_empty() || line == 0 || end < line {
            return Ok(String::new());
        }
        let Held::Bytes(bytes) = self.file(id, commit.to_owned(), file.to_owned()).await? else {
            return Ok(String::new());
        };
        let text = String::from_utf8_lossy(&bytes);
        let skip = usize::try_from(line - 1).unwrap_or(usize::MAX);
        let many = usize::try_from(end - line + 1).unwrap_or(usize::MAX);
        Ok(remark::quoted(text.lines().skip(skip).take(many)))
    }
}
