//! `sidekick memory`: what agents and people noted for later runs in a project.

use std::process::ExitCode;

use api::{MemoryView, Page, WriteMemory, Written, escaped};

use super::look;
use super::run::located;
use crate::args::{Args, Memory};
use crate::error::{Error, Exit, Result};
use crate::show::ago;
use crate::ui::{Tone, Ui, plain};

pub(crate) fn memory(args: &Args, memory: &Memory, ui: &Ui) -> Result<ExitCode> {
    let repo = match &memory.project {
        Some(_) => None,
        None => Some(located(memory.repo.as_deref().unwrap_or("."))?),
    };
    let connection = look(args)?;
    let whose = match (&memory.project, &repo) {
        (Some(project), _) => format!("project={}", escaped(project)),
        (None, repo) => format!("repo={}", escaped(repo.as_deref().unwrap_or_default())),
    };
    let page: Page<MemoryView> = connection.client.get(&format!("/api/memory?{whose}"))?;
    let mut entries = page.items;
    if let Some(name) = &memory.name {
        entries.retain(|entry| entry.name == *name);
        if entries.is_empty() {
            return Err(Error {
                exit: Exit::NotFound,
                message: format!("there is no entry `{name}`"),
                hint: None,
            });
        }
    }
    if memory.forget {
        for entry in &entries {
            let (project, repo, name) = (memory.project.clone(), repo.clone(), entry.name.clone());
            let version = Some(entry.version);
            let body = WriteMemory { project, repo, name, text: String::new(), version };
            let _written: Written = connection.client.post("/api/memory", &body, None)?;
            ui.say(format!("{} is forgotten: later runs are not told it.", entry.name));
        }
        return Ok(ExitCode::SUCCESS);
    }
    if ui.json {
        ui.json(&entries);
        return Ok(ExitCode::SUCCESS);
    }
    if entries.is_empty() {
        ui.out("Nothing was noted in this project yet.");
    }
    let now = jiff::Timestamp::now();
    for entry in &entries {
        let about = format!("version {}, by {}, {}", entry.version, plain(&entry.actor), ago(&entry.at, now));
        ui.out(format!("{}  {}", ui.tone(Tone::Strong, &entry.name), ui.tone(Tone::Dim, about)));
        ui.out(format!("{}\n", plain(&entry.text)));
    }
    Ok(ExitCode::SUCCESS)
}
