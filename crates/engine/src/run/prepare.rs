//! The workspace: made from the base, or gone on with; and the project's setup command in it.

use std::sync::Arc;

use domain::work::{End, RunCommand};
use domain::{Event, Isolation, Outcome, Stage};
use workspace::{Base, Kind, Workspace};

use super::{Broken, Drive};
use crate::blocking;

impl Drive {
    /// The run's workspace, made if it is not there whole.
    pub(super) async fn prepare(&mut self) -> Result<Workspace, Broken> {
        let run = self.run()?.clone();
        let probe = self.context.probe().await.clone();
        if run.isolation == Isolation::Sandbox && !probe.ok {
            return Err(Broken::Failed {
                reason: format!("{}. `sidekick doctor` says what is missing", probe.summary),
                retryable: false,
            });
        }
        if run.base_commit.is_some()
            && let Some(workspace) = self.context.workspaces.get(&run.workspace.to_string())
        {
            return Ok(workspace);
        }
        let kind =
            if run.isolation == Isolation::Sandbox && probe.overlay { Kind::Overlay } else { Kind::Copy };
        let (base, workspace) = self.make(&run, kind).await?;
        let mut warnings = base.warnings;
        warnings.extend(workspace.warnings.iter().cloned());
        if run.isolation == Isolation::None {
            warnings.push("this run is not isolated: its agent can do all that you can".into());
        }
        let name = format!("before-{}", run.attempt);
        let point = workspace.base.clone();
        let mut reports: Vec<_> =
            warnings.into_iter().map(|text| RunCommand::Tell(Event::RunWarning { text })).collect();
        reports.push(RunCommand::Tell(Event::CheckpointCreated { name, commit: point.clone() }));
        reports.push(RunCommand::Prepared { base_branch: base.branch, base_commit: point });
        self.tell(reports, None).await?;
        Ok(workspace)
    }

    async fn make(&self, run: &domain::Run, kind: Kind) -> Result<(Base, Workspace), Broken> {
        let (context, task, id) =
            (Arc::clone(&self.context), self.work.task.clone(), run.workspace.to_string());
        let copies = self.project.copy.clone();
        let gone_on_with = run.workspace != run.id;
        let bare = run.isolation == Isolation::None;
        let made = blocking(move || {
            let spaces = &context.workspaces;
            if gone_on_with && let Some(workspace) = spaces.get(&id) {
                let base = Base {
                    repo: workspace.repo.clone(),
                    branch: task.base_branch,
                    commit: workspace.base.clone(),
                    warnings: Vec::new(),
                };
                return Ok((base, workspace));
            }
            let source = &task.asked.repo;
            let mut base = match (&task.base_commit, &task.next.from) {
                // A later run starts where the first one did, or at the checkpoint a person chose.
                (Some(known), from) => Base {
                    repo: spaces.repo_of(source)?,
                    branch: task.base_branch.clone(),
                    commit: from.clone().unwrap_or_else(|| known.clone()),
                    warnings: Vec::new(),
                },
                (None, _) => spaces.sync(source, task.asked.base.as_deref())?,
            };
            if gone_on_with {
                base.warnings
                    .push("the earlier workspace is gone; this run starts from its last checkpoint".into());
                base.commit = task.commit.unwrap_or(base.commit);
            }
            let workspace = spaces.create(&id, &base, &task.branch, kind, source, &copies)?;
            if bare {
                spaces.use_host_objects(&workspace)?;
            }
            Ok((base, workspace))
        });
        Ok(made.await?)
    }

    /// Runs the project's setup command in a fresh workspace. An end is returned when the agent must not
    /// start.
    pub(super) async fn set_up(&mut self, workspace: &Workspace) -> Result<Option<End>, Broken> {
        let fresh = self.run()?.workspace == self.id;
        let Some(command) = self.project.setup.clone().filter(|_| fresh) else { return Ok(None) };
        self.enter(Stage::Setup).await?;
        let spec = self.shell_job(workspace, &command);
        let Some(done) = self.run_job("setup", &spec, b"").await? else {
            return Ok(Some(self.end(Outcome::Lost, Some("the setup command was lost".into()), true)));
        };
        self.tell(
            vec![RunCommand::Tell(Event::TaskOutput { stream: "setup".into(), text: done.tail.clone() })],
            None,
        )
        .await?;
        if done.exit.reason == runner::Reason::Stopped {
            return Ok(Some(self.end(Outcome::Stopped, None, false)));
        }
        if !done.exit.is_success() {
            let how =
                done.exit.detail.clone().unwrap_or_else(|| format!("code {}", done.exit.code.unwrap_or(-1)));
            let reason = format!(
                "the setup command `{command}` did not end well ({how}), so the agent was not started"
            );
            return Ok(Some(self.end(Outcome::Failed, Some(reason), false)));
        }
        Ok(None)
    }
}
