//! `sidekick show`: a task in full.

use std::process::ExitCode;

use api::{HindsightView, PlanView, RouteView, TaskView};

use super::look;
use crate::args::{Args, Show};
use crate::error::Result;
use crate::show;
use crate::ui::{Ui, plain};

pub(crate) fn show(args: &Args, wanted: &Show, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let path = format!("/api/tasks/{}", api::escaped(&wanted.id));
    if wanted.why {
        let route: RouteView = connection.client.get(&format!("{path}/route"))?;
        if ui.json {
            ui.json(&route);
        } else {
            super::route::tell(ui, &route);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let task: TaskView = connection.client.get(&path)?;
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
    if ["completed", "failed", "cancelled"].contains(&task.state.as_str()) {
        let known: HindsightView = connection.client.get(&format!("{path}/hindsight"))?;
        if let Some(sentence) = super::hindsight::in_short(&known) {
            ui.out(format!("\n{sentence}"));
        }
    }
    if let Some(next) = show::next_steps(&task) {
        ui.out(format!("\n{next}"));
    }
    Ok(ExitCode::SUCCESS)
}
