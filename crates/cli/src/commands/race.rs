//! `sidekick race`: all that do the same task, side by side.

use std::process::ExitCode;

use api::TaskView;

use super::look;
use crate::args::{Args, Id};
use crate::error::Result;
use crate::show;
use crate::ui::{Tone, Ui, plain};

pub(crate) fn race(args: &Args, wanted: &Id, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let racers: Vec<TaskView> =
        connection.client.get(&format!("/api/tasks/{}/race", api::escaped(&wanted.id)))?;
    if ui.json {
        ui.json(&racers);
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(first) = racers.first() {
        ui.out(ui.tone(Tone::Strong, plain(&first.title)));
    }
    ui.table(&racers.iter().map(row).collect::<Vec<_>>());
    Ok(ExitCode::SUCCESS)
}

fn row(task: &TaskView) -> Vec<(Tone, String)> {
    let passed = task.checks.iter().filter(|check| check.status == "passed").count();
    let checks = match task.checks.len() {
        0 => "no checks".to_owned(),
        n => format!("{passed} of {n} checks"),
    };
    let confidence =
        task.verdict.as_ref().map_or_else(String::new, |verdict| format!("{:.2}", verdict.confidence));
    vec![
        (Tone::Strong, task.short.clone()),
        (Tone::Strong, show::with(&task.agent, task.model.as_deref())),
        (show::tone_of(&task.state), task.state.clone()),
        (Tone::Dim, confidence),
        (Tone::Dim, checks),
        (Tone::Dim, task.diff.as_ref().map_or_else(String::new, show::size)),
        (Tone::Dim, format!("${:.2}", task.cost_usd)),
        (Tone::Dim, task.reason.as_deref().map(plain).unwrap_or_default()),
    ]
}
