//! `sidekick set`: a task's place in the plan.

use std::process::ExitCode;

use api::{AdjustTask, TaskView};

use super::look;
use crate::args::{Args, Set};
use crate::error::{Error, Result};
use crate::show;
use crate::ui::{Ui, plain};

pub(crate) fn set(args: &Args, wanted: &Set, ui: &Ui) -> Result<ExitCode> {
    let deadline = match &wanted.deadline {
        Some(text) => Some(when(text)?),
        None => wanted.no_deadline.then(|| "none".into()),
    };
    let after = (wanted.no_after || !wanted.after.is_empty()).then(|| wanted.after.clone());
    let body = AdjustTask { priority: wanted.priority, deadline, after };
    let task: TaskView =
        look(args)?.client.patch(&format!("/api/tasks/{}", api::escaped(&wanted.id)), &body)?;
    if ui.json {
        ui.json(&task);
        return Ok(ExitCode::SUCCESS);
    }
    let deadline = task.deadline.as_deref().map(|at| format!(", to be done by {}", show::local(at)));
    ui.out(format!("{}: priority {}{}.", task.short, task.priority, deadline.unwrap_or_default()));
    if let Some(waiting) = &task.waiting {
        ui.out(format!("It {}.", plain(&waiting.reason)));
    }
    Ok(ExitCode::SUCCESS)
}

/// A time as the person wrote it, on the clocks here, as the daemon takes it.
pub(super) fn when(text: &str) -> Result<String> {
    domain::when::parse(text, &jiff::Zoned::now()).map(|at| at.to_string()).map_err(Error::usage)
}
