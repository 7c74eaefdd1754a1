//! Bringing the work into the store, and the project's checks on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::project::Check;
use domain::supervise::Change;
use domain::work::RunCommand;
use domain::{CheckResult, CheckStatus, DiffStat, Event, Isolation, Stage};
use runner::{Network, Reason, Stdout};
use workspace::Workspace;

use super::jobs::Done;
use super::{Broken, Drive};
use crate::blocking;

impl Drive {
    /// Commits what the agent left, inside the sandbox and without a network, and takes it over.
    pub(super) async fn collect(&mut self, workspace: &Workspace) -> Result<(), Broken> {
        if self.run()?.commit.is_some() {
            return Ok(());
        }
        self.enter(Stage::Collecting).await?;
        if self.project.continuation_in_repo {
            self.write_continuation(workspace);
        }
        let attempt = self.run()?.attempt;
        let untouched = {
            let workspace = workspace.clone();
            blocking(move || workspace.is_untouched()).await?
        };
        let (commit, bundle) = if untouched {
            (workspace.base.clone(), None)
        } else {
            let (commit, bundle) = self.bundle(workspace, attempt).await?;
            (commit, Some(bundle))
        };
        let onto = self.judge_onto(workspace, &commit).await?;
        let resolved = onto.iter().find_map(|report| match report {
            RunCommand::Resolved { onto, .. } => Some(onto.clone()),
            _ => None,
        });
        // What came from the branch is not this work's.
        let from =
            resolved.or_else(|| self.work.task.base_commit.clone()).unwrap_or_else(|| workspace.base.clone());
        let (context, repo, to) = (Arc::clone(&self.context), workspace.repo.clone(), commit.clone());
        let (files, insertions, deletions) =
            blocking(move || Ok(context.workspaces.diff(&repo, &from, &to)?.size())).await?;
        let name = format!("after-{attempt}");
        let mut reports = vec![
            RunCommand::Tell(Event::CheckpointCreated { name, commit: commit.clone() }),
            RunCommand::Collected { commit, diff: DiffStat { files, insertions, deletions } },
        ];
        reports.extend(onto);
        self.tell(reports, None).await?;
        if let Some(bundle) = bundle {
            // It is in the store now.
            std::fs::remove_file(bundle).ok();
        }
        Ok(())
    }

    /// The script's bundle, imported: its commit and its file.
    async fn bundle(&mut self, workspace: &Workspace, attempt: u32) -> Result<(String, PathBuf), Broken> {
        let tree = self.tree(workspace);
        let bare = self.run()?.isolation == Isolation::None;
        let objects = if bare { workspace.objects.clone() } else { workspace::OBJECTS.into() };
        let title = format!(
            "{}\n\nBy {} for Sidekick task {}.",
            self.work.task.title,
            self.run()?.agent,
            self.work.task.id.short()
        );
        let onto = self.work.task.landing.onto.clone();
        let (context, space) = (Arc::clone(&self.context), workspace.clone());
        let script = blocking(move || {
            context.workspaces.collect_job(&space, &tree, &objects, &title, onto.as_deref())
        })
        .await?;
        let mut spec = self.spec(
            workspace,
            script.argv,
            std::collections::BTreeMap::new(),
            Vec::new(),
            Network::default(),
        );
        spec.stdout = Stdout::File;
        spec.limits.total_ms = 10 * 60_000;
        spec.limits.output_bytes = 2 << 30;
        // A person's wish to stop is met by the agent's end; what it left is still taken over.
        let stop = std::mem::replace(&mut self.stop, tokio::sync::watch::channel(false).1);
        let done = self.run_job("collect", &spec, &script.stdin).await;
        self.stop = stop;
        let done = done?.ok_or_else(|| Broken::Failed {
            reason: "the work could not be collected: its job was lost".into(),
            retryable: true,
        })?;
        if !done.exit.is_success() {
            let reason = format!("the work could not be collected: {}", done.tail.trim());
            return Err(Broken::Failed { reason, retryable: false });
        }
        let name = format!("{}/run-{attempt}", self.work.task.id);
        let output = runner::job::output(&done.dir);
        let (context, space, bundle) = (Arc::clone(&self.context), workspace.clone(), output.clone());
        let imported = blocking(move || context.workspaces.import(&space, &bundle, &name)).await?;
        Ok((imported.commit, output))
    }

    fn write_continuation(&self, workspace: &Workspace) {
        let text = crate::continuation::render(&self.work, &self.plan, &[], crate::clock::now());
        // The run's own file; that it cannot be written is no reason to lose the work.
        workspace::files::write(&workspace.upper(), Path::new("CONTINUATION.md"), text.as_bytes()).ok();
    }

    /// Runs the project's checks, each in the sandbox, after the work was committed.
    pub(super) async fn check(
        &mut self,
        workspace: &Workspace,
        change: Option<&Change>,
    ) -> Result<(), Broken> {
        let checks = self.project.checks.clone();
        if checks.is_empty() {
            return Ok(());
        }
        self.enter(Stage::Checking).await?;
        for (n, check) in checks.into_iter().enumerate() {
            if self.work.task.checks.iter().any(|known| known.name == check.name) {
                continue;
            }
            let spec = self.check_job(workspace, &check);
            let done = self.run_job(&format!("check-{n}"), &spec, b"").await?;
            let coverage = self.reported(workspace, &check, done.as_ref(), change).await?;
            let result = CheckResult { coverage, ..result_of(check, done) };
            self.tell(vec![RunCommand::Checked(result)], None).await?;
            if self.is_stopping() {
                break;
            }
        }
        Ok(())
    }
}

/// What a check's job came to; lost when there is none.
pub(super) fn result_of(check: Check, done: Option<Done>) -> CheckResult {
    let (status, duration_ms, output) = match done {
        Some(done) => {
            let took = u64::try_from(done.exit.ended_at_ms - done.exit.started_at_ms).unwrap_or(0);
            let status = match (done.exit.reason, done.exit.is_success()) {
                (_, true) => CheckStatus::Passed,
                (Reason::Exited, false) => CheckStatus::Failed,
                _ => CheckStatus::Error,
            };
            (status, took, done.tail)
        }
        None => (CheckStatus::Error, 0, "the check was lost".into()),
    };
    CheckResult { name: check.name, command: check.command, status, duration_ms, output, coverage: None }
}
