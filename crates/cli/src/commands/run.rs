//! `sidekick run`: gives a task to an agent, and watches it.

use std::process::ExitCode;

use api::{CreateTask, TaskView};

use crate::args::{Args, Run};
use crate::connect::{Connection, Purpose};
use crate::error::{Error, Result};
use crate::show;
use crate::ui::{Tone, Ui, plain};

pub(crate) fn run(args: &Args, run: &Run, ui: &Ui) -> Result<ExitCode> {
    let scenario = match &run.scenario {
        Some(path) => Some(
            std::fs::read_to_string(path)
                .map_err(|error| Error::usage(format!("{}: {error}", path.display())))?,
        ),
        None => None,
    };
    let purpose = if run.detach { Purpose::Look } else { Purpose::Work };
    let connection = Connection::open(args, purpose)?;
    let body = CreateTask {
        text: run.text.clone(),
        repo: place(run.repo.as_deref(), run.project.as_deref())?,
        project: run.project.clone(),
        agent: run.agent.clone(),
        model: run.model.clone(),
        base: run.base.clone(),
        priority: run.priority,
        deadline: run.deadline.as_deref().map(super::set::when).transpose()?,
        after: run.after.clone(),
        scenario,
        isolation: run.isolation.clone(),
        kind: run.nature.kind.clone(),
        complexity: run.nature.complexity.clone(),
        gpu: run.nature.gpu.then_some(true),
        pipeline: run.pipeline.clone(),
        race: run.race.clone(),
        ..CreateTask::default()
    };
    let key = run.key.clone().unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
    let task: TaskView = connection.client.post("/api/tasks", &body, Some(&key))?;
    introduce(ui, &task, run);
    if !run.race.is_empty() {
        let racers: Vec<TaskView> =
            connection.client.get(&format!("/api/tasks/{}/race", api::escaped(&task.id)))?;
        for racer in &racers {
            ui.say(format!("{} does it as task {}", racer.agent, racer.short));
        }
        ui.say(format!("`sidekick race {}` shows them side by side.", task.short));
    }
    if run.detach {
        if ui.json {
            ui.json(&task.result());
        } else if connection.is_own() {
            ui.out("It is accepted and starts when `sidekick serve` runs.");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let task = watch(&connection, &task.id, 0, ui)?;
    if ui.json {
        ui.json(&task.result());
    } else if let Some(next) = show::next_steps(&task) {
        ui.out(format!("\n{next}"));
    }
    Ok(code(&task))
}

fn introduce(ui: &Ui, task: &TaskView, run: &Run) {
    ui.say(ui.tone(Tone::Dim, format!("task {} with {}, branch {}", task.short, task.agent, task.branch)));
    if let Some(found) = &task.found {
        ui.say(ui.tone(Tone::Dim, plain(found)));
    }
    if task.agent == "rehearsal" && run.agent.is_none() && run.scenario.is_none() {
        ui.say("No agent is installed and logged in, so this is a rehearsal: no model is called. See `sidekick agents`.");
    }
    if task.isolation == "none" {
        ui.say("This run is not isolated: its agent can do all that you can.");
    }
}

/// A path as the daemon, which stands elsewhere, understands it. Who names nothing and stands in no repository leaves it
/// to the text.
pub(super) fn place(repo: Option<&str>, project: Option<&str>) -> Result<Option<String>> {
    match repo {
        _ if project.is_some() => Ok(None),
        Some(repo) => located(repo).map(Some),
        None if in_a_repository() => located(".").map(Some),
        None => Ok(None),
    }
}

fn in_a_repository() -> bool {
    let here = std::path::absolute(".").unwrap_or_default();
    here.ancestors()
        .any(|dir| dir.join(".git").exists() || (dir.join("HEAD").is_file() && dir.join("objects").is_dir()))
}

/// A repository's address, or its absolute path.
pub(super) fn located(text: &str) -> Result<String> {
    if text.contains("://") || (text.contains(':') && !text.starts_with(['/', '.'])) {
        return Ok(text.to_owned());
    }
    let path = std::path::absolute(text).map_err(|error| Error::usage(format!("{text}: {error}")))?;
    if !path.exists() {
        return Err(Error::usage(format!("there is no {}; check the path", path.display())));
    }
    let path = path.canonicalize().unwrap_or(path);
    Ok(path.display().to_string())
}

/// Shows a task's events as they come until it needs nobody's machine any more; its state then.
pub(crate) fn watch(connection: &Connection, id: &str, after: i64, ui: &Ui) -> Result<TaskView> {
    let spinner = ui.spinner("queued");
    let mut stream = connection.client.follow(Some(id), after)?;
    loop {
        let task: TaskView = connection.client.get(&format!("/api/tasks/{}", api::escaped(id)))?;
        if is_over(&task) {
            // What was said on the way is in the log; the last of it may still be in the stream.
            spinner.finish_and_clear();
            return Ok(task);
        }
        let Some(event) = stream.next() else {
            spinner.finish_and_clear();
            return Err(Error::failed(
                "the daemon ended while the task was running; the task goes on by itself",
            )
            .hint(format!("Start `sidekick serve` and look with `sidekick show {}`.", task.short)));
        };
        let event =
            event.map_err(|error| Error::failed(format!("the stream of events broke off: {error}")))?;
        match event.kind.as_str() {
            "run.stage" => spinner.set_message(event.data["stage"].as_str().unwrap_or("running").to_owned()),
            "run.started" => spinner.set_message("preparing"),
            _ => {}
        }
        if let Some(line) = show::event(ui, &event) {
            spinner.suspend(|| ui.say(line));
        }
    }
}

pub(super) fn is_over(task: &TaskView) -> bool {
    match task.state.as_str() {
        "queued" | "running" => false,
        "waiting" => {
            task.waiting.as_ref().is_none_or(|waiting| !["retry", "landing"].contains(&waiting.on.as_str()))
        }
        _ => true,
    }
}

/// The exit code when a person has to answer something.
const WAITING: u8 = 3;

pub(super) fn code(task: &TaskView) -> ExitCode {
    match task.state.as_str() {
        "review" | "completed" => ExitCode::SUCCESS,
        // It is accepted, and starts by itself.
        "waiting" if task.waiting.as_ref().is_some_and(|waiting| waiting.on == "dependency") => {
            ExitCode::SUCCESS
        }
        "waiting" if task.waiting.as_ref().is_some_and(|waiting| waiting.on == "breakpoint") => {
            ExitCode::from(WAITING)
        }
        _ => ExitCode::from(1),
    }
}
