//! `sidekick list`: tasks, newest first.

use std::process::ExitCode;

use api::{Page, TaskView};

use super::look;
use crate::args::{Args, List};
use crate::error::Result;
use crate::show::{ago, detail, tone_of};
use crate::ui::{Tone, Ui, plain};

pub(crate) fn list(args: &Args, list: &List, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let mut path = format!("/api/tasks?limit={}", list.limit);
    for (name, value) in [("state", &list.state), ("project", &list.project)] {
        if let Some(value) = value {
            path += &format!("&{name}={}", api::escaped(value));
        }
    }
    let page: Page<TaskView> = connection.client.get(&path)?;
    if ui.json {
        ui.json(&page.items);
        return Ok(ExitCode::SUCCESS);
    }
    if page.items.is_empty() {
        ui.out("No tasks. Give one with `sidekick run \"what is to be done\"`.");
    }
    let now = jiff::Timestamp::now();
    let rows: Vec<_> = page
        .items
        .iter()
        .map(|task| {
            vec![
                (Tone::Strong, task.short.clone()),
                (tone_of(&task.state), task.state.clone()),
                (Tone::Dim, task.agent.clone()),
                (Tone::Dim, ago(&task.created_at, now)),
                (Tone::Strong, plain(&task.title)),
                (Tone::Dim, detail(task, now)),
            ]
        })
        .collect();
    ui.table(&rows);
    Ok(ExitCode::SUCCESS)
}
