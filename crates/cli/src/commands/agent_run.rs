//! `sidekick agent-run`: asks an agent once and prints its answer, for scripts.
//!
//! It is a task as any other, marked to have one run: so it is contained, recorded and bounded as all are, and
//! what it changes is collected on a branch. What is said on the way goes to standard error.

use std::io::{IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use api::{AgentRunResult, CreateTask, Page, RunView, SendBack, TaskView};

use super::{demo, logs, run};
use crate::args::{AgentRun, Args};
use crate::connect::{Connection, Purpose};
use crate::error::{Error, Exit, Result};
use crate::interrupt::{Interrupt, Why};
use crate::places::Places;
use crate::ui::{Ui, plain};

/// The longest prompt, in bytes: what a request may have leaves room for it.
const MOST_PROMPT: u64 = 512 * 1024;

pub(crate) fn agent_run(args: &Args, asked: &AgentRun, ui: &Ui) -> Result<ExitCode> {
    let began = Instant::now();
    let prompt = prompt(asked)?;
    // Before there is a task: from here on nobody interrupts us without its being stopped.
    let interrupt = Interrupt::listen(asked.timeout.map(Duration::from_secs))?;
    let connection = Connection::open(args, Purpose::Work)?;
    let (task, after) = match &asked.resume {
        Some(session) => go_on(&connection, session, prompt)?,
        None => (begin(args, asked, prompt, &connection)?, 0),
    };
    interrupt.stops(&connection.client, &task.id);
    let before = task.attempt;
    let task = run::watch(&connection, &task.id, after, &ui.aside())?;
    let runs: Page<RunView> = connection.client.get(&format!("/api/tasks/{}/runs", task.id))?;
    // The run of this command, if it came to one.
    let latest = runs.items.first().filter(|run| run.outcome.is_some() && run.attempt > before);
    let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut result = AgentRunResult::new(&task, latest, took);
    let why = interrupt.why().filter(|_| task.state == "cancelled");
    match (why, asked.timeout) {
        (Some(Why::Late), Some(seconds)) => {
            result.outcome = "timed_out".into();
            result.reason = Some(format!("it was stopped after {seconds} s, the time given with --timeout"));
        }
        (Some(_), _) => result.reason = Some("it was interrupted".into()),
        (None, _) => {}
    }
    tell(&result, &task, ui);
    Ok(match (why, result.outcome.as_str()) {
        (Some(Why::Interrupted), _) => ExitCode::from(130),
        (None, "succeeded") => ExitCode::SUCCESS,
        _ => ExitCode::from(1),
    })
}

fn tell(result: &AgentRunResult, task: &TaskView, ui: &Ui) {
    if ui.json {
        ui.json(result);
    } else if let Some(text) = &result.text {
        ui.out(plain(text));
    }
    let aside = ui.aside();
    if result.outcome != "succeeded" {
        let reason = result.reason.as_deref().unwrap_or("it did not say why");
        aside.say(format!("{} {}: {}", result.agent, result.outcome, plain(reason)));
    }
    if let Some(branch) = &result.branch {
        aside.say(format!(
            "Its changes are on {branch}, not merged. Look: sidekick diff {0}  Merge: sidekick approve {0}",
            task.short
        ));
    }
}

/// What the agent is asked.
fn prompt(asked: &AgentRun) -> Result<String> {
    let text = match asked.prompt.as_deref() {
        Some(text) if text != "-" => text.to_owned(),
        None if std::io::stdin().is_terminal() => {
            return Err(Error::usage("there is no prompt; give it as an argument or on standard input"));
        }
        _ => {
            let mut text = String::new();
            let read = std::io::stdin().lock().take(MOST_PROMPT + 1).read_to_string(&mut text);
            read.map_err(|error| Error::usage(format!("the prompt on standard input: {error}")))?;
            text
        }
    };
    if text.trim().is_empty() {
        return Err(Error::usage("the prompt is empty"));
    }
    if text.len() as u64 > MOST_PROMPT {
        return Err(Error::usage(format!("the prompt is longer than {} kB", MOST_PROMPT >> 10))
            .hint("Put what is long into a file of the repository and name it."));
    }
    Ok(text)
}

fn begin(args: &Args, asked: &AgentRun, text: String, connection: &Connection) -> Result<TaskView> {
    let scenario = asked.scenario.as_ref().map(|path| {
        std::fs::read_to_string(path).map_err(|error| Error::usage(format!("{}: {error}", path.display())))
    });
    let wanted = asked.model.as_deref().unwrap_or_default();
    let (agent, model) = wanted.split_once('/').map_or((wanted, None), |(agent, model)| (agent, Some(model)));
    let body = CreateTask {
        text,
        repo: Some(match &asked.repo {
            Some(repo) => run::located(repo)?,
            None if in_repository()? => run::located(".")?,
            None => empty(&Places::open(args.data_dir.as_deref())?)?,
        }),
        agent: Some(agent.to_owned()),
        model: model.map(ToOwned::to_owned),
        scenario: scenario.transpose()?,
        isolation: asked.isolation.clone(),
        once: true,
        ..CreateTask::default()
    };
    let key = uuid::Uuid::now_v7().to_string();
    Ok(connection.client.post("/api/tasks", &body, Some(&key))?)
}

/// The task of an earlier agent-run, asked again; and its last event before.
fn go_on(connection: &Connection, session: &str, comment: String) -> Result<(TaskView, i64)> {
    let found: Page<TaskView> =
        connection.client.get(&format!("/api/tasks?limit=1&session={}", api::escaped(session)))?;
    let task = found.items.into_iter().next().ok_or_else(|| Error {
        exit: Exit::NotFound,
        message: format!("there is no session `{session}` of an earlier agent-run"),
        hint: Some("`--json` prints a session's id as `session`.".into()),
    })?;
    let after = logs::last_event(connection, &task.id)?;
    let path = format!("/api/tasks/{}/send-back", task.id);
    Ok((connection.client.post(&path, &SendBack { comment, seen: None }, None)?, after))
}

fn in_repository() -> Result<bool> {
    let here = std::env::current_dir()
        .map_err(|error| Error::usage(format!("the directory you stand in: {error}")))?;
    Ok(here.ancestors().any(|dir| dir.join(".git").exists()))
}

/// A repository with nothing in it, made once; every run gets a workspace of its own over it.
fn empty(places: &Places) -> Result<String> {
    let dir = places.data.join("agent-run/scratch");
    if !dir.join(".git").exists() {
        let next = dir.with_file_name(uuid::Uuid::now_v7().to_string());
        let failed = |error: std::io::Error| Error::failed(format!("{}: {error}", next.display()));
        std::fs::create_dir_all(&next).map_err(failed)?;
        let who = ["-c", "user.name=Sidekick", "-c", "user.email=sidekick@sidekick.invalid"];
        demo::git(&next, &["init", "-q", "-b", "main"])?;
        demo::git(&next, &[&who[..], &["commit", "-q", "--allow-empty", "-m", "Nothing yet"]].concat())?;
        // Somebody else may have made it meanwhile; theirs is as good.
        if put(&next, &dir).is_err() && !dir.join(".git").exists() {
            return Err(Error::failed(format!("{} cannot be made", dir.display())));
        }
    }
    Ok(dir.display().to_string())
}

fn put(next: &Path, dir: &Path) -> std::io::Result<()> {
    std::fs::rename(next, dir).inspect_err(|_| {
        std::fs::remove_dir_all(next).ok();
    })
}
