//! What a person decides about a task: approve, reject, retry, stop.

use std::process::ExitCode;

use api::{Approve, SendBack, TaskView};

use super::look;
use crate::args::{Args, Reject, Retry, Reverted};
use crate::connect::Connection;
use crate::error::{Error, Result};
use crate::ui::Ui;

/// Approves, and waits for the merge.
pub(crate) fn approve(args: &Args, id: &str, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let task: TaskView = connection.client.post(
        &format!("/api/tasks/{}/approve", api::escaped(id)),
        &Approve::default(),
        None,
    )?;
    let task = until(&connection, task, |task| task.state != "waiting")?;
    if ui.json {
        ui.json(&task.result());
    }
    let reason = task.reason.clone().unwrap_or_default();
    if matches!(task.state.as_str(), "queued" | "running") {
        let how = if connection.is_own() {
            format!("It goes on with `sidekick attach {id}`, or when `sidekick serve` runs.")
        } else {
            "You are asked again when it is repaired.".into()
        };
        return Err(Error::failed(format!(
            "the work was approved, and is back with its agent, because it cannot be merged as it is; \
             `sidekick logs {id}` says why"
        ))
        .hint(how));
    }
    if task.state != "completed" {
        return Err(Error::failed(format!("the work was approved, and could not be merged: {reason}")));
    }
    ui.say(format!("{}: {reason}.", task.short));
    Ok(ExitCode::SUCCESS)
}

/// Sends back with a message, discards without.
pub(crate) fn reject(args: &Args, reject: &Reject, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let (path, id) = (format!("/api/tasks/{}", api::escaped(&reject.id)), &reject.id);
    let task: TaskView = match &reject.message {
        Some(comment) if !reject.discard => connection.client.post(
            &format!("{path}/send-back"),
            &SendBack { comment: comment.clone(), seen: None },
            None,
        )?,
        message => connection.client.post(
            &format!("{path}/reject"),
            &api::Reject { message: message.clone(), seen: None },
            None,
        )?,
    };
    tell(ui, &task);
    if task.state == "queued" {
        let how = if connection.is_own() {
            format!("It goes on with `sidekick attach {id}`, or when `sidekick serve` runs.")
        } else {
            "The agent goes on with your comment.".into()
        };
        ui.say(format!("{}: sent back. {how}", task.short));
    } else {
        ui.say(format!("{}: discarded.", task.short));
    }
    Ok(ExitCode::SUCCESS)
}

/// Tries afresh, or now.
pub(crate) fn retry(args: &Args, retry: &Retry, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let body = api::Retry { agent: retry.agent.clone() };
    let task: TaskView =
        connection.client.post(&format!("/api/tasks/{}/retry", api::escaped(&retry.id)), &body, None)?;
    tell(ui, &task);
    ui.say(format!("{}: queued for another run.", task.short));
    Ok(ExitCode::SUCCESS)
}

/// Notes that landed work was taken back.
pub(crate) fn reverted(args: &Args, reverted: &Reverted, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let body = api::Revert { message: reverted.message.clone() };
    let path = format!("/api/tasks/{}/reverted", api::escaped(&reverted.id));
    let task: TaskView = connection.client.post(&path, &body, None)?;
    tell(ui, &task);
    ui.say(format!("{}: noted. {} starts anew here in what it may do without you.", task.short, task.agent));
    Ok(ExitCode::SUCCESS)
}

/// Stops, and returns when everything of it is gone.
pub(crate) fn stop(args: &Args, id: &str, ui: &Ui) -> Result<ExitCode> {
    // A run whose daemon is gone has to be adopted to be stopped.
    let connection = Connection::open(args, crate::connect::Purpose::Work)?;
    let task: TaskView = connection.client.post(
        &format!("/api/tasks/{}/stop", api::escaped(id)),
        &serde_json::json!({}),
        None,
    )?;
    // Approved work leaves the merge queue at its next step, or has landed by then.
    let queued = task.waiting.as_ref().is_some_and(|waiting| waiting.on == "landing");
    let task = until(&connection, task, |task| !task.stopping && (!queued || task.state != "waiting"))?;
    tell(ui, &task);
    match task.reason.as_deref().filter(|_| queued) {
        Some(reason) => ui.say(format!("{}: {reason}.", task.short)),
        None => ui.say(format!("{}: stopped.", task.short)),
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits, woken by the task's events, until it is as wanted.
pub(super) fn until(
    connection: &Connection,
    mut task: TaskView,
    done: impl Fn(&TaskView) -> bool,
) -> Result<TaskView> {
    let mut stream = connection.client.follow(Some(&task.id), 0)?;
    loop {
        if done(&task) {
            return Ok(task);
        }
        if !matches!(stream.next(), Some(Ok(_))) {
            return Err(Error::failed("the daemon ended before it was done; look with `sidekick show`"));
        }
        task = connection.client.get(&format!("/api/tasks/{}", task.id))?;
    }
}

fn tell(ui: &Ui, task: &TaskView) {
    if ui.json {
        ui.json(&task.result());
    }
}
