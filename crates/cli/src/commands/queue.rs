//! `sidekick queue`: what lands next in each branch; with `--preview`, what would conflict.

use std::process::ExitCode;

use api::{QueueItemView, QueueView};

use super::look;
use crate::args::{Args, Queue};
use crate::error::Result;
use crate::ui::{Tone, Ui, plain};

pub(crate) fn queue(args: &Args, wanted: &Queue, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let queues: Vec<QueueView> = connection.client.get(&format!("/api/queue?preview={}", wanted.preview))?;
    if ui.json {
        ui.json(&queues);
        return Ok(ExitCode::SUCCESS);
    }
    if queues.is_empty() {
        ui.out("Nothing waits to be merged. `sidekick approve` puts reviewed work into the queue.");
    }
    for queue in &queues {
        let branch = queue.branch.as_deref().unwrap_or("no branch");
        ui.out(ui.tone(Tone::Strong, format!("{} in {}", plain(branch), plain(&queue.repo))));
        ui.table(&queue.items.iter().map(row).collect::<Vec<_>>());
    }
    Ok(ExitCode::SUCCESS)
}

fn row(item: &QueueItemView) -> Vec<(Tone, String)> {
    let place = item.position.map_or_else(|| "-".to_owned(), |position| position.to_string());
    let (tone, foreseen) = match (item.lands, item.conflicts.as_slice()) {
        (Some(true), _) => (Tone::Good, "would land".to_owned()),
        (Some(false), conflicts) => {
            let shown: Vec<_> = conflicts.iter().take(5).map(|path| plain(path)).collect();
            let more = conflicts.len().saturating_sub(5);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            (Tone::Bad, format!("would conflict in {}{more}", shown.join(", ")))
        }
        (None, _) => (Tone::Dim, String::new()),
    };
    let mut cells =
        vec![(Tone::Strong, place), (Tone::Strong, item.short.clone()), (Tone::Strong, plain(&item.title))];
    cells.extend(item.lands.map(|_| (tone, foreseen)));
    cells.push((Tone::Dim, plain(&item.reason)));
    cells
}
