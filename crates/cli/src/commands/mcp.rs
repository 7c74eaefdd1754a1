//! `sidekick mcp`: the tools for a person's own agent outside, on standard input and output. Each call looks for the
//! running daemon anew, so that it may be started later, and again.

use std::process::ExitCode;

use api::{Client, CreateTask, MemoryView, Page, TaskView, WriteMemory, Written, escaped};
use mcp::{Call, Desk, Name};
use serde_json::json;

use super::run::located;
use crate::args::{Args, Mcp};
use crate::connect;
use crate::error::{Error, Result};
use crate::places::Places;

/// Tasks looked through for those of the project.
const MOST_LISTED: usize = 200;

pub(crate) fn mcp(args: &Args, wanted: &Mcp) -> Result<ExitCode> {
    let repo = match &wanted.project {
        Some(_) => None,
        None => Some(located(wanted.repo.as_deref().unwrap_or("."))?),
    };
    let place = Place { project: wanted.project.clone(), repo };
    let desk = PersonDesk { places: Places::open(args.data_dir.as_deref())?, place };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::failed(format!("no runtime: {error}")))?;
    let served = runtime.block_on(mcp::on_stdio(desk));
    // A read that still waits for standard input is not waited for.
    runtime.shutdown_background();
    served.map_err(|said| Error::failed(format!("standard input does not speak the protocol: {said}")))?;
    Ok(ExitCode::SUCCESS)
}

/// The project it is for: by name, or by its repository.
#[derive(Clone)]
struct Place {
    project: Option<String>,
    repo: Option<String>,
}

struct PersonDesk {
    places: Places,
    place: Place,
}

impl Desk for PersonDesk {
    fn offers(&self) -> Vec<Name> {
        vec![Name::ListTasks, Name::ReportTask, Name::Delegate, Name::ReadMemory, Name::WriteMemory]
    }

    async fn call(&self, call: Call) -> std::result::Result<String, String> {
        let (places, place) = (self.places.clone(), self.place.clone());
        let carried_out = tokio::task::spawn_blocking(move || {
            let client = connect::running(&places).map_err(|error| words(&error))?;
            place.carry_out(&client, call).map_err(|error| words(&error))
        });
        carried_out.await.map_err(|_| "the call broke off".to_owned())?
    }
}

impl Place {
    fn carry_out(&self, client: &Client, call: Call) -> Result<String> {
        match call {
            Call::ListTasks { state } => self.list(client, state.as_deref()),
            Call::ReportTask { id } => {
                let task: TaskView = client.get(&format!("/api/tasks/{}", escaped(&id)))?;
                Ok(json!(task.result()).to_string())
            }
            Call::Delegate { text, agent } => {
                let (project, repo) = (self.project.clone(), self.repo.clone());
                let body = CreateTask { text, agent, project, repo, ..CreateTask::default() };
                let key = uuid::Uuid::now_v7().to_string();
                let task: TaskView = client.post("/api/tasks", &body, Some(&key))?;
                Ok(format!(
                    "Task {} is accepted; its work will be on the branch {}, for a person to review.",
                    task.short, task.branch
                ))
            }
            Call::ReadMemory { name } => self.read(client, name.as_deref()),
            Call::WriteMemory { name, text, version } => {
                let (project, repo) = (self.project.clone(), self.repo.clone());
                let body = WriteMemory { project, repo, name, text, version };
                let written: Written = client.post("/api/memory", &body, None)?;
                Ok(format!("Written: version {}.", written.version))
            }
            Call::ReportProgress { .. } | Call::AskPerson { .. } | Call::AskLocalModel { .. } => {
                Err(Error::usage("this tool is for runs of Sidekick"))
            }
        }
    }

    fn list(&self, client: &Client, state: Option<&str>) -> Result<String> {
        let mut path = format!("/api/tasks?limit={MOST_LISTED}");
        for (name, value) in [("state", state), ("project", self.project.as_deref())] {
            path += &value.map(|value| format!("&{name}={}", escaped(value))).unwrap_or_default();
        }
        let page: Page<TaskView> = client.get(&path)?;
        let ours = page.items.iter().filter(|task| self.repo.as_ref().is_none_or(|repo| *repo == task.repo));
        let told = ours.map(|task| {
            json!({ "id": task.short, "title": task.title, "state": task.state, "agent": task.agent,
                "branch": task.branch, "reason": task.reason })
        });
        Ok(json!(told.collect::<Vec<_>>()).to_string())
    }

    fn read(&self, client: &Client, name: Option<&str>) -> Result<String> {
        let mut path = "/api/memory?".to_owned();
        for (name, value) in [("project", &self.project), ("repo", &self.repo)] {
            path += &value.as_ref().map(|value| format!("{name}={}&", escaped(value))).unwrap_or_default();
        }
        let page: Page<MemoryView> = client.get(path.trim_end_matches('&'))?;
        let wanted = page.items.iter().filter(|entry| name.is_none_or(|name| name == entry.name));
        let told: Vec<_> = wanted
            .map(|entry| format!("## {} (version {})\n\n{}", entry.name, entry.version, entry.text))
            .collect();
        Ok(if told.is_empty() { "There is no such entry.".into() } else { told.join("\n\n") })
    }
}

/// What went wrong and what to do, for the model.
fn words(error: &Error) -> String {
    let hint = error.hint.as_ref().map(|hint| format!(" {hint}")).unwrap_or_default();
    format!("{}{hint}", error.message)
}
