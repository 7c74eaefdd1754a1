//! `sidekick fork`: a new task that goes on from another's work.

use std::process::ExitCode;

use api::{ForkTask, TaskView};

use super::look;
use crate::args::{Args, Fork};
use crate::error::{Error, Result};
use crate::ui::Ui;

/// Accepts the new task.
pub(crate) fn fork(args: &Args, fork: &Fork, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let read = |path: &std::path::PathBuf| {
        std::fs::read_to_string(path).map_err(|error| Error::usage(format!("{}: {error}", path.display())))
    };
    let body = ForkTask {
        text: fork.text.clone(),
        checkpoint: fork.checkpoint.clone(),
        agent: fork.agent.clone(),
        model: fork.model.clone(),
        priority: None,
        scenario: fork.scenario.as_ref().map(read).transpose()?,
    };
    let path = format!("/api/tasks/{}/fork", api::escaped(&fork.id));
    let task: TaskView = connection.client.post(&path, &body, None)?;
    if ui.json {
        ui.json(&task.result());
    }
    let base = task.base_commit.as_deref().and_then(|commit| commit.get(..8)).unwrap_or_default();
    let how = if connection.is_own() {
        format!("It starts with `sidekick attach {}`, or when `sidekick serve` runs.", task.short)
    } else {
        "It is queued.".into()
    };
    ui.say(format!("{}: goes on from {base}. {how}", task.short));
    Ok(ExitCode::SUCCESS)
}
