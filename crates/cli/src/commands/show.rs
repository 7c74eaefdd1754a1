//! `sidekick show`: a task in full.

use std::process::ExitCode;

use api::{PlanView, TaskView};

use super::look;
use crate::args::Args;
use crate::error::Result;
use crate::show;
use crate::ui::{Ui, plain};

pub(crate) fn show(args: &Args, id: &str, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let task: TaskView = connection.client.get(&format!("/api/tasks/{}", api::escaped(id)))?;
    if ui.json {
        ui.json(&task);
        return Ok(ExitCode::SUCCESS);
    }
    show::task(ui, &task);
    if task.state == "queued" {
        let plan: PlanView = connection.client.get(&format!("/api/plan?task={}", task.id))?;
        if let Some(planned) = plan.tasks.first() {
            ui.out(format!("\nIt {}.", plain(&planned.reason)));
        }
    }
    if let Some(next) = show::next_steps(&task) {
        ui.out(format!("\n{next}"));
    }
    Ok(ExitCode::SUCCESS)
}
