//! Approved work that could not land as it was, brought onto the tip by its agent: the merge is begun before the agent
//! goes on, inside the sandbox, and what became of it is judged from the store.

use std::sync::Arc;

use domain::work::{End, RunCommand};
use domain::{Event, Outcome};
use runner::Network;
use workspace::Workspace;

use super::{Broken, Drive};
use crate::blocking;

impl Drive {
    /// Begins the merge that the agent is to finish, if this run is for that. An end when it cannot be begun.
    pub(super) async fn bring_onto(&mut self, workspace: &Workspace) -> Result<Option<End>, Broken> {
        let (Some(onto), Some(work)) = (self.work.task.landing.onto.clone(), self.work.task.commit.clone())
        else {
            return Ok(None);
        };
        let script = self.context.workspaces.merge_job(&self.tree(workspace), &work, &onto);
        let mut spec = self.spec(
            workspace,
            script.argv,
            std::collections::BTreeMap::new(),
            Vec::new(),
            Network::default(),
        );
        spec.limits.total_ms = 10 * 60_000;
        let Some(done) = self.run_job("merge", &spec, b"").await? else {
            return Ok(Some(self.end(
                Outcome::Lost,
                Some("the merge could not be begun: its job was lost".into()),
                true,
            )));
        };
        if done.exit.reason == runner::Reason::Stopped {
            return Ok(Some(self.end(Outcome::Stopped, None, false)));
        }
        if !done.exit.is_success() {
            // The agent is told what is wanted, and has a git of its own.
            let text = format!(
                "the merge with the branch could not be begun in the workspace: {}",
                done.tail.trim()
            );
            self.tell(vec![RunCommand::Tell(Event::RunWarning { text })], None).await?;
        }
        Ok(None)
    }

    /// What became of the merge in the collected commit; nothing for a run that was not for one.
    pub(super) async fn judge_onto(
        &self,
        workspace: &Workspace,
        commit: &str,
    ) -> Result<Option<RunCommand>, Broken> {
        let Some(onto) = self.work.task.landing.onto.clone() else { return Ok(None) };
        let (context, repo, commit) = (Arc::clone(&self.context), workspace.repo.clone(), commit.to_owned());
        let before = self.work.task.commit.clone();
        let judged = blocking(move || {
            let spaces = &context.workspaces;
            if !spaces.is_onto(&repo, &onto, &commit)? {
                return Ok(RunCommand::Unresolved { onto, paths: Vec::new() });
            }
            let paths = spaces.markers(&repo, &onto, &commit)?;
            if !paths.is_empty() {
                return Ok(RunCommand::Unresolved { onto, paths });
            }
            let beyond = match before {
                Some(before) => spaces.beyond(&repo, &onto, &before, &commit)?,
                None => Vec::new(),
            };
            Ok(RunCommand::Resolved { onto, beyond })
        });
        Ok(Some(judged.await?))
    }
}
