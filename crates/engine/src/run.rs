//! One run, from claim to outcome. Every stage may be entered again after a restart: it finds out what
//! was done before it does anything.

mod agent;
mod by_hand;
mod collect;
mod combined;
mod coverage;
mod endpoint;
mod gateway;
mod jobs;
mod judge;
mod noticing;
mod onto;
mod prepare;
mod reading;
mod record;
mod review;
mod steps;
mod telling;
mod tools;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::work::{End, RunCommand};
use domain::{Outcome, Project, Run, RunState, Stage, Work};
use store::runs::Told;
use tokio::sync::watch;
use workspace::Workspace;

pub(crate) use combined::{Combined, OF_MERGES, check_combined, workspace_of};

use crate::accounts::Reporter;
use crate::{Context, clock};

/// Drives a run, unless it is driven already.
pub(crate) fn spawn(context: &Arc<Context>, work: Work) {
    let Some(run) = work.run.clone().filter(Run::is_live) else { return };
    let Some(stop) = context.enter(run.id) else { return };
    context.radar.notify_one();
    if work.task.stopping {
        context.ask_to_stop(run.id);
    }
    let context = Arc::clone(context);
    tokio::spawn(async move {
        let project = steps::settings(&context, context.project(&work.task.asked), &work.task, &run.agent);
        let mut drive =
            Drive { context: Arc::clone(&context), id: run.id, project, work, stop, plan: Vec::new() };
        match drive.go().await {
            Ok(end) => drive.settle(end).await,
            Err(Broken::Fenced) => tracing::info!(run.id = %run.id, "run {} is no longer ours", run.id),
            // The daemon stops: whoever comes next goes on.
            Err(Broken::Stopping) => {}
            Err(Broken::Failed { reason, retryable }) => {
                drive.settle(drive.end(Outcome::Failed, Some(reason), retryable)).await;
            }
        }
        context.leave(run.id);
    });
}

/// A run being driven.
struct Drive {
    context: Arc<Context>,
    id: domain::RunId,
    project: Project,
    work: Work,
    /// True when a person wants it stopped.
    stop: watch::Receiver<bool>,
    /// The agent's plan, as last shown.
    plan: Vec<domain::event::PlanItem>,
}

/// Why a run is not driven to its end here.
enum Broken {
    /// Another attempt is live: nothing of this one counts any more.
    Fenced,
    /// The daemon stops.
    Stopping,
    /// Something does not work.
    Failed { reason: String, retryable: bool },
}

impl From<store::Error> for Broken {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Refused(domain::Refusal::Fenced { .. }) => Self::Fenced,
            other => Self::Failed { reason: other.to_string(), retryable: true },
        }
    }
}

impl From<crate::Error> for Broken {
    fn from(error: crate::Error) -> Self {
        match error {
            crate::Error::Store(error) => error.into(),
            other => Self::Failed { reason: other.to_string(), retryable: false },
        }
    }
}

impl From<runner::Error> for Broken {
    fn from(error: runner::Error) -> Self {
        Self::Failed { reason: error.to_string(), retryable: true }
    }
}

impl Drive {
    fn run(&self) -> Result<&Run, Broken> {
        self.work.run.as_ref().filter(|run| run.id == self.id).ok_or(Broken::Fenced)
    }

    fn stage(&self) -> Stage {
        match self.work.run.as_ref().map(|run| run.state) {
            Some(RunState::Live(stage)) => stage,
            _ => Stage::Checking,
        }
    }

    fn dir(&self) -> PathBuf {
        self.context.run_dir(self.id)
    }

    fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    async fn go(&mut self) -> Result<End, Broken> {
        let workspace = self.prepare().await?;
        // Later on something may live, left by a daemon before this one: whoever follows it stops it.
        if self.is_stopping() && self.stage() == Stage::Preparing {
            return Ok(self.end(Outcome::Stopped, None, false));
        }
        if self.stage() <= Stage::Setup
            && let Some(end) = self.set_up(&workspace).await?
        {
            return Ok(end);
        }
        if self.stage() <= Stage::Setup
            && let Some(end) = self.bring_onto(&workspace).await?
        {
            return Ok(end);
        }
        let end = self.act(&workspace).await?;
        if matches!(end.outcome, Outcome::Lost) {
            return Ok(end);
        }
        if self.planning().is_some() {
            return Ok(steps::planned(end));
        }
        if let Err(broken) = self.collect(&workspace).await {
            return match broken {
                // What the agent came to matters more than that its leftovers could not be taken over.
                Broken::Failed { .. } if end.outcome != Outcome::Succeeded => Ok(end),
                other => Err(other),
            };
        }
        if end.outcome == Outcome::Succeeded && !self.is_stopping() {
            return self.judge(&workspace, end).await;
        }
        Ok(end)
    }

    fn end(&self, outcome: Outcome, reason: Option<String>, retryable: bool) -> End {
        let policy = self.context.options().retry;
        End {
            outcome,
            reason,
            summary: None,
            retryable,
            until: None,
            placement: None,
            spent: false,
            verdict: None,
            policy,
        }
    }

    /// Stores what the run reports, with how far a job's spool was read for it.
    async fn tell(
        &mut self,
        reports: Vec<RunCommand>,
        read: Option<(&'static str, u64, u64)>,
    ) -> Result<(), Broken> {
        let (task, run, now) = (self.work.task.id, self.id, clock::now());
        // What a run came to once it was judged is not its agent's word.
        let judged = |report: &RunCommand| matches!(report, RunCommand::End(end) if end.verdict.is_some());
        let actor = if reports.iter().any(judged) {
            "engine".to_owned()
        } else {
            format!("agent:{}", self.run()?.agent)
        };
        let reporter = self.reporter()?;
        let written = self.context.store.write(move |tx| {
            let told = read.map(|(job, from, to)| Told { job, from, to });
            reporter.tell(tx, (task, run), reports, told, &actor, now)
        });
        self.work = written.await?;
        Ok(())
    }

    fn reporter(&self) -> Result<Reporter, Broken> {
        let run = self.run()?;
        let known = self.context.agents.account(&run.account).map(|known| known.account.clone());
        Ok(Reporter {
            account: known.unwrap_or_else(|| domain::Account::new(&run.account, &run.agent)),
            zone: self.context.options().zone.clone(),
            context: Arc::clone(&self.context),
        })
    }

    async fn enter(&mut self, stage: Stage) -> Result<(), Broken> {
        if self.stage() < stage {
            self.tell(vec![RunCommand::Advance(stage)], None).await?;
        }
        Ok(())
    }

    /// Writes the outcome, however long the database is away.
    async fn settle(&mut self, end: End) {
        self.remember(&end).await;
        let approves = end
            .verdict
            .as_ref()
            .is_some_and(|verdict| matches!(verdict.decision, domain::supervise::Decision::Approve { .. }));
        loop {
            let told = if approves {
                self.tell_approved(end.clone()).await
            } else {
                self.tell(vec![RunCommand::End(end.clone())], None).await
            };
            match told {
                Ok(()) | Err(Broken::Fenced | Broken::Stopping) => return,
                Err(Broken::Failed { reason, .. }) => {
                    tracing::error!(run.id = %self.id, reason, "the outcome of run {} could not be stored; trying again", self.id);
                }
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
                () = self.context.stopped() => return,
            }
        }
    }

    /// Writes where the task stands for whoever goes on with it.
    async fn remember(&self, end: &End) {
        let mut after = self.work.clone();
        after.task.reason.clone_from(&end.reason);
        after.task.summary = end.summary.clone().or(after.task.summary);
        let files = self.changed_files().await;
        let text = crate::continuation::render(&after, &self.plan, &files, clock::now());
        let file = self.continuation_file();
        let write = move || {
            file.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            std::fs::write(&file, text)
        };
        if let Ok(Err(error)) = tokio::task::spawn_blocking(write).await {
            tracing::warn!(%error, "CONTINUATION.md of task {} could not be written", self.work.task.id.short());
        }
    }

    fn continuation_file(&self) -> PathBuf {
        self.context.continuation_file(self.work.task.id)
    }

    async fn changed_files(&self) -> Vec<String> {
        let (Some(base), Some(commit)) = (self.work.task.base_commit.clone(), self.work.task.commit.clone())
        else {
            return Vec::new();
        };
        let (context, source) = (Arc::clone(&self.context), self.work.task.asked.repo.clone());
        let diff = crate::blocking(move || {
            let repo = context.repo_of(&source)?;
            context.workspaces.diff(&repo, &base, &commit)
        });
        diff.await.map(|diff| diff.files.into_iter().map(|file| file.path).collect()).unwrap_or_default()
    }

    /// What the run's jobs see of its workspace.
    fn tree(&self, workspace: &Workspace) -> PathBuf {
        match self.work.run.as_ref().map(|run| run.isolation) {
            Some(domain::Isolation::None) => workspace.upper(),
            _ => PathBuf::from(workspace::AT),
        }
    }
}

/// Until a person wants the run stopped.
async fn asked_to_stop(stop: &mut watch::Receiver<bool>) {
    // Without anybody who could ask, nobody does.
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
