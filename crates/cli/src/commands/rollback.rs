//! `sidekick rollback`: back to a checkpoint, or which there are.

use std::process::ExitCode;

use api::{CheckpointView, Page, TaskView};

use super::look;
use crate::args::{Args, Rollback};
use crate::error::Result;
use crate::show::ago;
use crate::ui::{Tone, Ui};

pub(crate) fn rollback(args: &Args, rollback: &Rollback, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let path = format!("/api/tasks/{}", api::escaped(&rollback.id));
    let Some(checkpoint) = &rollback.checkpoint else {
        let page: Page<CheckpointView> = connection.client.get(&format!("{path}/checkpoints"))?;
        if ui.json {
            ui.json(&page.items);
            return Ok(ExitCode::SUCCESS);
        }
        let now = jiff::Timestamp::now();
        let rows: Vec<_> = page
            .items
            .iter()
            .map(|point| {
                vec![
                    (Tone::Strong, point.name.clone()),
                    (Tone::Dim, point.commit.chars().take(12).collect()),
                    (Tone::Dim, ago(&point.at, now)),
                ]
            })
            .collect();
        ui.table(&rows);
        return Ok(ExitCode::SUCCESS);
    };
    let body = api::Rollback { checkpoint: checkpoint.clone() };
    let task: TaskView = connection.client.post(&format!("{path}/rollback"), &body, None)?;
    if ui.json {
        ui.json(&task.result());
    }
    ui.say(format!("{}: back at {checkpoint}.", task.short));
    Ok(ExitCode::SUCCESS)
}
