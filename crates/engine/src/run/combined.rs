//! The project's checks on approved work merged with the branch as it is: setup and checks in a workspace of the merge,
//! contained as the work's latest run was, through the same jobs, so that a daemon that comes back finds them.

use std::sync::Arc;

use domain::project::Check;
use domain::work::Command;
use domain::{CheckResult, CheckStatus, Isolation, Run, TaskId, Work};
use runner::Reason;
use store::tasks;
use workspace::{Base, Kind, Workspace};

use super::collect::result_of;
use super::{Broken, Drive};
use crate::{Context, Error, blocking, clock};

/// How far the checks of a merge got.
#[derive(Debug, PartialEq)]
pub(crate) enum Combined {
    /// All of them ended.
    Checked(Vec<CheckResult>),
    /// A person wants it out of the queue.
    Withdrawn,
    /// The daemon stops; the next one goes on.
    Stopping,
}

/// How the names of workspaces of merges begin.
pub(crate) const OF_MERGES: &str = "landing-";

/// The workspace of a task's merge: it has one at most.
pub(crate) fn workspace_of(task: TaskId) -> String {
    format!("{OF_MERGES}{task}")
}

/// Runs the checks on a merge commit of the store. What ended before a restart is not run again.
pub(crate) async fn check_combined(
    context: &Arc<Context>,
    work: &Work,
    commit: &str,
) -> Result<Combined, Error> {
    let Some(run) = work.run.clone() else { return Ok(Combined::Checked(Vec::new())) };
    // Nobody drives a run that has ended; whoever wants it stopped finds us by its id.
    let Some(stop) = context.enter(run.id) else { return Ok(Combined::Stopping) };
    if work.task.landing.withdrawn {
        context.ask_to_stop(run.id);
    }
    let project = context.project(&work.task.asked);
    let mut drive = Drive {
        context: Arc::clone(context),
        id: run.id,
        project,
        work: work.clone(),
        stop,
        plan: Vec::new(),
    };
    let checked = drive.combined(&run, commit).await;
    context.leave(run.id);
    match checked {
        Ok(checked) => Ok(checked),
        Err(Broken::Stopping | Broken::Fenced) => Ok(Combined::Stopping),
        Err(Broken::Failed { reason, .. }) => Err(Error::Repository(reason)),
    }
}

impl Drive {
    async fn combined(&mut self, run: &Run, commit: &str) -> Result<Combined, Broken> {
        let workspace = self.of_merge(run, commit).await?;
        // Jobs are found by the merge they are of: another tip is another merge.
        let name = |what: &str| format!("landing-{}-{what}", commit.get(..12).unwrap_or(commit));
        if let Some(command) = self.project.setup.clone() {
            let check = Check { name: "setup".into(), command, coverage: None };
            let result = self.one(&workspace, check, &name("setup")).await?;
            match result {
                None => return Ok(Combined::Withdrawn),
                Some(result) if result.status != CheckStatus::Passed => {
                    return Ok(Combined::Checked(vec![result]));
                }
                Some(_) => {}
            }
        }
        for (n, check) in self.project.checks.clone().into_iter().enumerate() {
            let Some(result) = self.one(&workspace, check, &name(&format!("check-{n}"))).await? else {
                return Ok(Combined::Withdrawn);
            };
            if !self.work.task.landing.checks.contains(&result) {
                let (id, now) = (self.work.task.id, clock::now());
                let command = Command::LandingChecked(result);
                let told = self.context.store.write(move |tx| tasks::change(tx, id, command, "engine", now));
                self.work = told.await?;
            }
        }
        Ok(Combined::Checked(self.work.task.landing.checks.clone()))
    }

    /// One command; `None` when a person stopped it.
    async fn one(
        &mut self,
        workspace: &Workspace,
        check: Check,
        job: &str,
    ) -> Result<Option<CheckResult>, Broken> {
        let spec = self.check_job(workspace, &check);
        let done = self.run_job(job, &spec, b"").await?;
        let stopped = done.as_ref().is_some_and(|done| done.exit.reason == Reason::Stopped);
        Ok((!stopped && !self.is_stopping()).then(|| result_of(check, done)))
    }

    /// A workspace of the merge: the one of before a restart, in which a job may be at work, or a new one.
    async fn of_merge(&self, run: &Run, commit: &str) -> Result<Workspace, Broken> {
        let overlay = run.isolation == Isolation::Sandbox && self.context.probe().await.overlay;
        let kind = if overlay { Kind::Overlay } else { Kind::Copy };
        let bare = run.isolation == Isolation::None;
        let (context, task, name, commit) = (
            Arc::clone(&self.context),
            self.work.task.clone(),
            workspace_of(self.work.task.id),
            commit.to_owned(),
        );
        let copies = self.project.copy.clone();
        let made = blocking(move || {
            let spaces = &context.workspaces;
            if let Some(workspace) = spaces.get(&name).filter(|known| known.base == commit) {
                return Ok(workspace);
            }
            let source = &task.asked.repo;
            let base = Base {
                repo: spaces.repo_of(source)?,
                branch: task.base_branch,
                commit,
                warnings: Vec::new(),
            };
            let workspace = spaces.create(&name, &base, &task.branch, kind, source, &copies)?;
            if bare {
                spaces.use_host_objects(&workspace)?;
            }
            Ok(workspace)
        });
        Ok(made.await?)
    }
}
