//! `sidekick diff`: the change a task's work makes.

use std::process::ExitCode;

use api::DiffView;

use super::look;
use crate::args::{Args, Diff};
use crate::error::Result;
use crate::ui::{Tone, Ui, plain};

pub(crate) fn diff(args: &Args, asked: &Diff, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let diff: DiffView = connection.client.get(&format!("/api/tasks/{}/diff", api::escaped(&asked.id)))?;
    if ui.json {
        ui.json(&diff);
        return Ok(ExitCode::SUCCESS);
    }
    if diff.files.is_empty() {
        ui.out("Nothing changed.");
    }
    for file in &diff.files {
        if asked.stat {
            let size = if file.binary {
                "binary".to_owned()
            } else {
                format!("+{} -{}", file.insertions, file.deletions)
            };
            ui.out(format!("{:9} {} {size}", file.status, plain(&file.path)));
        } else {
            print(ui, &file.patch);
        }
    }
    if diff.truncated {
        ui.warn("some patches are too large to be shown; look at the branch");
    }
    Ok(ExitCode::SUCCESS)
}

fn print(ui: &Ui, patch: &str) {
    for line in patch.lines() {
        // To a program the patch goes as it is, so that it can be applied.
        if !ui.is_terminal() {
            ui.out(line);
            continue;
        }
        let tone = match line.as_bytes().first() {
            _ if line.starts_with("+++") || line.starts_with("---") || line.starts_with("diff ") => {
                Some(Tone::Strong)
            }
            Some(b'+') => Some(Tone::Good),
            Some(b'-') => Some(Tone::Bad),
            Some(b'@') => Some(Tone::Busy),
            _ => None,
        };
        let text = plain(line);
        ui.out(tone.map_or(text.clone(), |tone| ui.tone(tone, &text)));
    }
}
