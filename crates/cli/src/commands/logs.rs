//! `sidekick logs` and `sidekick attach`: what a task's agent said and did.

use std::process::ExitCode;

use api::{EventView, TaskView};
use serde::Deserialize;

use super::{look, run};
use crate::args::{Args, Attach, Logs};
use crate::connect::{Connection, Purpose};
use crate::error::Result;
use crate::show;
use crate::tmux;
use crate::ui::Ui;

#[derive(Deserialize)]
struct EventPage {
    items: Vec<EventView>,
    last_seq: i64,
}

pub(crate) fn logs(args: &Args, logs: &Logs, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let last = print(&connection, &logs.id, ui)?;
    if logs.follow {
        for event in connection.client.follow(Some(&logs.id), last)? {
            let Ok(event) = event else { break };
            tell(ui, &event);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Watches until the task ends.
pub(crate) fn attach(args: &Args, attach: &Attach, ui: &Ui) -> Result<ExitCode> {
    let id = &attach.id;
    if attach.tmux {
        let task: TaskView = look(args)?.client.get(&format!("/api/tasks/{}", api::escaped(id)))?;
        tmux::open(&task.short, &tmux::program(args, &["attach", &task.id])?)?;
        ui.say(format!("Watched in a window of tmux: tmux attach -t {}", tmux::SESSION));
        return Ok(ExitCode::SUCCESS);
    }
    let connection = Connection::open(args, Purpose::Work)?;
    let last = print(&connection, id, ui)?;
    let task: TaskView = run::watch(&connection, id, last, ui)?;
    if ui.json {
        ui.json(&task.result());
    } else if let Some(next) = show::next_steps(&task) {
        ui.out(format!("\n{next}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// The last event of a task.
pub(super) fn last_event(connection: &Connection, id: &str) -> Result<i64> {
    read(connection, id, |_| {})
}

fn print(connection: &Connection, id: &str, ui: &Ui) -> Result<i64> {
    read(connection, id, |event| tell(ui, event))
}

/// Reads a task's events page by page; the number of the last.
fn read(connection: &Connection, id: &str, mut take: impl FnMut(&EventView)) -> Result<i64> {
    let mut after = 0;
    loop {
        let page: EventPage = connection
            .client
            .get(&format!("/api/tasks/{}/events?after={after}&limit=1000", api::escaped(id)))?;
        for event in &page.items {
            take(event);
        }
        if page.items.is_empty() {
            return Ok(after);
        }
        after = page.last_seq;
    }
}

fn tell(ui: &Ui, event: &EventView) {
    if ui.json {
        ui.json(event);
    } else if let Some(line) = show::event(ui, event) {
        ui.out(line);
    }
}
