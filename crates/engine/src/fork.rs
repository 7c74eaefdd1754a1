//! Forks: a new task that goes on from a commit of another's work, with other words or another agent.

use domain::TaskId;
use store::{checkpoints, tasks};

use crate::changes::latest;
use crate::{Engine, Error, Request, Unclear, classifying, clock};

/// From where a fork goes on, besides its own request.
#[derive(Clone, Debug, Default)]
pub struct Fork {
    /// A checkpoint of the task; its latest work when not said.
    pub checkpoint: Option<String>,
}

impl Engine {
    /// Accepts a task that goes on from another's work. Where it happens, and how it is contained, is as there.
    pub async fn fork(
        &self,
        id: TaskId,
        fork: Fork,
        mut request: Request,
        actor: domain::Actor,
    ) -> Result<tasks::Accepted, Error> {
        let work = self.work(id).await?;
        let from = &work.task;
        let commit = match fork.checkpoint {
            Some(name) => {
                let points = self.context.store.read(move |tx| checkpoints::of_task(tx, id)).await?;
                let point = points.into_iter().find(|point| point.name == name);
                point.ok_or(store::Error::NotFound { what: "checkpoint", id: name })?.commit
            }
            None => latest(&work).or(from.base_commit.clone()).ok_or_else(|| {
                Unclear::Invalid("the task has no work yet that another could go on from".into())
            })?,
        };
        let named = self.projects().iter().any(|project| project.name == from.asked.project);
        request.project = named.then(|| from.asked.project.clone());
        request.repo = Some(from.asked.repo.clone());
        request.isolation = request.isolation.or(Some(from.asked.isolation));
        request.base.clone_from(&from.asked.base);
        if request.agent.is_none() && request.scenario.is_none() && request.model.is_none() {
            request.agent = Some(from.asked.agent.clone());
            request.model.clone_from(&from.asked.model);
            request.scenario.clone_from(&from.asked.scenario);
        }
        let branch = from.base_branch.clone();
        let asked = self.complete(request)?;
        let asked = self.choose_agent(asked).await?;
        let now = clock::now();
        let accepted = self
            .context
            .store
            .write(move |tx| tasks::fork(tx, asked, (id, commit, branch), &actor, now))
            .await?;
        if accepted.new {
            classifying::refine(&self.context, &accepted.task);
        }
        self.context.wake.notify_one();
        Ok(accepted)
    }
}
