//! `sidekick list`: tasks, newest first.

use std::process::ExitCode;

use api::{Client, Page, TaskView};

use super::look;
use crate::args::{Args, List};
use crate::error::Result;
use crate::show::{ago, detail, tone_of};
use crate::ui::{Tone, Ui, plain};

pub(crate) fn list(args: &Args, list: &List, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let (tasks, more) = fetch(&connection.client, list)?;
    if ui.json {
        ui.json(&tasks);
        return Ok(ExitCode::SUCCESS);
    }
    if tasks.is_empty() {
        ui.out("No tasks. Give one with `sidekick run \"what is to be done\"`.");
    }
    let now = jiff::Timestamp::now();
    let rows: Vec<_> = tasks
        .iter()
        .map(|task| {
            vec![
                (Tone::Strong, task.short.clone()),
                (tone_of(&task.state), task.state.clone()),
                (Tone::Dim, task.agent.clone()),
                (Tone::Dim, ago(&task.created_at, now)),
                (Tone::Strong, title(task)),
                (Tone::Dim, detail(task, now)),
            ]
        })
        .collect();
    ui.table(&rows);
    if more {
        ui.say(format!("There are older ones: -n {} shows more.", list.limit.saturating_mul(5)));
    }
    Ok(ExitCode::SUCCESS)
}

/// The title, with a mark where others change the same files.
fn title(task: &TaskView) -> String {
    let hot = task.collisions.iter().any(|collision| collision.kind == "hot");
    let mark = if hot {
        " [collides]"
    } else if task.collisions.is_empty() {
        ""
    } else {
        " [same files]"
    };
    plain(&task.title) + mark
}

/// As many tasks as are asked for, page by page, and whether there are more.
fn fetch(client: &Client, list: &List) -> Result<(Vec<TaskView>, bool)> {
    let (mut tasks, mut cursor) = (Vec::new(), None);
    loop {
        let mut path = format!("/api/tasks?limit={}", list.limit.saturating_sub(tasks.len()));
        for (name, value) in [("state", &list.state), ("project", &list.project), ("cursor", &cursor)] {
            if let Some(value) = value {
                path += &format!("&{name}={}", api::escaped(value));
            }
        }
        let page: Page<TaskView> = client.get(&path)?;
        tasks.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() || tasks.len() >= list.limit {
            return Ok((tasks, cursor.is_some()));
        }
    }
}
